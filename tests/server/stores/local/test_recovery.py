"""What a local store puts right and clears away: orphans, parts, garbage, damage, and a clock that jumps."""

import os
from pathlib import Path

import pytest

from storage_tui.contract.errors import (
    ChecksumError,
    DamagedError,
    GoneError,
    NotFoundError,
    TypeRuleError,
)
from storage_tui.contract.wire import Span
from storage_tui.server.stores.local.database.rows import INLINE_BYTES
from storage_tui.server.stores.local.files import Disk
from storage_tui.server.stores.local.store import LocalStore
from tests.server.stores.engines import ALICE, Stage, blob_files, part_files, random_bytes

LARGE = INLINE_BYTES + 1
MIB = 1024 * 1024


async def test_overwritten_files_go_when_their_retention_ends(local: Stage) -> None:
    await local.put("k", random_bytes(LARGE))
    await local.put("k", random_bytes(LARGE))
    await local.put("deleted", random_bytes(LARGE))
    await local.store.delete(local.at("deleted"))
    await local.store.sweep()
    assert len(blob_files(local)) == 3
    local.clock.advance(hours=23, minutes=59)
    await local.store.sweep()
    assert len(blob_files(local)) == 3
    local.clock.advance(minutes=1)
    await local.store.sweep()
    [left] = blob_files(local)
    assert left.name == (await local.store.stat(local.at("k"))).etag


async def test_refused_writes_leave_no_file(local: Stage) -> None:
    await local.put("k", random_bytes(LARGE), "products")
    with pytest.raises(TypeRuleError):
        await local.put("k", random_bytes(LARGE), "products")
    with pytest.raises(TypeRuleError):
        await local.store.copy(local.at("k", "products"), local.at("k", "products"))
    with pytest.raises(ChecksumError):
        await local.store.put(local.at("c"), random_bytes(LARGE), crc32c="AAAAAA==")
    assert len(blob_files(local)) == 1
    assert part_files(local) == []


async def test_orphans_are_put_aside_and_gone_after_a_week(local: Stage) -> None:
    content = random_bytes(LARGE)
    await local.put("k", content)
    await local.put("overwritten", content)
    await local.put("overwritten", content)
    await local.put("small", b"small")
    await local.store.close()
    orphan = local.path / "data" / "blobs" / "ab" / ("ab" * 16)
    orphan.write_bytes(b"published, never committed")
    await local.start()
    assert isinstance(local.store, LocalStore)
    await local.store.find_orphans()
    put_aside = local.path / "data" / "quarantine" / orphan.name
    assert (orphan.exists(), put_aside.exists()) == (False, True)
    assert len(blob_files(local)) == 3
    local.clock.advance(days=6)
    await local.store.sweep()
    assert put_aside.exists()
    local.clock.advance(days=1)
    await local.store.sweep()
    assert not put_aside.exists()
    assert await local.get("k") == content


async def cut_session(local: Stage, size_bytes: int) -> tuple[str, Path]:
    """A session of so many durable bytes in a store that is closed, and its part file."""
    session = await local.store.create_upload(local.at("k"))
    async with local.store.write_upload(session.upload_id) as writer:
        await writer.write(b"x" * size_bytes)
    await local.store.close()
    [part] = part_files(local)
    return session.upload_id, part


async def test_a_part_longer_than_was_promised_is_cut_at_start(local: Stage) -> None:
    upload_id, part = await cut_session(local, 1000)
    with part.open("ab") as file:
        file.write(b"arrived, never acknowledged")
    await local.start()
    assert part.stat().st_size == 1000
    async with local.store.write_upload(upload_id) as writer:
        await writer.write(b"y")
        await writer.finish()
    assert await local.get("k") == b"x" * 1000 + b"y"


async def test_a_part_shorter_than_was_promised_ends_its_session_loudly(
    local: Stage, caplog: pytest.LogCaptureFixture
) -> None:
    upload_id, part = await cut_session(local, 1000)
    os.truncate(part, 999)
    await local.start()
    assert "lost bytes" in caplog.text
    with pytest.raises(GoneError, match="lost bytes"):
        await local.store.find_upload(upload_id)
    with pytest.raises(NotFoundError):
        await local.get("k")


