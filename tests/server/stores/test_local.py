"""What only a local store promises: one owner, private files, clear refusals, and a disk put right at start."""

import asyncio
import json
import os
import stat
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from storage_tui.contract.errors import (
    ChecksumError,
    GoneError,
    NotFoundError,
    StoreFullError,
    TypeRuleError,
    UnavailableError,
)
from storage_tui.contract.wire import Span
from storage_tui.server.stores.local import LocalStore
from storage_tui.server.stores.local_files import Disk
from storage_tui.server.stores.local_lock import AlreadyOwnedError, read_owner, refuse_network_filesystem
from storage_tui.server.stores.local_rows import INLINE_BYTES
from storage_tui.server.stores.local_schema import SCHEMA_VERSION, open_writer
from storage_tui.server.stores.local_seed import SeedBlob, seed
from tests.server.stores.broken_disks import SmallDisk
from tests.server.stores.engines import ALICE, Clock, Stage, random_bytes

LARGE = INLINE_BYTES + 1
MIB = 1024 * 1024


@pytest.fixture
async def local(tmp_path: Path) -> AsyncIterator[Stage]:
    stage = Stage(lambda path, clock: LocalStore(path / "data", clock=clock, reserve_bytes=0), tmp_path)
    await stage.start()
    yield stage
    await stage.store.close()


def blob_files(stage: Stage) -> list[Path]:
    return sorted((stage.path / "data" / "blobs").glob("*/*"))


def part_files(stage: Stage) -> list[Path]:
    return sorted((stage.path / "data" / "uploads").iterdir())


async def test_a_second_owner_is_refused_and_told_who_is_first(local: Stage) -> None:
    assert isinstance(local.store, LocalStore)
    local.store.note_owner({"url": "http://127.0.0.1:8080/storage/v1"})
    second = LocalStore(local.path / "data")
    with pytest.raises(
        AlreadyOwnedError, match=rf"served by process {os.getpid()} at http://127\.0\.0\.1:8080"
    ) as error:
        await second.start()
    assert error.value.owner == {"pid": os.getpid(), "url": "http://127.0.0.1:8080/storage/v1"}
    assert "\n" not in error.value.message
    await second.close()
    await local.put("k")
    assert json.loads((local.path / "data" / "lock").read_bytes()) == read_owner(local.path / "data")


async def test_the_directory_is_free_again_after_close(local: Stage) -> None:
    await local.store.close()
    assert read_owner(local.path / "data") == {}
    await local.start()
    await local.store.close()
    await local.store.close()
    with pytest.raises(UnavailableError):
        await local.put("k")
    with pytest.raises(UnavailableError):
        await local.get("k")
    await local.start()


async def test_files_are_for_their_owner_alone(local: Stage) -> None:
    await local.put("k", random_bytes(LARGE))
    session = await local.store.create_upload(local.at("u"))
    async with local.store.write_upload(session.upload_id) as writer:
        await writer.write(b"x")
    for path in (local.path / "data").rglob("*"):
        expected = 0o700 if path.is_dir() else 0o600
        assert stat.S_IMODE(path.stat().st_mode) == expected, path
    assert stat.S_IMODE((local.path / "data").stat().st_mode) == 0o700


@pytest.mark.parametrize(("magic", "name"), [(0x6969, "NFS"), (0xFF534D42, "CIFS"), (0x65735546, "FUSE")])
def test_a_network_file_system_is_refused(tmp_path: Path, magic: int, name: str) -> None:
    with pytest.raises(UnavailableError, match=rf"is on {name}.*local disk"):
        refuse_network_filesystem(tmp_path, magic)
    refuse_network_filesystem(tmp_path)


