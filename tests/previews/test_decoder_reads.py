"""A job that reads the blob through its parent: within the budget, and with an end for whoever lies or hangs."""

import asyncio
import io
import os
import signal
import time
import zipfile
import zlib
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import psutil
import pytest
import pytest_asyncio

from storage_tui.contract.errors import PreconditionFailedError
from storage_tui.previews.base import KIB, MIB, Budget, BudgetError, LimitError, Source
from storage_tui.previews.decoding import frames, limits
from storage_tui.previews.decoding.children import Child
from storage_tui.previews.decoding.decoder import Decoder
from storage_tui.previews.decoding.ranged_file import MOST_BYTES, PAGE_BYTES, RangedFile, RefusedError
from tests import wanted
from tests.previews.ranges import Ranges, Read
from tests.previews.samples import encoded

PICTURE = {"job": "picture", "formats": ["PNG"], "columns": 12, "rows": 8}
NOISE = os.urandom(3 * MIB + 17)


@pytest_asyncio.fixture(loop_scope="module")
async def decoder() -> AsyncIterator[Decoder]:
    """A decoder with the jobs of `reading_jobs`."""
    made = Decoder("tests.previews.reading_jobs")
    yield made
    await made.close()


@dataclass
class Gate(Ranges):
    """A storage that answers after `opened` is set."""

    was_asked: asyncio.Event = field(default_factory=asyncio.Event)
    opened: asyncio.Event = field(default_factory=asyncio.Event)

    async def read_range(self, key: str, storage_type: str = "data", **range_: object) -> Read:
        self.was_asked.set()
        await self.opened.wait()
        return await super().read_range(key, storage_type, **range_)


def source_of(ranges: Ranges, requests: int = 20, size_bytes: int = 8 * MIB) -> Source:
    source = ranges.source()
    source.begin()
    source.allow(Budget(requests, size_bytes))
    return source


async def child_of(decoder: Decoder) -> psutil.Process:
    """The one child of the process."""
    [child] = psutil.Process(decoder.process_id).children()
    return child


async def until_gone(process: psutil.Process) -> None:
    await asyncio.to_thread(process.wait, 60)


async def still_works(decoder: Decoder) -> None:
    told, _ = await decoder.decode(PICTURE, encoded("PNG"))
    assert told["width"] == 12


async def test_a_job_reads_the_whole_blob_through_its_parent(decoder: Decoder) -> None:
    ranges = Ranges.of(NOISE)
    told, content = await decoder.decode({"job": "whole"}, b"head", source=source_of(ranges))
    assert told == {"crc": zlib.crc32(NOISE)} and content == b"head"
    assert len(ranges.asked) == 4  # a mebibyte a request


async def test_a_blob_of_unknown_size_is_read_too(decoder: Decoder) -> None:
    source = Ranges.of(NOISE).source(knows_size=False)
    source.begin()
    source.allow(Budget(20, 8 * MIB))
    told, _ = await decoder.decode({"job": "whole"}, b"", source=source)
    assert told == {"crc": zlib.crc32(NOISE)}


async def test_small_reads_in_order_are_read_ahead_in_ever_larger_ranges(decoder: Decoder) -> None:
    ranges = Ranges.of(NOISE)
    told, _ = await decoder.decode({"job": "front"}, b"", source=source_of(ranges))
    assert told == {"crc": zlib.crc32(NOISE[:1_000_000])}
    sizes = [stop - start for start, stop in ranges.asked]
    assert sizes == [128 * KIB, 256 * KIB, 512 * KIB, 1024 * KIB]


async def test_a_part_that_was_read_before_costs_nothing(decoder: Decoder) -> None:
    ranges = Ranges.of(NOISE[: 100 * KIB])
    source = source_of(ranges)
    await source.head()
    told, _ = await decoder.decode({"job": "whole"}, b"", source=source)
    assert told == {"crc": zlib.crc32(NOISE[: 100 * KIB])} and len(ranges.asked) == 1


async def test_zipfile_reads_through_the_parent(decoder: Decoder) -> None:
    output = io.BytesIO()
    with zipfile.ZipFile(output, "w") as archive:
        archive.writestr("noise", NOISE)
        archive.writestr("last.txt", "the last one")
    ranges = Ranges.of(output.getvalue())
    told, _ = await decoder.decode({"job": "zipped"}, b"", source=source_of(ranges, requests=2, size_bytes=256 * KIB))
    assert told == {"names": ["noise", "last.txt"], "last": "the last one"}


