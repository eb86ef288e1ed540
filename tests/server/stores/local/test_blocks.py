"""A part of a blob is checked without the whole: no byte that went bad is given out by any range read."""

import random
from pathlib import Path

import apsw
import pytest

from storage_tui.contract.errors import DamagedError
from storage_tui.contract.wire import Span
from storage_tui.server.stores.local.blocks import BLOCK_BYTES, SEGMENT_BYTES, WHOLE_BYTES
from tests.server.stores.engines import Stage, blob_files, random_bytes

LARGE = SEGMENT_BYTES + 3 * BLOCK_BYTES + 17


async def part(stage: Stage, start: int, stop: int, key: str = "k") -> bytes:
    async with stage.store.open(stage.at(key)) as reader:
        return b"".join([piece async for piece in reader.chunks(Span(start, stop))])


def flip(path: Path, place: int) -> None:
    with path.open("r+b") as file:
        file.seek(place)
        byte = file.read(1)[0]
        file.seek(place)
        file.write(bytes([byte ^ 0x10]))


def sums(stage: Stage) -> int:
    connection = apsw.Connection(str(stage.path / "data" / "meta.db"), flags=apsw.SQLITE_OPEN_READONLY)
    count = connection.execute("SELECT count(*) FROM sums").get
    connection.close()
    return int(count)


@pytest.mark.parametrize("size_bytes", [70_000, WHOLE_BYTES, WHOLE_BYTES + 1, 3 * 1024 * 1024, LARGE])
async def test_every_part_is_what_was_stored(local: Stage, size_bytes: int) -> None:
    content = random_bytes(size_bytes)
    await local.upload("k", content)
    chance = random.Random(size_bytes)
    edges = {
        0,
        1,
        BLOCK_BYTES - 1,
        BLOCK_BYTES,
        BLOCK_BYTES + 1,
        WHOLE_BYTES,
        SEGMENT_BYTES,
        size_bytes - 1,
        size_bytes,
    }
    places = sorted(edge for edge in edges if 0 <= edge <= size_bytes)
    places += sorted(chance.randrange(size_bytes) for _ in range(5))
    for start in places:
        for stop in places:
            if start <= stop:
                assert await part(local, start, stop) == content[start:stop], (start, stop)


@pytest.mark.parametrize("place", [0, BLOCK_BYTES - 1, 5 * BLOCK_BYTES, SEGMENT_BYTES, LARGE - 1])
async def test_a_part_with_a_bad_byte_is_refused_and_the_other_parts_are_not(local: Stage, place: int) -> None:
    content = random_bytes(LARGE)
    await local.upload("k", content)
    flip(blob_files(local)[0], place)
    with pytest.raises(DamagedError, match="damaged on the server"):
        await part(local, place, place + 1)
    block = place - place % BLOCK_BYTES
    if block:
        assert await part(local, 0, block) == content[:block]
    after = min(block + BLOCK_BYTES, LARGE)
    assert await part(local, after, LARGE) == content[after:]


async def test_bytes_before_the_damage_are_the_last_to_be_given_out(local: Stage) -> None:
    content = random_bytes(LARGE)
    await local.upload("k", content)
    flip(blob_files(local)[0], 10 * BLOCK_BYTES)
    got = b""
    with pytest.raises(DamagedError):
        async with local.store.open(local.at("k")) as reader:
            async for piece in reader.chunks(Span(1, LARGE)):
                got += piece
    assert 0 < len(got) < 10 * BLOCK_BYTES
    assert content[1:].startswith(got)


async def test_a_small_value_is_checked_for_every_part(local: Stage) -> None:
    await local.put("k", b"0123456789")
    await local.store.close()
    connection = apsw.Connection(str(local.path / "data" / "meta.db"))
    connection.execute("UPDATE contents SET content = CAST('0123456780' AS BLOB)")
    connection.close()
    await local.start()
    with pytest.raises(DamagedError):
        await part(local, 0, 1)


async def test_an_upload_that_is_gone_on_with_keeps_the_checksums_of_what_was_there(local: Stage) -> None:
    content = random_bytes(LARGE)
    session = await local.store.create_upload(local.at("k"))
    chance = random.Random(7)
    offset = 0
    while offset < LARGE:
        async with local.store.write_upload(session.upload_id) as writer:
            for _ in range(chance.randrange(1, 9)):
                step = chance.choice((1, 777, BLOCK_BYTES, 256 * 1024, 1_500_000))
                await writer.write(content[offset : offset + step])
                offset = min(offset + step, LARGE)
                if chance.random() < 0.3:
                    assert await writer.checkpoint() == offset
            if offset == LARGE:
                await writer.finish()
        if chance.random() < 0.3:
            await local.restart()
    rows = sums(local)
    assert rows == 2
    assert await part(local, 1, LARGE) == content[1:]
    flip(blob_files(local)[0], BLOCK_BYTES + 1)
    with pytest.raises(DamagedError):
        await part(local, BLOCK_BYTES, BLOCK_BYTES + 10)


async def test_a_copy_has_checksums_and_what_goes_takes_its_own_along(local: Stage) -> None:
    content = random_bytes(LARGE)
    await local.upload("k", content)
    await local.store.copy(local.at("k"), local.at("copy"))
    assert sums(local) == 4
    await local.store.delete(local.at("k"))
    local.clock.advance(days=1)
    await local.store.sweep()
    assert sums(local) == 2
    assert await part(local, 5, LARGE, "copy") == content[5:]
    session = await local.store.create_upload(local.at("cancelled"))
    async with local.store.write_upload(session.upload_id) as writer:
        await writer.write(content)
        await writer.checkpoint()
    assert sums(local) == 4
    await local.store.cancel_upload(session.upload_id)
    assert sums(local) == 2


async def test_a_blob_without_checksums_is_read_as_a_whole_once(local: Stage) -> None:
    content = random_bytes(LARGE)
    await local.upload("k", content)
    await local.upload("bad", content)
    await local.store.close()
    connection = apsw.Connection(str(local.path / "data" / "meta.db"))
    connection.execute("DELETE FROM sums")
    bad = connection.execute("SELECT id FROM keys WHERE key = CAST('bad' AS BLOB)").get
    connection.close()
    flip(local.path / "data" / "blobs" / bad[:2] / bad, LARGE - 1)
    await local.start()
    with pytest.raises(DamagedError):
        await part(local, 0, 10, "bad")
    assert sums(local) == 0
    assert await part(local, 10, 20) == content[10:20]
    assert sums(local) == 2
    assert await part(local, SEGMENT_BYTES, LARGE) == content[SEGMENT_BYTES:]
