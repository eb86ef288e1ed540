"""A disk that another program filled, or that is mounted read-only: what is stored can be read, what makes room works,
and all is well again without a restart."""

import asyncio
import contextlib
import errno
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import apsw
import psutil
import pytest

from storage_tui import Storage
from storage_tui.contract.errors import ConnectError, StorageError, StoreFullError, UnavailableError
from storage_tui.server.stores.local.ballast import BALLAST_NAME
from storage_tui.server.stores.local.commit import IDLE_S
from storage_tui.server.stores.local.room import passing_error
from storage_tui.server.stores.local.store import LocalStore
from tests.mounts import KINDS, fill_up, make_room, mounted, needs_mounts, remount
from tests.server.running import RunningServer
from tests.server.stores.engines import Stage, local_row, random_bytes

ROWS = 300
LARGE = 100_000


@contextlib.contextmanager
def serving(data_dir: Path, token: str = "") -> Iterator[tuple[RunningServer, Storage]]:
    server = RunningServer(data_dir)
    server.start()
    try:
        with Storage(server.url, token=token or server.token(), retries=0) as storage:
            yield server, storage
    finally:
        server.stop()


@pytest.fixture(params=KINDS)
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def own(tmp_path: Path, runtime_base: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The embedded server's sockets are on another disk than the store."""
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(runtime_base))
    monkeypatch.setenv("STORAGE_TUI_LINGER", "0")


async def wait_for_checkpoint(store: LocalStore, caplog: pytest.LogCaptureFixture) -> None:
    """Until the idle writer has tried to copy its log home, and found no room."""
    for _ in range(int(IDLE_S * 100)):
        if "is not cut until the disk has room" in caplog.text or store.read_only is not None:
            return
        await asyncio.sleep(0.05)
    raise AssertionError("there was no checkpoint")


@needs_mounts
async def test_a_checkpoint_without_room_leaves_the_store_writable(
    tmp_path: Path, kind: str, caplog: pytest.LogCaptureFixture
) -> None:
    with mounted(tmp_path / "small", kind=kind) as small:
        stage = Stage(local_row(), small)
        await stage.start()
        assert isinstance(stage.store, LocalStore)
        for number in range(ROWS):  # in the log as yet: the database has to grow for them
            await stage.put(f"k{number:03}", random_bytes(20_000))
        other = fill_up(small)
        await wait_for_checkpoint(stage.store, caplog)
        assert stage.store.read_only is None
        with pytest.raises(StoreFullError):
            await stage.put("new", b"x")
        assert await stage.get("k000")
        make_room(other)
        await stage.put("new", random_bytes(LARGE))
        assert len(await stage.keys()) == ROWS + 1
        await stage.restart()
        assert len(await stage.keys()) == ROWS + 1
        await stage.store.close()


@needs_mounts
def test_a_store_starts_on_a_full_disk_and_deletes(tmp_path: Path, kind: str) -> None:
    with mounted(tmp_path / "small", kind=kind) as small:
        with serving(small / "data") as (server, storage):
            token = server.token()
            for number in range(20):
                storage.set(f"k{number:02}", os.urandom(20_000))
            storage.set("large", b"x" * LARGE)
        other = fill_up(small)
        with serving(small / "data", token) as (server, storage):
            assert storage.get("large") == b"x" * LARGE
            with pytest.raises(StoreFullError):
                storage.set("more", b"x")
            for number in range(20):
                storage.delete(f"k{number:02}")
                if number == 5:
                    fill_up(small)  # and takes what the deletes so far gave back
            storage.delete("large")
            assert storage.list() == []
            make_room(other)
            storage.set("more", b"x" * LARGE)
            assert server.process.poll() is None


@needs_mounts
def test_a_store_without_ballast_is_read_on_a_full_disk_and_well_again_with_room(tmp_path: Path, kind: str) -> None:
    with mounted(tmp_path / "small", kind=kind) as small:
        with serving(small / "data") as (server, storage):
            token = server.token()
            storage.set("k", b"x" * LARGE)
            storage.set("small", b"s")
        (small / "data" / BALLAST_NAME).unlink()
        other = fill_up(small)
        with serving(small / "data", token) as (server, storage):
            assert storage.get("k") == b"x" * LARGE
            assert storage.get("small") == b"s"
            assert list(storage.iter_list()) == ["k", "small"]
            with pytest.raises((StoreFullError, UnavailableError), match="no room"):
                storage.set("more", b"x")
            why = storage.describe().read_only
            make_room(other)
            if kind != "xfs":  # which has no name left for a new file
                assert why is None
                storage.delete("k")
                storage.set("more", b"y" * LARGE)
            else:
                assert why is not None and "no room" in why and "restart" in why
            assert server.process.poll() is None


