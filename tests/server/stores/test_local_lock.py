"""Who owns a data directory, also when somebody takes the lock file away."""

import fcntl
import os
from pathlib import Path

import pytest

from storage_tui.contract.errors import UnavailableError
from storage_tui.server.stores.local.lock import AlreadyOwnedError, Lock, read_owner
from storage_tui.server.stores.local.records import LocalRecords
from storage_tui.server.stores.local.store import LocalStore
from tests.server.stores.engines import Stage


async def test_a_deleted_lock_file_lets_no_second_server_in(local: Stage) -> None:
    (local.path / "data" / "lock").unlink()
    with pytest.raises(AlreadyOwnedError):
        await LocalStore(local.path / "data").start()
    await local.put("k", b"x")
    assert await local.get("k") == b"x"


async def test_a_lock_file_put_in_its_place_lets_no_second_server_in(local: Stage) -> None:
    lock = local.path / "data" / "lock"
    lock.unlink()
    lock.write_bytes(b"")
    with pytest.raises(AlreadyOwnedError):
        await LocalStore(local.path / "data").start()


async def test_the_sweep_locks_a_deleted_lock_file_again_for_older_programs(local: Stage) -> None:
    lock = local.path / "data" / "lock"
    owner = read_owner(local.path / "data")
    lock.unlink()
    await local.store.sweep()
    assert read_owner(local.path / "data") == owner != {}
    assert lock.stat().st_mode & 0o777 == 0o600
    with lock.open("rb") as file, pytest.raises(BlockingIOError):
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    await local.put("k", b"x")


async def test_an_older_program_that_took_a_new_lock_file_makes_the_store_read_only(local: Stage) -> None:
    lock = local.path / "data" / "lock"
    lock.unlink()
    await local.put("k", b"x")
    with lock.open("wb") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        with pytest.raises(UnavailableError, match="read-only"):
            await local.store.sweep()
        with pytest.raises(UnavailableError, match="read-only"):
            await local.put("k", b"y")
    assert await local.get("k") == b"x"


async def test_a_directory_that_was_replaced_under_the_store_is_not_written(local: Stage) -> None:
    (local.path / "data").rename(local.path / "moved")
    (local.path / "data").mkdir()
    with pytest.raises(UnavailableError, match="moved or replaced"):
        await local.store.sweep()
    with pytest.raises(UnavailableError, match="moved or replaced"):
        await local.put("k", b"y")


def test_the_lock_of_an_older_program_is_respected(tmp_path: Path) -> None:
    with (tmp_path / "lock").open("w") as file:
        file.write('{"pid": 1, "url": "http://old"}')
        file.flush()
        fcntl.flock(file, fcntl.LOCK_EX)
        with pytest.raises(AlreadyOwnedError, match="http://old"):
            Lock.take(tmp_path)
    Lock.take(tmp_path).release()


def test_the_note_goes_with_its_owner_and_keeps_its_place_on_the_disk(tmp_path: Path) -> None:
    lock = Lock.take(tmp_path)
    lock.note({"url": "http://here"})
    size_bytes = (tmp_path / "lock").stat().st_size
    lock.release()
    assert read_owner(tmp_path) == {}
    assert (tmp_path / "lock").stat().st_size == size_bytes
    again = Lock.take(tmp_path)
    again.note({})
    assert read_owner(tmp_path) == {"pid": os.getpid()}
    again.release()


def test_a_deleted_lock_file_of_the_records_lets_no_two_write_at_once(tmp_path: Path) -> None:
    records = LocalRecords(tmp_path, reserve_bytes=0)
    records.write("a", b"1")
    with records._locked():
        (tmp_path / "records" / ".lock").unlink()
        other = os.open(tmp_path / "records", os.O_RDONLY)
        with pytest.raises(BlockingIOError):  # what another writer asks for first
            fcntl.flock(other, fcntl.LOCK_EX | fcntl.LOCK_NB)
        os.close(other)
    records.write("a", b"2")


async def test_garbage_goes_although_the_collectors_lock_was_deleted(local: Stage) -> None:
    await local.put("k", b"x" * 100_000)
    await local.store.delete(local.at("k"))
    (local.path / "data" / "collector").unlink()
    local.clock.advance(days=2)  # past the time for which deleted blobs are kept
    await local.store.sweep()
    assert not list((local.path / "data" / "blobs").glob("*/*"))