async def test_a_part_published_without_its_commit_is_a_part_again(local: Stage) -> None:
    upload_id, part = await cut_session(local, 1000)
    disk = Disk(local.path / "data")
    disk.publish(part.name.removesuffix(".part"))
    await local.start()
    async with local.store.write_upload(upload_id) as writer:
        assert writer.offset == 1000
        await writer.finish()
    assert await local.get("k") == b"x" * 1000


async def test_parts_of_no_session_are_removed_at_start(local: Stage) -> None:
    await local.store.close()
    (local.path / "data" / "uploads" / f"{'cd' * 16}.part").write_bytes(b"of a put that was killed")
    await local.start()
    assert part_files(local) == []


@pytest.mark.parametrize("size_bytes", [1000, 3 * MIB], ids=["small", "large"])
async def test_the_part_of_a_session_that_ends_is_removed(local: Stage, size_bytes: int) -> None:
    for ending in ("cancel", "cancel under a writer", "expire"):
        session = await local.store.create_upload(local.at("k"))
        async with local.store.write_upload(session.upload_id) as writer:
            await writer.write(random_bytes(size_bytes))
            await writer.checkpoint()
            if ending == "cancel under a writer":
                await local.store.cancel_upload(session.upload_id)
        if ending == "cancel":
            await local.store.cancel_upload(session.upload_id)
        if ending == "expire":
            local.clock.advance(days=7)
            await local.store.sweep()
        assert part_files(local) == []


@pytest.mark.parametrize("size_bytes", [3 * MIB, LARGE])
@pytest.mark.parametrize("damage", ["shorter", "longer", "flipped", "gone"])
async def test_a_damaged_blob_never_ends_cleanly(local: Stage, size_bytes: int, damage: str) -> None:
    await local.put("k", random_bytes(size_bytes))
    [path] = blob_files(local)
    content = bytearray(path.read_bytes())
    content[0] ^= 1
    match damage:
        case "shorter":
            os.truncate(path, size_bytes - 1)
        case "longer":
            os.truncate(path, size_bytes + 1)
        case "flipped":
            path.write_bytes(content)
        case "gone":
            path.unlink()
    got = 0
    with pytest.raises(DamagedError, match="backup"):
        async with local.store.open(local.at("k")) as reader:
            async for piece in reader.chunks(Span(0, size_bytes)):
                got += len(piece)
    assert got < size_bytes


async def test_a_reader_in_the_middle_sees_its_file_end_early(local: Stage) -> None:
    await local.put("k", random_bytes(3 * MIB))
    [path] = blob_files(local)
    with pytest.raises(DamagedError, match="ends at"):
        async with local.store.open(local.at("k")) as reader:
            async for _ in reader.chunks(Span(1, 3 * MIB)):
                os.truncate(path, MIB)


async def test_a_clock_that_jumps_ahead_deletes_nothing_until_it_has_lasted(
    local: Stage, caplog: pytest.LogCaptureFixture
) -> None:
    await local.put("k", b"kept", "tmp")
    await local.store.sweep()
    right = local.clock.now
    local.clock.advance(days=31)
    assert await local.store.sweep() == 0
    assert "clock has jumped" in caplog.text
    local.clock.now = right
    assert await local.store.sweep() == 0
    assert await local.get("k", "tmp") == b"kept"
    local.clock.advance(days=31)
    assert await local.store.sweep() == 0
    for _ in range(23):
        local.clock.advance(hours=1)
        assert await local.store.sweep() == 0
    await local.restart()
    local.clock.advance(hours=1)
    assert await local.store.sweep() == 1


async def test_a_clock_that_falls_back_deletes_nothing(local: Stage) -> None:
    await local.put("k", b"kept", "tmp")
    await local.store.sweep()
    local.clock.advance(days=-400)
    await local.put("j", b"kept", "tmp")
    assert await local.store.sweep() == 0
    local.clock.advance(days=400)
    assert await local.get("k", "tmp") == b"kept"


async def test_pages_that_small_values_leave_are_handed_back(local: Stage) -> None:
    for number in range(400):
        await local.put(f"{number}", random_bytes(60_000))
    database = local.path / "data" / "meta.db"
    await local.restart()
    before = database.stat().st_size
    assert before > 400 * 60_000
    await local.store.delete_many(ALICE, "data", [(f"{number}", None) for number in range(400)])
    local.clock.advance(days=1)
    await local.store.sweep()
    await local.restart()
    assert database.stat().st_size < before - 4 * MIB
