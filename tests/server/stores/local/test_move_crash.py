"""kill -9 of the process that moves the blobs of a local store: each blob is whole and at exactly one place."""

import random
import subprocess
import sys
from itertools import islice
from pathlib import Path

import pytest

from storage_tui.server.stores.base import Address
from storage_tui.server.stores.local.store import LocalStore
from tests.effort import count
from tests.server.stores.engines import whole
from tests.server.stores.local import move_child as child

KILLS = count(3, 30, 200)
ROOT = Path(__file__).parents[3]
MOST_BATCHES = 60


def run_and_kill(data_dir: Path, run: int, most: int) -> int:
    """Kill a run after `most` acknowledged batches; return how many there were."""
    command = [sys.executable, "-m", "tests.server.stores.local.move_child", str(data_dir), str(run)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, cwd=ROOT) as process:
        assert process.stdout is not None
        batches = len(list(islice(process.stdout, most)))
        process.kill()
    assert process.returncode == -9
    return batches


async def check(store: LocalStore) -> None:
    found: dict[int, list[Address]] = {}
    for storage_type in dict.fromkeys(child.PLACES.values()):
        page = await store.list_page(child.NAMESPACE, storage_type, limit=1000)
        usage = await store.usage(child.NAMESPACE, storage_type)
        totals = await store.totals(child.NAMESPACE, storage_type)
        assert (usage.count, usage.size_bytes) == (totals.count, totals.size_bytes)
        for blob in page.blobs:
            address = Address(child.NAMESPACE, storage_type, blob.key)
            number = int(blob.key.partition("/")[2])
            found.setdefault(number, []).append(address)
            async with store.open(address) as reader:
                assert await whole(reader) == child.content(number)
    assert sorted(found) == list(range(child.BLOBS))
    assert all(len(places) == 1 for places in found.values())


@pytest.mark.slow
async def test_no_kill_loses_doubles_or_halves_a_blob_that_moves(tmp_path: Path) -> None:
    chance = random.Random()
    data_dir = tmp_path / "data"
    store = LocalStore(data_dir, reserve_bytes=0)
    await store.start()
    for number in range(child.BLOBS):
        await store.put(Address(child.NAMESPACE, "data", f"a/{number}"), child.content(number))
    await store.close()
    batches = 0
    for run in range(KILLS):
        batches += run_and_kill(data_dir, run, chance.randrange(1, MOST_BATCHES))
        store = LocalStore(data_dir, reserve_bytes=0)
        await store.start()
        try:
            await check(store)
            assert await store.find_orphans() == 0
        finally:
            await store.close()
    assert batches >= KILLS
