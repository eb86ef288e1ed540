"""What every Store promises of the parts of an upload session: each durable by itself, joined without a second copy."""

import asyncio
import contextlib
from collections.abc import Sequence

import pytest

from storage_tui.contract import checksum
from storage_tui.contract.errors import (
    BadRequestError,
    CancelledError,
    ChecksumError,
    ConflictError,
    NotFoundError,
    StorageError,
)
from storage_tui.contract.wire import PART_QUANTUM, Span
from storage_tui.server.stores.base import UploadPart
from storage_tui.server.stores.totals import Counting
from tests.server.stores.engines import Stage, random_bytes

MIB = 1024 * 1024
SIZE = 2 * PART_QUANTUM + 5 * MIB + 7
SPANS = (Span(0, PART_QUANTUM), Span(PART_QUANTUM, 2 * PART_QUANTUM), Span(2 * PART_QUANTUM, SIZE))
CONTENT = random_bytes(SIZE)
CRC32C = checksum.encode(checksum.extend(0, CONTENT))


async def begin(stage: Stage, size_bytes: int | None = SIZE, key: str = "k") -> str:
    return (await stage.store.create_upload(stage.at(key), size_bytes=size_bytes)).upload_id


async def send(stage: Stage, upload_id: str, part: Span, start: int | None = None, stop: int | None = None) -> int:
    async with stage.store.write_part(upload_id, part) as writer:
        position = writer.offset
        assert start is None or position == start
        end = part.stop if stop is None else stop
        while position < end:
            step = min(position + 700_001, end)
            await writer.write(CONTENT[position:step])
            position = step
        return await writer.checkpoint()


async def finish(stage: Stage, upload_id: str) -> None:
    async with stage.store.write_upload(upload_id) as writer:
        assert writer.offset == SIZE
        blob = await writer.finish(size_bytes=SIZE, crc32c=CRC32C)
    assert (blob.size_bytes, blob.crc32c) == (SIZE, CRC32C)
    assert await stage.store.stat(stage.at("k")) == blob
    assert await stage.get("k") == CONTENT


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 1, 0)], ids=["in order", "backwards"])
async def test_parts_in_any_order_become_one_blob(stage: Stage, order: Sequence[int]) -> None:
    upload_id = await begin(stage)
    for number in order:
        assert await send(stage, upload_id, SPANS[number]) == SPANS[number].stop
    await finish(stage, upload_id)
    await stage.restart()
    assert await stage.get("k") == CONTENT


async def test_parts_beside_each_other_become_one_blob(stage: Stage) -> None:
    upload_id = await begin(stage)
    await asyncio.gather(*(send(stage, upload_id, span) for span in SPANS))
    await finish(stage, upload_id)


async def test_the_bytes_of_parts_count_as_open(local: Stage) -> None:
    upload_id = await begin(local)
    await send(local, upload_id, SPANS[1], stop=PART_QUANTUM + MIB)
    await send(local, upload_id, SPANS[2])
    assert isinstance(local.store, Counting)
    totals = await local.store.totals(local.namespace, "data")
    assert (totals.open_uploads, totals.open_bytes) == (1, MIB + SPANS[2].size_bytes)
    assert (await local.store.totals(local.namespace, "data", without=[upload_id])).open_bytes == 0
    await send(local, upload_id, SPANS[1])
    await send(local, upload_id, SPANS[0])
    await finish(local, upload_id)
    assert (await local.store.totals(local.namespace, "data")).open_bytes == 0


async def test_a_session_that_has_bytes_goes_on_in_parts(stage: Stage) -> None:
    upload_id = await begin(stage)
    async with stage.store.write_upload(upload_id) as writer:
        await writer.write(CONTENT[:PART_QUANTUM])
        assert await writer.checkpoint() == PART_QUANTUM
    await asyncio.gather(send(stage, upload_id, SPANS[2]), send(stage, upload_id, SPANS[1]))
    await finish(stage, upload_id)


