"""kill -9 of the process that runs a local store, under concurrent writers, again and again."""

import random
import subprocess
import sys
from collections.abc import Iterable, Sequence
from itertools import islice
from pathlib import Path

import pytest

from storage_tui.contract.errors import NotFoundError
from storage_tui.contract.wire import Span
from storage_tui.server.stores.local.store import LocalStore
from tests.effort import count
from tests.server.stores.engines import whole
from tests.server.stores.local import crash_child as child

KILLS = count(6, 100, 1000)
ROOT = Path(__file__).parents[3]
MOST_ACKS = 250  # a kill comes after so many acknowledged changes at most; some come while the store starts


def run_and_kill(data_dir: Path, run: int, chance: random.Random) -> list[list[str]]:
    """The acknowledgements of one run, cut off after a number of them that nobody can foresee."""
    command = [sys.executable, "-m", "tests.server.stores.local.crash_child", str(data_dir), str(run)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT) as process:
        assert process.stdout is not None
        lines = list(islice(process.stdout, chance.randrange(MOST_ACKS)))
        process.kill()
        lines += process.stdout.readlines()
    assert process.returncode == -9
    return parse(lines)


def parse(lines: Iterable[str]) -> list[list[str]]:
    """The acknowledgements in the lines, but for a last one that was cut off."""
    return [line.split() for line in lines if line.endswith("\n")]


async def read(store: LocalStore, key: str) -> bytes | None:
    try:
        async with store.open(child.at(key)) as reader:
            return await whole(reader)
    except NotFoundError:
        return None


def last_steps(acks: Iterable[list[str]]) -> dict[int, int]:
    """The last acknowledged step of each worker, -1 where there was none."""
    last = dict.fromkeys(range(len(child.WORKERS)), -1)
    for worker, step in ((int(ack[0]), int(ack[1])) for ack in acks if ack[0] != child.LONG):
        assert step == last[worker] + 1
        last[worker] = step
    return last


async def check_workers(store: LocalStore, run: int, acks: list[list[str]], doubtful: Sequence[list[str]] = ()) -> None:
    """Each key holds its last acknowledged step, or one after that: the doubtful ones, and the one under way."""
    reached = last_steps([*acks, *doubtful])
    for worker, acked in last_steps(acks).items():
        states: dict[str, list[bytes | None]] = {child.key_of(run, worker, slot): [None] for slot in range(child.SLOTS)}
        for step in range(reached[worker] + 2):
            state = None if child.is_delete(step) else child.content(run, worker, step)
            key = child.key_of(run, worker, step)
            states[key] = [state] if step <= acked else [*states[key], state]
        for key, allowed in states.items():
            assert await read(store, key) in allowed, f"{key} after step {acked}"


async def check_long_upload(store: LocalStore, run: int, acks: Iterable[list[str]]) -> None:
    """The session is where it was told to be or further, its bytes are right, and nothing of it was visible."""
    told = [(ack[1], int(ack[2])) for ack in acks if ack[0] == child.LONG]
    if not told:
        return
    upload_id, offset = told[-1]
    key = f"{run}/{child.LONG}"
    assert await read(store, key) is None
    async with store.write_upload(upload_id) as writer:
        assert writer.offset >= offset
        pieces = -(-writer.offset // child.PIECE_BYTES)
        expected = b"".join(child.long_piece(run, step) for step in range(pieces))[: writer.offset]
        await writer.finish()
    assert await read(store, key) == expected


@pytest.mark.slow
async def test_no_kill_loses_or_halves_a_blob(tmp_path: Path) -> None:
    chance = random.Random()
    data_dir = tmp_path / "data"
    acknowledged = 0
    for run in range(KILLS):
        acks = run_and_kill(data_dir, run, chance)
        acknowledged += len(acks)
        store = LocalStore(data_dir, reserve_bytes=0)
        await store.start()
        try:
            await check_workers(store, run, acks)
            await check_long_upload(store, run, acks)
            await store.find_orphans()
            assert [path for path in (data_dir / "uploads").iterdir() if not path.name.endswith(".part")] == []
        finally:
            await store.close()
    assert acknowledged > KILLS
    await check_everything(data_dir)


async def check_everything(data_dir: Path) -> None:
    """At last every blob that is listed can be read whole: its size and checksum are checked by the reading."""
    store = LocalStore(data_dir, reserve_bytes=0)
    await store.start()
    try:
        after: str | None = ""
        while after is not None:
            page = await store.list_page(child.NAMESPACE, "data", after=after, limit=1000)
            for blob in page.blobs:
                async with store.open(child.at(blob.key)) as reader:
                    assert blob.size_bytes is not None
                    async for _ in reader.chunks(Span(0, blob.size_bytes)):
                        pass
            after = page.next_token
    finally:
        await store.close()