async def test_h5py_reads_through_the_parent(decoder: Decoder) -> None:
    h5py = wanted.module("h5py")
    output = io.BytesIO()
    with h5py.File(output, "w") as file:
        file["large"] = range(1_000_000)
        file["small"] = [1, 2, 7]
    told, _ = await decoder.decode({"job": "hdf5"}, b"", source=source_of(Ranges.of(output.getvalue())))
    assert told == {"large": [1_000_000, 999_999], "small": [3, 7]}


@pytest.mark.parametrize(
    ("job", "budget", "reason"),
    [
        ("front", Budget(20, 512 * KIB), "needs more than 524 kB to be read"),
        ("front", Budget(3, 8 * MIB), "needs more than 3 reads"),
        ("whole", Budget(20, 512 * KIB), "needs more than 524 kB to be read"),
        ("swallow", Budget(2, 8 * MIB), "needs more than 2 reads"),
        ("swallow", Budget(20, MIB), "needs more than 1.0 MB to be read"),
    ],
)
async def test_a_spent_budget_is_the_reason_and_no_damage(
    decoder: Decoder, job: str, budget: Budget, reason: str
) -> None:
    ranges = Ranges.of(NOISE)
    with pytest.raises(BudgetError) as refused:
        await decoder.decode({"job": job}, b"", source=source_of(ranges, budget.requests, budget.size_bytes))
    assert str(refused.value) == reason
    assert len(ranges.asked) <= budget.requests
    assert sum(stop - start for start, stop in ranges.asked) <= budget.size_bytes
    await still_works(decoder)


async def test_a_blob_that_was_overwritten_in_between_is_the_error_of_the_client(decoder: Decoder) -> None:
    ranges = Ranges.of(NOISE)
    source = source_of(ranges)
    await source.head()
    ranges.etag = "second"
    with pytest.raises(PreconditionFailedError):
        await decoder.decode({"job": "whole"}, b"", source=source)
    await still_works(decoder)


async def test_a_job_cancelled_while_it_reads_leaves_no_child(decoder: Decoder) -> None:
    gate = Gate.of(NOISE)
    task = asyncio.create_task(decoder.decode({"job": "whole"}, b"", source=source_of(gate)))
    await gate.was_asked.wait()
    child = await child_of(decoder)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await until_gone(child)
    await still_works(decoder)


async def test_a_newer_job_ends_one_that_reads_which_then_begins_again(decoder: Decoder) -> None:
    gate = Gate.of(NOISE)
    task = asyncio.create_task(decoder.decode({"job": "whole"}, b"", source=source_of(gate)))
    await gate.was_asked.wait()
    child = await child_of(decoder)
    await still_works(decoder)
    await until_gone(child)
    gate.opened.set()
    told, _ = await task
    assert told == {"crc": zlib.crc32(NOISE)}
    assert len(gate.asked) == 4  # what came for the first child is not asked for again


async def test_a_child_ends_with_its_loop(decoder: Decoder) -> None:
    gate = Gate.of(NOISE)
    task = asyncio.create_task(decoder.decode({"job": "whole"}, b"", source=source_of(gate)))
    await gate.was_asked.wait()
    child = await child_of(decoder)
    os.kill(decoder.process_id or 0, signal.SIGKILL)
    await until_gone(child)
    gate.opened.set()
    with pytest.raises(LimitError, match="the decoder ended"):
        await task
    await still_works(decoder)


async def test_a_child_that_is_killed_while_it_waits_is_told(decoder: Decoder) -> None:
    gate = Gate.of(NOISE)
    task = asyncio.create_task(decoder.decode({"job": "whole"}, b"", source=source_of(gate)))
    await gate.was_asked.wait()
    child = await child_of(decoder)
    child.send_signal(signal.SIGTERM)
    await until_gone(child)
    gate.opened.set()
    with pytest.raises(LimitError, match="the decoder ended without a result"):
        await task
    await still_works(decoder)


async def test_a_library_that_does_not_load_is_the_reason(decoder: Decoder) -> None:
    with pytest.raises(LimitError, match="does not work here: libhdf5"):
        await decoder.decode({"job": "broken"}, b"", source=source_of(Ranges.of(NOISE)))
    await still_works(decoder)