@pytest.mark.parametrize("extra", [1, 3 * MIB + 11, 9 * MIB])
async def test_a_part_goes_on_after_a_restart(stage: Stage, extra: int) -> None:
    upload_id = await begin(stage)
    kept = PART_QUANTUM + extra
    assert await send(stage, upload_id, SPANS[1], stop=kept) == kept
    await stage.restart()
    assert await stage.store.find_parts(upload_id) == [
        UploadPart(*_ends(SPANS[1]), kept, checksum.extend(0, CONTENT[PART_QUANTUM:kept]))
    ]
    assert (await stage.store.find_upload(upload_id)).offset == 0
    assert await send(stage, upload_id, SPANS[1], start=kept) == SPANS[1].stop
    await asyncio.gather(send(stage, upload_id, SPANS[2]), send(stage, upload_id, SPANS[0]))
    await stage.restart()
    await finish(stage, upload_id)


async def test_a_part_whose_request_breaks_keeps_its_bytes(stage: Stage) -> None:
    upload_id = await begin(stage)
    with contextlib.suppress(ZeroDivisionError):
        async with stage.store.write_part(upload_id, SPANS[2]) as writer:
            await writer.write(CONTENT[SPANS[2].start :])
            raise ZeroDivisionError
    await send(stage, upload_id, SPANS[2])  # the end may have to be sent again
    await asyncio.gather(send(stage, upload_id, SPANS[1]), send(stage, upload_id, SPANS[0]))
    await finish(stage, upload_id)


async def test_a_gap_is_not_joined(stage: Stage) -> None:
    upload_id = await begin(stage)
    await send(stage, upload_id, SPANS[0])
    await send(stage, upload_id, SPANS[2])
    await send(stage, upload_id, SPANS[1], stop=PART_QUANTUM + MIB)
    async with stage.store.write_upload(upload_id) as writer:
        assert writer.offset == PART_QUANTUM
        with pytest.raises(BadRequestError):
            await writer.finish(size_bytes=SIZE)
    assert await stage.keys() == []
    assert [part.start for part in await stage.store.find_parts(upload_id)] == [PART_QUANTUM, 2 * PART_QUANTUM]


async def test_a_wrong_checksum_of_the_whole_starts_over(stage: Stage) -> None:
    upload_id = await begin(stage)
    await asyncio.gather(*(send(stage, upload_id, span) for span in SPANS))
    async with stage.store.write_upload(upload_id) as writer:
        with pytest.raises(ChecksumError):
            await writer.finish(size_bytes=SIZE, crc32c="AAAAAA==")
    assert await stage.keys() == []
    await asyncio.gather(*(send(stage, upload_id, span) for span in SPANS))
    await finish(stage, upload_id)


@pytest.mark.parametrize(
    "span",
    [
        Span(1, PART_QUANTUM), Span(0, PART_QUANTUM - 1), Span(0, SIZE + 1), Span(2 * PART_QUANTUM, 3 * PART_QUANTUM),
        Span(10**18, 10**18 + 5), Span(5 * MIB, 2 * PART_QUANTUM), Span(SIZE, SIZE + PART_QUANTUM),
    ],
    ids=str,
)  # fmt: skip
async def test_a_span_that_does_not_fit_is_refused(stage: Stage, span: Span) -> None:
    upload_id = await begin(stage)
    with pytest.raises(BadRequestError):
        async with stage.store.write_part(upload_id, span):
            pass
    assert await stage.store.find_parts(upload_id) == []


async def test_a_part_that_overlaps_is_refused(stage: Stage) -> None:
    upload_id = await begin(stage)
    await send(stage, upload_id, SPANS[1])
    for span in (Span(0, 2 * PART_QUANTUM), Span(PART_QUANTUM, SIZE), Span(0, SIZE)):
        with pytest.raises(ConflictError):
            async with stage.store.write_part(upload_id, span):
                pass
    await send(stage, upload_id, SPANS[0])
    async with stage.store.write_upload(upload_id) as writer:  # which joins both
        assert writer.offset == 2 * PART_QUANTUM
    with pytest.raises(ConflictError):
        async with stage.store.write_part(upload_id, SPANS[1]):
            pass


