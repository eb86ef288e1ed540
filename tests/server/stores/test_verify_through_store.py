"""Any Store is verified through its own interface: all of it is read, and what is damaged is told."""

from storage_tui.server.upkeep.through_store import verify_through
from storage_tui.server.upkeep.verifying import Tally
from tests.server.stores.engines import ALICE, BOB, Stage, blob_files, random_bytes


async def test_all_blobs_of_the_users_are_read(stage: Stage) -> None:
    sizes = {"a": 0, "b": 10, "c/d": 70_000, "e": 1_000_000}
    for key, size_bytes in sizes.items():
        await stage.put(key, random_bytes(size_bytes))
    await stage.put("t", b"123", "tmp")
    stage.namespace = BOB
    await stage.put("b", b"12345")
    tally = Tally()
    assert [finding async for finding in verify_through(stage.store, (ALICE, BOB), tally)] == []
    assert (tally.blobs, tally.size_bytes) == (6, sum(sizes.values()) + 8)
    only_bob = Tally()
    assert [finding async for finding in verify_through(stage.store, (BOB,), only_bob)] == []
    assert only_bob.blobs == 1


async def test_damage_is_told_and_the_rest_is_read_on(local: Stage) -> None:
    for key in ("a", "b", "c"):
        await local.put(key, random_bytes(100_000))
    blob_files(local)[0].unlink()
    blob_files(local)[0].write_bytes(bytes(100_000))
    tally = Tally()
    found = [finding async for finding in verify_through(local.store, (ALICE,), tally)]
    assert [finding.kind for finding in found] == ["damaged", "damaged"]
    assert (tally.blobs, tally.is_good) == (3, False)