async def test_a_child_that_crashes_is_told(decoder: Decoder) -> None:
    with pytest.raises(LimitError, match="the decoder ended without a result"):
        await decoder.decode({"job": "dies"}, b"", source=source_of(Ranges.of(NOISE)))
    await still_works(decoder)


@pytest.mark.slow
async def test_a_child_that_does_nothing_is_ended(decoder: Decoder) -> None:
    with pytest.raises(LimitError, match="took longer than 5 s to decode"):
        await decoder.decode({"job": "hangs"}, b"", source=source_of(Ranges.of(NOISE)))
    await still_works(decoder)


async def test_a_job_that_reads_opens_no_file_of_this_machine(decoder: Decoder, tmp_path: Path) -> None:
    path = tmp_path / "secret"
    path.write_text("secret")
    with pytest.raises(Exception, match="Too many open files"):
        await decoder.decode({"job": "opens", "path": str(path)}, b"", source=source_of(Ranges.of(NOISE)))


LIES: list[list[object]] = [
    [[-1, 1, 1]],
    [[0, len(NOISE) + 1, len(NOISE) + 1]],
    [[len(NOISE), len(NOISE) + 1, len(NOISE) + 1]],
    [[5, 5, 5]],
    [[9, 5, 5]],
    [[0, 10, 5]],
    [[0, MOST_BYTES + 1, MOST_BYTES + 1]],
    [[0, 1, 2 * MOST_BYTES]],
    [[0, 1]],
    [["0", "1", "1"]],
    [[0.0, 1.0, 1.0]],
    [[False, True, True]],
    [[1 << 80, 1 << 81, 1 << 81]],
    [None],
    [{}],
    [[0, 1, 1], [0, 1, 1]],
]


async def test_a_child_that_asks_for_what_no_child_asks_for_is_ended(decoder: Decoder) -> None:
    for needs in LIES:
        ranges = Ranges.of(NOISE)
        with pytest.raises(LimitError, match="the decoder ended without a result"):
            await decoder.decode({"job": "asks", "needs": needs}, b"", source=source_of(ranges))
        assert len(ranges.asked) <= 1
    await still_works(decoder)


async def test_a_child_that_asks_without_end_is_ended(decoder: Decoder) -> None:
    ranges = Ranges.of(NOISE)
    with pytest.raises(LimitError, match=r"asks for more than 1,024 ranges|took longer|of work"):
        await decoder.decode({"job": "endless"}, b"", source=source_of(ranges))
    assert len(ranges.asked) == 1
    await still_works(decoder)


NO_FRAMES = [
    b"", b"\0", frames.pack(0, {"a": 1}, b"")[:-1], frames.HEADER.pack(0, 9, 0) + b"[" * 9,
    frames.HEADER.pack(0, 400_000, 0) + b"[" * 400_000, frames.HEADER.pack(0, 2, 0) + b"[]", b"\xff" * 4096,
]  # fmt: skip


async def test_a_child_that_says_no_frame_is_ended(decoder: Decoder) -> None:
    for content in NO_FRAMES:
        with pytest.raises(LimitError, match="the decoder ended without a result"):
            await decoder.decode({"job": "says"}, content, source=source_of(Ranges.of(NOISE)))
    await still_works(decoder)


async def test_a_giant_frame_is_not_taken(decoder: Decoder) -> None:
    with pytest.raises(LimitError, match="the decoder ended without a result"):
        await decoder.decode({"job": "giant"}, b"", source=source_of(Ranges.of(NOISE)))
    await still_works(decoder)