async def test_a_directory_that_cannot_be_used_is_one_clear_line(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    for path in (tmp_path / "file", tmp_path / "file" / "below"):
        with pytest.raises(UnavailableError, match="cannot be used") as error:
            await LocalStore(path).start()
        assert "\n" not in error.value.message


async def test_a_database_that_is_none_is_one_clear_line(tmp_path: Path) -> None:
    (tmp_path / "meta.db").write_bytes(b"not a database" * 1000)
    with pytest.raises(UnavailableError, match="cannot be used"):
        await LocalStore(tmp_path).start()


async def test_a_store_of_a_newer_program_is_refused(local: Stage) -> None:
    await local.store.close()
    connection = open_writer(local.path / "data" / "meta.db")
    connection.pragma("user_version", SCHEMA_VERSION + 1)
    connection.close()
    with pytest.raises(UnavailableError, match="upgrade storage-tui"):
        await local.start()


async def test_overwritten_files_go_after_a_grace(local: Stage) -> None:
    await local.put("k", random_bytes(LARGE))
    await local.put("k", random_bytes(LARGE))
    await local.put("deleted", random_bytes(LARGE))
    await local.store.delete(local.at("deleted"))
    await local.store.sweep()
    assert len(blob_files(local)) == 3
    local.clock.advance(minutes=59)
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
    with pytest.raises(UnavailableError, match="backup"):
        async with local.store.open(local.at("k")) as reader:
            async for piece in reader.chunks(Span(0, size_bytes)):
                got += len(piece)
    assert got < size_bytes


async def test_a_reader_in_the_middle_sees_its_file_end_early(local: Stage) -> None:
    await local.put("k", random_bytes(3 * MIB))
    [path] = blob_files(local)
    with pytest.raises(UnavailableError, match="ends at"):
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


async def test_a_full_disk_refuses_writes_while_reads_and_deletes_go_on(tmp_path: Path) -> None:
    disk = SmallDisk(tmp_path / "data")
    stage = Stage(lambda path, clock: LocalStore(path / "data", clock=clock, reserve_bytes=MIB, disk=disk), tmp_path)
    await stage.start()
    await stage.put("large", random_bytes(LARGE))
    await stage.put("small", b"small")
    session = await stage.store.create_upload(stage.at("u"))
    with pytest.raises(StoreFullError, match="in reserve"):
        await stage.store.create_upload(stage.at("v"), size_bytes=disk.free)
    async with stage.store.write_upload(session.upload_id) as writer:
        await writer.write(random_bytes(2 * MIB))
        assert await writer.checkpoint() == 2 * MIB
        disk.free = MIB
        with pytest.raises(StoreFullError):
            for _ in range(4):
                await writer.write(random_bytes(MIB))
    assert (await stage.store.find_upload(session.upload_id)).offset == 2 * MIB
    for call in (
        stage.put("s", b"x"),
        stage.put("l", random_bytes(LARGE)),
        stage.store.copy(stage.at("small"), stage.at("c")),
        stage.store.create_upload(stage.at("v"), size_bytes=1),
    ):
        with pytest.raises(StoreFullError):
            await call
    assert await stage.get("small") == b"small"
    await stage.store.delete(stage.at("large"))
    assert len(blob_files(stage)) == 1
    with pytest.raises(StoreFullError):
        await stage.put("s", b"x")
    assert blob_files(stage) == []  # what was deleted goes at once when its room is wanted
    disk.free = 1 << 30
    async with stage.store.write_upload(session.upload_id) as writer:
        await writer.finish()
    assert await stage.keys() == ["small", "u"]
    await stage.store.close()


async def test_seeded_blobs_are_as_if_they_had_been_put(tmp_path: Path) -> None:
    clock = Clock()
    stage = Stage(lambda path, clock: LocalStore(path / "data", clock=clock, reserve_bytes=0), tmp_path, clock)
    contents = {f"dir{number % 7}/{number}": random_bytes(number * 3) for number in range(300)} | {
        "large": random_bytes(LARGE)
    }
    blobs = [SeedBlob(stage.at(key), it, "text/csv", clock.now) for key, it in contents.items()]
    aging = SeedBlob(
        stage.at("aging", "tmp"), b"x", modified=clock.now.replace(day=clock.now.day - 1) if clock.now.day > 7 else None
    )
    assert await asyncio.to_thread(seed, tmp_path / "data", [*blobs, aging]) == 302
    await stage.start()
    for key, content in contents.items():
        assert await stage.get(key) == content
    blob = await stage.store.stat(stage.at("large"))
    assert (blob.modified, blob.content_type, blob.size_bytes) == (clock.now, "text/csv", LARGE)
    with pytest.raises(AlreadyOwnedError):
        await asyncio.to_thread(seed, tmp_path / "data", blobs)
    assert isinstance(stage.store, LocalStore)
    assert await stage.store.find_orphans() == 0
    assert (await stage.store.usage(ALICE, "data")).count == 301
    await stage.store.close()


async def test_a_store_that_closes_cuts_writers_off_at_their_last_checkpoint(local: Stage) -> None:
    session = await local.store.create_upload(local.at("k"))
    with pytest.raises(UnavailableError, match="closed"):
        async with local.store.write_upload(session.upload_id) as writer:
            await writer.write(random_bytes(3 * MIB))
            await writer.checkpoint()
            await writer.write(random_bytes(MIB))
            await local.store.close()
            await writer.write(random_bytes(MIB))
    await local.start()
    assert (await local.store.find_upload(session.upload_id)).offset == 3 * MIB


async def test_pages_that_small_values_leave_are_handed_back(local: Stage) -> None:
    for number in range(400):
        await local.put(f"{number}", random_bytes(60_000))
    database = local.path / "data" / "meta.db"
    await local.restart()
    before = database.stat().st_size
    assert before > 400 * 60_000
    await local.store.delete_many(ALICE, "data", [(f"{number}", None) for number in range(400)])
    await local.store.sweep()
    await local.restart()
    assert database.stat().st_size < before - 4 * MIB