@needs_mounts
@pytest.mark.usefixtures("own")
def test_an_embedded_store_on_a_disk_mounted_read_only_is_read_and_says_why(tmp_path: Path) -> None:
    with mounted(tmp_path / "small") as small:
        with serving(small / "data") as (server, storage):
            storage.set("copied/home", b"x" * LARGE)
        with serving(small / "data") as (server, storage):
            storage.set("in/the/log", b"log")  # and the end of that server leaves it there
            server.process.kill()
        (small / "data" / "meta.db-shm").unlink()
        remount(small, "ro")
        environment = {**os.environ, "STORAGE_TUI_HOME": str(tmp_path / "home")}
        with Storage(data_dir=small / "data") as storage:
            assert storage.list() == []  # of the local user, who has nothing yet
            service = storage.describe()
            assert service.read_only is not None and "mounted" in service.read_only
            for change in (lambda: storage.set("k", b"x"), lambda: storage.delete("k")):
                with pytest.raises(UnavailableError, match="the store is read-only: the file system of"):
                    change()
            said = subprocess.run(
                (sys.executable, "-m", "storage_tui", "doctor", "--data-dir", small / "data"),
                capture_output=True, text=True, check=False, env=environment,
            )  # fmt: skip
            assert said.returncode == 1 and "the store is read-only: the file system of" in said.stdout
            assert "Traceback" not in said.stderr
            remount(small, "rw")
            for _ in range(1000):  # by itself, when its server has noticed
                with contextlib.suppress(UnavailableError, ConnectError):
                    storage.set("k", b"x")
                    break
            else:
                raise AssertionError("it stayed read-only")
            assert storage.get("k") == b"x"
        with Storage(data_dir=small / "data") as storage:
            assert storage.describe().read_only is None


@needs_mounts
@pytest.mark.parametrize("has_log", [True, False])
async def test_nothing_of_a_log_is_missing_on_a_disk_mounted_read_only(tmp_path: Path, has_log: bool) -> None:
    with mounted(tmp_path / "small") as small:
        stage = Stage(local_row(), small)
        await stage.start()
        assert isinstance(stage.store, LocalStore)
        await stage.put("home", random_bytes(LARGE))
        if has_log:
            stage.store._connection.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_TRUNCATE)
            await stage.put("log", b"log")
            saved = {path.name: path.read_bytes() for path in (small / "data").glob("meta.db*")}
            await stage.store.close()
            for name in ("meta.db", "meta.db-wal"):  # as a kill leaves them; the index is gone
                (small / "data" / name).write_bytes(saved[name])
        else:
            await stage.put("log", b"log")
            await stage.store.close()
        remount(small, "ro")
        before = sorted(path.name for path in (small / "data").iterdir())
        await stage.start()
        assert await stage.get("log") == b"log"
        assert len(await stage.get("home")) == LARGE
        assert await stage.keys() == ["home", "log"]
        with pytest.raises(UnavailableError, match="read-only"):
            await stage.put("k", b"x")
        await stage.store.close()
        assert sorted(path.name for path in (small / "data").iterdir()) == before
        remount(small, "rw")
        await stage.start()
        await stage.put("k", b"x")
        assert await stage.keys() == ["home", "k", "log"]
        await stage.store.close()


@needs_mounts
def test_reading_commands_work_on_a_disk_mounted_read_only(tmp_path: Path) -> None:
    with mounted(tmp_path / "small") as small:
        with serving(small / "data") as (_, storage):
            storage.set("k", b"x" * LARGE)
            storage.delete("k")
            storage.set("k", b"x" * LARGE)
        remount(small, "ro")
        for words in (("verify",), ("audit",), ("backup", tmp_path / "backup")):
            done = subprocess.run(
                (sys.executable, "-m", "storage_tui", *words, "--data-dir", small / "data"),
                capture_output=True, text=True, check=False, env={**os.environ, "STORAGE_TUI_HOME": str(tmp_path)},
            )  # fmt: skip
            assert done.returncode == 0, done.stderr
        assert any((tmp_path / "backup" / "snapshots").iterdir())


@needs_mounts
def test_an_embedded_server_starts_again_although_its_runtime_directory_is_full(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STORAGE_TUI_LINGER", "0")
    with mounted(tmp_path / "r") as runtime:
        monkeypatch.setenv("XDG_RUNTIME_DIR", str(runtime))
        for is_full in (False, True, True):
            if is_full:
                fill_up(runtime)
            with Storage(data_dir=tmp_path / "data") as storage:
                storage.set("k", b"x")
                assert storage.get("k") == b"x"
        while any(str(tmp_path) in " ".join(row.info["cmdline"] or ()) for row in psutil.process_iter(["cmdline"])):
            pass  # until the last server has left, which gives a little room back
        fill_up(runtime)
        fresh = tmp_path / "fresh"
        with Storage(data_dir=fresh) as storage, pytest.raises(StorageError) as caught:
            storage.set("k", b"x")
        assert "o space left" in caught.value.message and "\n" not in caught.value.message


@pytest.mark.parametrize(
    ("error", "number", "code", "is_checkpoint", "is_passing"),
    [
        (apsw.FullError, 0, 0, False, True),
        (apsw.FullError, 0, 0, True, True),
        (apsw.IOError, errno.ENOSPC, apsw.SQLITE_IOERR_WRITE, False, True),
        (apsw.IOError, errno.EDQUOT, apsw.SQLITE_IOERR_SHMSIZE, False, True),
        (apsw.IOError, errno.EDQUOT, apsw.SQLITE_IOERR_FSYNC, True, True),
        (apsw.IOError, errno.ENOSPC, apsw.SQLITE_IOERR_FSYNC, False, False),
        (apsw.IOError, errno.EIO, apsw.SQLITE_IOERR_WRITE, True, False),
        (apsw.IOError, errno.EIO, apsw.SQLITE_IOERR_FSYNC, False, False),
        (apsw.CorruptError, 0, 0, False, False),
    ],
)
def test_only_an_error_that_leaves_the_disk_as_it_was_passes(
    error: type[apsw.Error], number: int, code: int, is_checkpoint: bool, is_passing: bool
) -> None:
    raised = error("it failed")
    raised.extendedresult = code  # type: ignore[attr-defined]
    found = passing_error(raised, system_errno=number, is_checkpoint=is_checkpoint)
    assert (found is not None) == is_passing
