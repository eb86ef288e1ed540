"""The storage types at the side and in one line: figures, gauges, bookmarks, recent places, clicks."""

from datetime import UTC, datetime, timedelta
from typing import Any

from storage_tui import Storage
from storage_tui.contract.keys import Location
from storage_tui.contract.models import QuotaUse, Usage, UserQuotas
from storage_tui.tui.look.gauges import bar, expiry_gauge, quota_gauge
from storage_tui.tui.look.type_tabs import TabLine

NOW = datetime(2026, 5, 1, tzinfo=UTC)
FIGURES: dict[str, Usage | str] = {
    "data": Usage("", 1867, 110_000_000), "tmp": Usage("", 0, 0), "products": "not for this token",
}  # fmt: skip


def test_a_bar_is_full_only_when_all_is_used() -> None:
    assert [bar(share) for share in (0, 0.001, 0.5, 0.999, 1, 7)] == [
        "──────", "━─────", "━━━───", "━━━━━─", "━━━━━━", "━━━━━━",
    ]  # fmt: skip


def test_gauges_say_the_nearer_limit_and_the_time_of_the_oldest_blob() -> None:
    gauge = quota_gauge(Usage("", 9, 50), QuotaUse("data", size_bytes=100, count=10))
    assert gauge is not None and gauge.plain == "━━━━━─ 90% of 10 blobs"
    assert quota_gauge(Usage("", 9, 50), QuotaUse("data")) is None
    aged = Usage("", 1, 5, oldest=NOW - timedelta(days=6, hours=12))
    first = expiry_gauge("tmp", aged, NOW)
    assert first is not None and first.plain == "━───── first in 12h 00m"
    assert expiry_gauge("data", aged, NOW) is None and expiry_gauge("tmp", Usage("", 0, 0), NOW) is None
    past = expiry_gauge("tmp", Usage("", 1, 5, oldest=NOW - timedelta(days=9)), NOW)
    assert past is not None and "expired" in past.plain


def test_the_line_of_tabs_fits_every_width() -> None:
    for width in range(1, 150):
        line = TabLine.of("data", FIGURES, UserQuotas(), "kept until deleted", NOW, width=width)
        assert line.content.cell_length <= width
        if width >= 60:
            assert all(name in line.content.plain for name in ("▌1 data", "2 tmp", "5 logs"))
            for name in ("data", "tmp", "products", "result", "logs"):
                assert line.types[line.content.plain.index(name)] == name
        assert ("kept until deleted" in line.content.plain) == (width >= 85)
        assert ("not for this token" in line.content.plain) == (width >= 111)


async def test_below_140_columns_the_types_are_tabs_in_one_line(store: Storage, browse: Any) -> None:
    store.set("a/x", b"x" * 1000)
    store.set("t", b"x" * 500, storage_type="tmp")
    async with browse("data:a/", size=(120, 30)) as browser:
        await browser.shows("1 · 1.0 kB  kept until deleted")
        await browser.shows("2 tmp 500 B")
        await browser.shows("kind")
        rows = browser.text.splitlines()
        assert "▌1 data" in rows[1] and "name" in rows[2] and rows[2].rstrip().endswith("▏ x")  # one baseline
        await browser.pilot.click("#types", offset=(rows[1].index("tmp"), 0))
        await browser.until(lambda: browser.main.place.location == Location("tmp"))
        await browser.shows("first in 6d 23h")


async def test_from_140_columns_on_the_side_has_bookmarks_and_recent_places(store: Storage, browse: Any) -> None:
    store.set("a/b/x", "x")
    store.set("t", "x", storage_type="tmp")
    async with browse("data:a/b/", size=(160, 40)) as browser:
        await browser.shows("kept until deleted")
        assert "storage types" in browser.text.splitlines()[1]
        await browser.press("m", "q")
        await browser.shows("q data:a/b/")
        await browser.press("2")
        await browser.shows("first in 6d 23h")
        await browser.until(lambda: "recent" in browser.text and "   tmp  " in browser.text)
        y = next(at for at, row in enumerate(browser.text.splitlines()) if "q data:a/b/" in row)
        await browser.pilot.click("#types", offset=(6, y - 1))
        await browser.until(lambda: browser.main.place.location == Location("data", "a/b/"))