async def test_an_upload_of_unknown_size_takes_no_parts(stage: Stage) -> None:
    upload_id = await begin(stage, None)
    with pytest.raises(BadRequestError):
        async with stage.store.write_part(upload_id, SPANS[0]):
            pass
    with pytest.raises(NotFoundError):
        await stage.store.find_parts("no such upload")


async def test_a_part_takes_no_byte_past_its_end(stage: Stage) -> None:
    upload_id = await begin(stage)
    with contextlib.suppress(StorageError):
        async with stage.store.write_part(upload_id, SPANS[0]) as writer:
            await writer.write(CONTENT[:PART_QUANTUM])
            with pytest.raises(BadRequestError):
                await writer.write(b"x")
    await asyncio.gather(*(send(stage, upload_id, span) for span in SPANS))
    await finish(stage, upload_id)


async def test_a_session_and_its_parts_exclude_each_other(stage: Stage) -> None:
    upload_id = await begin(stage)
    async with stage.store.write_part(upload_id, SPANS[0]):
        for rival in (stage.store.write_upload(upload_id), stage.store.write_part(upload_id, SPANS[0])):
            with pytest.raises(ConflictError):
                async with rival:
                    pass
    async with stage.store.write_upload(upload_id):
        with pytest.raises(ConflictError):
            async with stage.store.write_part(upload_id, SPANS[0]):
                pass


async def test_a_restart_drops_the_parts(stage: Stage) -> None:
    upload_id = await begin(stage)
    await send(stage, upload_id, SPANS[1])
    await send(stage, upload_id, SPANS[2], stop=SPANS[2].start + MIB)
    async with stage.store.write_upload(upload_id, restart=True) as writer:
        assert writer.offset == 0
        for start in range(0, SIZE, MIB):
            await writer.write(CONTENT[start : start + MIB])
        await writer.finish(size_bytes=SIZE, crc32c=CRC32C)
    assert await stage.get("k") == CONTENT


async def test_dropped_parts_are_written_over_in_order(stage: Stage) -> None:
    upload_id = await begin(stage)
    await send(stage, upload_id, SPANS[1])
    await send(stage, upload_id, SPANS[2])
    await stage.store.drop_parts(upload_id)
    assert await stage.store.find_parts(upload_id) == []
    async with stage.store.write_upload(upload_id) as writer:
        await writer.write(CONTENT[:PART_QUANTUM])
        await writer.checkpoint()
    async with stage.store.write_upload(upload_id) as writer:
        assert writer.offset == PART_QUANTUM
        for start in range(PART_QUANTUM, SIZE, MIB):
            await writer.write(CONTENT[start : start + MIB])
    await finish(stage, upload_id)
    async with stage.store.open(stage.at("k")) as reader:
        span = Span(PART_QUANTUM + 5, PART_QUANTUM + 70_000)
        assert b"".join([piece async for piece in reader.chunks(span)]) == CONTENT[span.start : span.stop]


async def test_a_cancel_drops_the_parts(stage: Stage) -> None:
    upload_id = await begin(stage)
    await send(stage, upload_id, SPANS[1])
    with contextlib.suppress(StorageError):
        async with stage.store.write_part(upload_id, SPANS[2]) as writer:
            await writer.write(CONTENT[SPANS[2].start : SPANS[2].start + 2 * MIB])
            await stage.store.cancel_upload(upload_id)
    for call in (stage.store.write_part(upload_id, SPANS[0]), stage.store.write_upload(upload_id)):
        with pytest.raises(CancelledError):
            async with call:
                pass
    with pytest.raises(CancelledError):
        await stage.store.find_parts(upload_id)
    await stage.restart()
    assert await stage.keys() == []


def _ends(span: Span) -> tuple[int, int]:
    return span.start, span.stop
