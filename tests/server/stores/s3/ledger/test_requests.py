"""The requests that usages and sweeps make to the engine: as many as changes ask for, however many blobs there are."""

import pytest

from storage_tui.server.stores.s3.store import S3Store
from tests.server.stores.engines import ALICE
from tests.server.stores.s3.ledger.changing import at
from tests.server.stores.s3.ledger.conftest import Servers, counted, listed

LIST = f"LIST blobs/{ALICE}/data/"
FEW, MANY = 30, 200  # the rows of these tests hold up to 8 blobs


async def fill(store: S3Store, count: int, storage_type: str = "data") -> None:
    for number in range(count):
        await store.put(at(f"f{number % 10}/k{number:03}", storage_type), b"x" * (number % 7))


async def lists(store: S3Store, prefix: str = "", delimiter: str = "/") -> int:
    """The lists of blobs that a usage takes; other requests are for the notes and the sums."""
    async with counted(store) as made:
        found = await store.usage(ALICE, "data", prefix=prefix, delimiter=delimiter)
    assert found == await listed(store, "data", prefix, delimiter)
    return made.count(LIST)


@pytest.mark.parametrize("count", [FEW, MANY])
async def test_a_usage_lists_what_has_changed_and_no_more(servers: Servers, count: int) -> None:
    store = await servers.start()
    await fill(store, count)
    assert await lists(store) >= count // 8
    await lists(store)  # this lists rows that are at the ends of folders, once
    for prefix, delimiter in (("", ""), ("", "/"), ("f1/", "/"), ("f1", "")):
        assert await lists(store, prefix, delimiter) <= 3
        assert await lists(store, prefix, delimiter) == 0
    await store.put(at("f3/k003"), b"overwritten")
    assert 1 <= await lists(store) <= 6
    await store.delete(at("f3/k003"))
    await store.put(at("f9/k999"), b"new")
    assert 1 <= await lists(store) <= 12
    assert await lists(store) == 0


async def test_the_requests_of_a_usage_without_changes_do_not_grow_with_blobs(servers: Servers) -> None:
    made_by_size = []
    for count in (FEW, MANY):
        store = await servers.start()
        await fill(store, count)
        await lists(store, delimiter="")
        fresh = await servers.start()
        async with counted(fresh) as made:
            assert (await fresh.usage(ALICE, "data")).count == count
        made_by_size.append(len(made))
    assert made_by_size[0] == made_by_size[1] <= 4, "a list, the migrations, the notes, the root"


@pytest.mark.parametrize("count", [FEW, MANY])
async def test_a_sweep_reads_what_goes_and_no_more(servers: Servers, count: int) -> None:
    store = await servers.start()
    await fill(store, count, "tmp")
    await store.sweep()  # the scan is over for a day
    async with counted(store) as made:
        assert await store.sweep() == 0
    assert len(made) <= 12 and not any("/tmp/" in one for one in made), made
    servers.clock.advance(hours=1)
    for number in range(5):
        await store.put(at(f"late{number}", "tmp"), b"x")
    await store._ledger.journal.flush()
    servers.clock.advance(days=6, hours=23, seconds=5)
    async with counted(store) as made:
        assert await store._ledger.sweep() == count
    about_blobs = [one for one in made if "/tmp/" in one and not one.startswith("LIST")]
    assert len(about_blobs) == 2 * count, "a HEAD and a DELETE for each that goes"
    assert len(made) - len(about_blobs) <= 12