async def test_an_event_loop_that_was_busy_for_long_does_not_lose_the_answer(
    decoder: Decoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The clock leaps while the child works, as when the event loop was held up or the machine slept."""
    loop, late = asyncio.get_running_loop(), 0.0
    monkeypatch.setattr(loop, "time", lambda: time.monotonic() + late)

    def leap(turns: int) -> None:
        nonlocal late
        if turns:
            loop.call_soon(leap, turns - 1)
        else:
            late += 1000.0

    class Leaping(Ranges):
        async def read_range(self, key: str, storage_type: str = "data", **range_: object) -> Read:
            loop.call_soon(leap, 8)  # when the decoder waits for the child again
            return await super().read_range(key, storage_type, **range_)

    told, _ = await decoder.decode({"job": "whole"}, b"", source=source_of(Leaping.of(NOISE)))
    assert told == {"crc": zlib.crc32(NOISE)} and late


@pytest.fixture
def child(monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Child, Callable[[float], None], int]]:
    """A child of 100 bytes without a process, a clock to move, and the end of the pipe that the child writes to."""
    now = 1000.0

    def move(seconds: float) -> None:
        nonlocal now
        now += seconds

    monkeypatch.setattr(time, "monotonic", lambda: now)
    reading, writing = os.pipe()
    taking, feeding = os.pipe()
    os.set_blocking(reading, False)
    os.set_blocking(feeding, False)
    yield Child(1, 0, reading, feeding, 100, _since=now), move, writing
    for end in (reading, writing, taking, feeding):
        os.close(end)


def test_the_time_of_waiting_for_the_network_is_no_work(child: tuple[Child, Callable[[float], None], int]) -> None:
    made, move, writing = child
    move(2)
    os.write(writing, frames.pack(0, {"need": [0, 1, 1]}, b""))
    assert not made.drain() and made.take() is not None
    assert made.seconds_left == limits.NETWORK_SECONDS
    move(limits.WALL_SECONDS * 4)
    assert made.seconds_left == limits.NETWORK_SECONDS - limits.WALL_SECONDS * 4
    made.give({"part": True}, b"x")
    assert made.seconds_left == limits.WALL_SECONDS - 2
    assert "to decode" in made.late()["error"]


def test_waiting_for_the_network_has_an_end_of_its_own(child: tuple[Child, Callable[[float], None], int]) -> None:
    made, move, writing = child
    for _ in range(3):
        os.write(writing, frames.pack(0, {"need": [0, 1, 1]}, b""))
        assert not made.drain() and made.take() is not None
        move(limits.NETWORK_SECONDS / 3)
        if made.seconds_left:
            made.give({"part": True}, b"x")
    assert made.seconds_left <= 0
    assert made.late()["error"] == "the storage took longer than 120 s to answer"


def test_a_part_for_a_child_that_does_not_take_it_waits_in_the_loop(
    child: tuple[Child, Callable[[float], None], int],
) -> None:
    made, _, writing = child
    os.write(writing, frames.pack(0, {"need": [0, 1, 1]}, b""))
    assert not made.drain() and made.take() is not None
    made.give({"part": True}, bytes(MIB))
    assert len(made.pending) > MIB // 2
    made.give({"part": True}, bytes(MIB))  # not asked for
    assert len(made.pending) < MIB + KIB


def test_a_file_reads_like_a_file() -> None:
    content = os.urandom(5 * PAGE_BYTES + 100)
    asked = []

    def ask(start: int, stop: int, most: int) -> bytes:
        asked.append((start, stop, most))
        assert 0 <= start < stop <= most <= len(content) and most - start <= MOST_BYTES
        return content[start:most]

    file, plain = RangedFile(len(content), 1 << 30, ask), io.BytesIO(content)
    for offset, whence in [(0, 0), (7, 0), (-10, 2), (PAGE_BYTES - 3, 0), (5, 1), (0, 2), (10, 2), (1 << 40, 0)]:
        assert file.seek(offset, whence) == plain.seek(offset, whence)
        for size in (0, 1, 10, PAGE_BYTES, PAGE_BYTES + 1, -1):
            assert file.read(size) == plain.read(size)
            assert file.tell() == plain.tell()
        plain.seek(min(plain.tell(), 3 * PAGE_BYTES))
        file.seek(plain.tell())
    assert io.BufferedReader(file).seekable()
    with pytest.raises(ValueError, match="negative"):
        file.seek(-1)
    assert RangedFile(0, 0, ask).read() == b""


def test_one_read_of_more_than_the_budget_asks_for_nothing() -> None:
    file = RangedFile(1 << 40, MIB, lambda start, stop, most: pytest.fail("asked"))
    with pytest.raises(RefusedError, match=r"needs more than 1\.0 MB to be read"):
        file.read(MIB + 1)
    assert file.refused


def test_a_file_that_became_shorter_is_refused_and_no_endless_loop() -> None:
    file = RangedFile(1000, MIB, lambda start, stop, most: b"short")
    with pytest.raises(RefusedError, match="fewer bytes"):
        file.read(10)
