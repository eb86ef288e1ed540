"""The threads of a local store by purpose: what is stuck in one lane keeps no other waiting."""

import threading
from collections.abc import Iterator

import pytest

from storage_tui.server.stores.local.database.pool import Pool, submit
from storage_tui.server.stores.local.store import LocalStore
from tests.server.stores.engines import ALICE, Stage

MANY = 50  # more than any lane has threads


@pytest.fixture
def gate() -> Iterator[threading.Event]:
    """What holds up the work of a test; open at its end."""
    event = threading.Event()
    yield event
    event.set()


def pool_of(stage: Stage) -> Pool:
    assert isinstance(stage.store, LocalStore)
    return stage.store._pool


async def test_lists_and_sums_keep_no_read_and_no_write_waiting(local: Stage, gate: threading.Event) -> None:
    await local.put("k", b"x")
    for _ in range(MANY):
        submit(pool_of(local)._querying, gate.wait)
    await local.put("more", b"x" * 100_000)
    assert await local.get("k") == b"x"


async def test_uploads_and_slow_reads_keep_no_short_call_waiting(local: Stage, gate: threading.Event) -> None:
    await local.put("k", b"x")
    for _ in range(MANY):
        submit(pool_of(local).files, gate.wait)
        submit(pool_of(local).bytes, gate.wait)
    await local.put("more", b"x" * 200_000)
    assert (await local.store.stat(local.at("more"))).size_bytes == 200_000
    assert await local.get("k") == b"x"
    assert len((await local.store.list_page(ALICE, "data", limit=10)).blobs) == 2


async def test_the_sweep_quotas_and_metrics_wait_behind_no_user(local: Stage, gate: threading.Event) -> None:
    await local.put("k", b"x")
    assert isinstance(local.store, LocalStore)
    pool = pool_of(local)
    for lane in (pool._reading, pool.files, pool._querying):
        for _ in range(MANY):
            submit(lane, gate.wait)
    assert await local.store.sweep() == 0
    assert (await local.store.totals(ALICE, "data")).count == 1
    assert [held.count for held in (await local.store.overview()).types] == [1]
    await local.store.delete(local.at("k"))
