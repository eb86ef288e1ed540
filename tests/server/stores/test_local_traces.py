"""What deletes and ended uploads leave in a local store is bounded for each user."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import apsw
import pytest

from storage_tui.contract.errors import NotFoundError
from storage_tui.server.stores.base import Address
from storage_tui.server.stores.local.database.audit import open_audit
from storage_tui.server.stores.local.room import TraceBounds
from storage_tui.server.stores.local.store import LocalStore
from storage_tui.server.stores.totals import Ceiling
from tests.server.stores.engines import ALICE, BOB, Stage, local_row
from tests.server.stores.older import WITHOUT_TRACES


def rows(data_dir: Path, select: str) -> list[Any]:
    connection = apsw.Connection(str(data_dir / "meta.db"), flags=apsw.SQLITE_OPEN_READONLY)
    try:
        return connection.execute(select).fetchall()
    finally:
        connection.close()


def only_alice(namespace: str, storage_type: str) -> Ceiling | None:
    return Ceiling(1_000_000) if namespace == ALICE else None


@pytest.fixture
async def local(tmp_path: Path) -> AsyncIterator[Stage]:
    """A local store that keeps little of what a user did."""
    bounds = TraceBounds(ended_uploads=20, log_bytes=100_000)
    started = Stage(local_row(reserve_bytes=0, traces=bounds), tmp_path)
    await started.start()
    yield started
    await started.store.close()


async def end_uploads(stage: Stage, count: int) -> list[str]:
    """Uploads that were cancelled and finished, in turns."""
    ended = []
    for number in range(count):
        session = await stage.store.create_upload(stage.at(f"k{number % 7}"))
        if number % 2:
            await stage.store.cancel_upload(session.upload_id)
        else:
            async with stage.store.write_upload(session.upload_id) as writer:
                await writer.finish()
        ended.append(session.upload_id)
        stage.clock.advance(seconds=1)
    return ended


async def test_of_ended_uploads_the_last_ones_are_known(local: Stage) -> None:
    left_open = await local.store.create_upload(local.at("open"))
    local.namespace = BOB
    of_bob = await end_uploads(local, 1)
    local.namespace = ALICE
    ended = await end_uploads(local, 60)
    assert rows(local.path / "data", "SELECT count(*) FROM uploads") == [(20 + 2,)]
    for upload_id in (left_open.upload_id, of_bob[0], *ended[-20:]):
        assert (await local.store.find_upload(upload_id)).upload_id == upload_id
    with pytest.raises(NotFoundError):
        await local.store.find_upload(ended[0])


async def test_the_log_of_a_limited_user_keeps_the_last_deletes_and_tells_of_the_others(local: Stage) -> None:
    assert isinstance(local.store, LocalStore)
    local.store.obey(only_alice)
    for namespace in (ALICE, BOB):
        local.namespace = namespace
        for start in range(0, 1000, 100):
            keys = [f"k{number:04}" for number in range(start, start + 100)]
            for key in keys:
                await local.put(key, b"")
            await local.store.delete(local.at(keys[0]))
            await local.store.delete_many(namespace, "data", [(key, None) for key in keys[1:]])
    log = open_audit(local.path / "data")
    kept = [entry.key for entry in log.entries(namespace=ALICE)]
    dropped = log.dropped()
    assert kept == [f"k{number:04}" for number in range(dropped[ALICE], 1000)]
    assert 300 < len(kept) < 600
    assert set(dropped) == {ALICE} and not log.dropped(BOB)
    assert len(list(log.entries(namespace=BOB))) == 1000, "without a quota nothing is limited"


async def test_a_store_of_an_older_program_counts_what_was_left_before(local: Stage) -> None:
    await end_uploads(local, 4)
    await local.store.delete(local.at("k0"))
    counted = rows(local.path / "data", "SELECT * FROM traces WHERE kind NOT LIKE 'gone.%' ORDER BY kind")
    await local.store.close()
    connection = apsw.Connection(str(local.path / "data" / "meta.db"))
    connection.execute(WITHOUT_TRACES)
    connection.close()
    await local.start()
    assert rows(local.path / "data", "SELECT * FROM traces WHERE kind NOT LIKE 'gone.%' ORDER BY kind") == counted
    assert [(row[1], row[2]) for row in counted] == [("audit", 1), ("uploads", 4)]


async def test_the_counters_go_down_with_what_expires(local: Stage) -> None:
    await end_uploads(local, 4)
    await local.store.delete(Address(ALICE, "data", "k0"))
    for days in (15, 15, *[20] * 20):  # a longer step of the clock would not be believed
        local.clock.advance(days=days)
        await local.store.sweep()
    assert [row[2:4] for row in rows(local.path / "data", "SELECT * FROM traces")] == [(0, 0), (0, 0), (0, 0)]
