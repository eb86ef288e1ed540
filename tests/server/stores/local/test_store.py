"""What only a local store promises: one owner, private files, clear refusals, and a disk put right at start."""

import asyncio
import json
import os
import stat
from datetime import timedelta
from pathlib import Path

import apsw
import pytest

from storage_tui.contract.errors import (
    ChecksumError,
    StoreFullError,
    UnavailableError,
)
from storage_tui.server.stores.local.database.rows import INLINE_BYTES
from storage_tui.server.stores.local.database.schema import FIRST_VERSION, SCHEMA_VERSION, open_reader, open_writer
from storage_tui.server.stores.local.lock import AlreadyOwnedError, read_owner, refuse_network_filesystem
from storage_tui.server.stores.local.seed import SeedBlob, seed
from storage_tui.server.stores.local.store import LocalStore
from storage_tui.server.upkeep.named import open_database
from tests.server.stores.broken_disks import SmallDisk
from tests.server.stores.engines import ALICE, Clock, Stage, blob_files, local_row, random_bytes
from tests.server.stores.older import WITHOUT_MD5, WITHOUT_TRACES

LARGE = INLINE_BYTES + 1
MIB = 1024 * 1024


async def test_a_second_owner_is_refused_and_told_who_is_first(local: Stage) -> None:
    await local.store.close()
    local.store = LocalStore(local.path / "data", owner_note={"url": "http://127.0.0.1:8080/storage/v1"})
    await local.store.start()
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


async def test_a_store_of_an_older_program_is_brought_up_to_date(local: Stage) -> None:
    session = await local.store.create_upload(local.at("k"))
    await local.store.close()
    connection = apsw.Connection(str(local.path / "data" / "meta.db"))
    connection.execute(WITHOUT_TRACES)
    connection.close()
    await local.start()
    assert await local.store.find_upload(session.upload_id) == session
    again = await local.store.create_upload(local.at("k"), repeat_key="r")
    assert await local.store.create_upload(local.at("k"), repeat_key="r") == again


async def test_a_store_without_md5_keeps_its_blobs_and_the_crc32c_of_its_sessions(local: Stage) -> None:
    before = await local.put("k", b"x" * 100_000)
    session = await local.store.create_upload(local.at("l"), crc32c="AAAAAA==")
    await local.store.close()
    connection = apsw.Connection(str(local.path / "data" / "meta.db"))
    connection.execute(WITHOUT_MD5)
    connection.close()
    await local.start()
    assert await local.store.stat(local.at("k")) == before
    async with local.store.write_upload(session.upload_id) as writer:
        await writer.write(b"1")
        with pytest.raises(ChecksumError):
            await writer.finish()
    md5 = "AAAAAAAAAAAAAAAAAAAAAA=="
    assert (await local.store.put(local.at("k"), b"y", md5=md5)).md5 == md5


async def test_a_store_of_a_newer_program_is_refused(local: Stage) -> None:
    await local.store.close()
    connection = open_writer(local.path / "data" / "meta.db")
    connection.pragma("user_version", SCHEMA_VERSION + 1)
    connection.close()
    with pytest.raises(UnavailableError, match="upgrade storage-tui"):
        await local.start()


async def test_a_store_of_before_the_first_version_is_refused_and_left_as_it_was(local: Stage) -> None:
    await local.store.close()
    database = local.path / "data" / "meta.db"
    connection = open_writer(database)
    connection.pragma("user_version", FIRST_VERSION - 1)
    connection.close()
    with pytest.raises(UnavailableError, match="written by a program before"):
        await local.start()
    with pytest.raises(UnavailableError, match="written by a program before"):
        open_database(database)
    reader = open_reader(database)
    assert reader.pragma("user_version") == FIRST_VERSION - 1
    reader.close()


async def test_a_full_disk_refuses_writes_while_reads_and_deletes_go_on(tmp_path: Path) -> None:
    disk = SmallDisk(tmp_path / "data")
    stage = Stage(local_row(reserve_bytes=MIB, disk=disk), tmp_path)
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
    stage = Stage(local_row(reserve_bytes=0), tmp_path, clock)
    contents = {f"dir{number % 7}/{number}": random_bytes(number * 3) for number in range(300)} | {
        "large": random_bytes(LARGE)
    }
    blobs = [SeedBlob(stage.at(key), it, "text/csv", clock.now) for key, it in contents.items()]
    aging = SeedBlob(stage.at("aging", "tmp"), b"x", modified=clock.now - timedelta(days=6, hours=23))
    assert await asyncio.to_thread(seed, tmp_path / "data", [*blobs, aging]) == 302
    await stage.start()
    for key, content in contents.items():
        assert await stage.get(key) == content
    blob = await stage.store.stat(stage.at("large"))
    assert (await stage.store.stat(stage.at("aging", "tmp"))).expires == clock.now + timedelta(hours=1)
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


def test_a_database_is_opened_with_what_the_promises_rest_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    database = tmp_path / "meta.db"
    writer = open_writer(database)
    reader = open_reader(database)
    assert (writer.pragma("synchronous"), writer.pragma("journal_mode"), writer.pragma("fullfsync")) == (2, "wal", 1)
    for connection in (writer, reader):
        assert (connection.pragma("trusted_schema"), connection.pragma("cell_size_check")) == (0, 1)
    with pytest.raises(apsw.ReadOnlyError):
        reader.execute("DELETE FROM keys")
    reader.close()
    writer.close()
    with pytest.raises(UnavailableError, match="can corrupt a WAL"):
        open_writer(database, min_sqlite=apsw.SQLITE_VERSION_NUMBER + 1)
