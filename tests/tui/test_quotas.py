"""What a quota leaves stands beside the open storage type; what it refuses is said in full."""

from typing import Any

from storage_tui import Storage
from storage_tui.contract.models import QuotaUse
from storage_tui.server.quotas.limits import change_limits
from storage_tui.server.stores.local.records import LocalRecords
from tests.server.running import RunningServer


async def test_the_sidebar_tells_how_much_of_the_quota_is_used(server: RunningServer, browse: Any) -> None:
    token = server.token("limited")
    changes: dict[tuple[str, ...], int | str | None] = {
        ("types", "data", "bytes"): 1000, ("types", "tmp", "blobs"): 1, ("types", "tmp", "bytes"): 10_000,
    }  # fmt: skip
    change_limits(LocalRecords(server.data_dir), "limited", changes)
    quotas: tuple[QuotaUse, ...] = ()
    while not quotas:  # until the running server has noticed
        with Storage(server.url, token=token) as storage:
            quotas = storage.describe().user.quotas
    with Storage(server.url, token=token) as storage:
        storage.set("a", b"x" * 340)
        storage.set("b", b"x", "tmp")
    async with browse(token=token) as browser:
        await browser.shows("34% of 1.0 kB")
        assert "100% of" not in browser.text
        await browser.press("2")
        await browser.shows("100% of 1 blob")
        assert "34% of 1.0 kB" not in browser.text
    async with browse(token=token, size=(160, 40)) as browser:  # with room, every type has its rule and its gauge
        await browser.shows("━━──── 34% of 1.0 kB")
        await browser.shows("━━━━━━ 100% of 1 blob")
        await browser.shows("expires after 7 days")
