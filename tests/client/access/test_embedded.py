"""The embedded server: found with nothing configured, shared, and harmed by no kill."""

import os
import resource
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from storage_tui import AsyncStorage, Storage
from storage_tui.contract.catalog import ImageId
from storage_tui.contract.errors import ConnectError, NotFoundError, StorageError
from storage_tui.machine import directories

CLIENT = """
import sys
from storage_tui import Storage
storage = Storage()
for line in sys.stdin:
    verb, key = line.split()
    if verb == "set":
        storage.set(key, key * 1000)
        print("set", flush=True)
    else:
        print(storage.get(key).decode() == key * 1000, flush=True)
"""


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A store of its own for each test, whose server leaves soon after its last client."""
    monkeypatch.setenv("STORAGE_TUI_HOME", str(tmp_path / "tui"))
    monkeypatch.setenv("STORAGE_TUI_LINGER", "0.1")
    yield tmp_path / "tui"
    pid = server_pid()
    if pid is not None:
        wait_until(lambda: not is_alive(pid))


def runtime() -> Path:
    return directories.runtime_dir(directories.data_dir())


def server_pid() -> int | None:
    """The process that owns the data directory now."""
    import json

    try:
        pid = int(json.loads((directories.data_dir() / "lock").read_text())["pid"])
    except (OSError, ValueError, KeyError):
        return None
    return pid if is_alive(pid) else None


def is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
        return "Z" not in Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (ProcessLookupError, FileNotFoundError):
        return False


def wait_until(condition: Callable[[], bool], timeout_s: float = 30) -> None:
    deadline = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < deadline
        threading.Event().wait(0.02)


class Client:
    """A client in a process of its own."""

    def __init__(self) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", CLIENT], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def ask(self, line: str) -> str:
        assert self.process.stdin is not None and self.process.stdout is not None
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()
        return self.process.stdout.readline().strip()

    def end(self, number: int = signal.SIGTERM) -> None:
        self.process.send_signal(number)
        self.process.wait()
        assert self.process.stdin is not None and self.process.stdout is not None
        self.process.stdin.close()
        self.process.stdout.close()


def test_two_clients_find_the_same_store_and_the_server_leaves_after_the_last() -> None:
    with Storage() as first, Storage() as second:
        assert first.is_embedded and str(directories.data_dir()) in first.display_url
        first.set("k", b"shared")
        assert second.get("k") == b"shared"
        pid = server_pid()
        assert pid is not None
    wait_until(lambda: not is_alive(pid))
    assert not (runtime() / "socket").exists()
    with Storage() as third:
        assert third.get("k") == b"shared"


async def test_the_asynchronous_client_joins_the_same_server() -> None:
    import asyncio

    async with AsyncStorage() as storage:
        await storage.set("k", b"1")
        assert storage.is_embedded and await storage.get("k") == b"1"

        def elsewhere() -> bytes:
            with Storage() as other:
                return other.get("k")

        assert await asyncio.to_thread(elsewhere) == b"1"


def test_many_starters_at_once_end_up_with_one_server() -> None:
    clients = [Client() for _ in range(4)]
    try:
        with ThreadPoolExecutor(4) as threads:
            assert list(threads.map(lambda n: clients[n].ask(f"set k{n}"), range(4))) == ["set"] * 4
        assert all(clients[n].ask(f"get k{3 - n}") == "True" for n in range(4))
    finally:
        for client in clients:
            client.end()


def test_threads_that_start_at_once_share_one_client() -> None:
    with Storage() as storage, ThreadPoolExecutor(8) as threads:
        list(threads.map(lambda n: storage.set(f"k{n}", bytes([n])), range(32)))
        assert list(threads.map(lambda n: storage.get(f"k{n}"), range(32))) == [bytes([n]) for n in range(32)]


def test_a_killed_server_is_started_again_by_the_next_call() -> None:
    with Storage(retries=0) as storage:
        for n in range(5):
            storage.set(f"k{n}", bytes([n]))
            pid = server_pid()
            assert pid is not None
            os.kill(pid, signal.SIGKILL)
            wait_until(lambda pid=pid: not is_alive(pid))  # type: ignore[misc]
            assert storage.get(f"k{n}") == bytes([n])
            assert server_pid() != pid
        assert storage.list() == [f"k{n}" for n in range(5)]


async def test_the_asynchronous_client_starts_a_killed_server_again_too() -> None:
    async with AsyncStorage(retries=0) as storage:
        await storage.set("k", b"1")
        pid = server_pid()
        assert pid is not None
        os.kill(pid, signal.SIGKILL)
        wait_until(lambda: not is_alive(pid))
        assert await storage.get("k") == b"1"
        assert len((await storage.list_page()).blobs) == 1


def test_a_server_killed_under_a_transfer_is_started_again_and_the_transfer_ends(tmp_path: Path) -> None:
    from storage_tui.client.control import TransferControl

    source = tmp_path / "source"
    source.write_bytes(os.urandom(1024 * 1024) * 96)
    with Storage(retries=8) as storage:
        storage.describe()
        control = TransferControl()
        with ThreadPoolExecutor(1) as thread:
            done = thread.submit(storage.set_file, "k", source, control=control)
            for share in (3, 2):
                wait_until(lambda share=share: control.done_bytes > 96 * 1024 * 1024 // (share + 1))  # type: ignore[misc]
                pid = server_pid()
                if pid is not None:
                    os.kill(pid, signal.SIGKILL)
                    wait_until(lambda pid=pid: not is_alive(pid))  # type: ignore[misc]
            assert done.result(60).size_bytes == source.stat().st_size
        storage.get_file("k", tmp_path / "target")
    assert (tmp_path / "target").read_bytes() == source.read_bytes()


def test_killed_clients_harm_nobody_and_are_not_waited_for() -> None:
    survivor = Client()
    try:
        assert survivor.ask("set k") == "set"
        for _ in range(3):
            other = Client()
            assert other.ask("get k") == "True"
            other.end(signal.SIGKILL)
        assert survivor.ask("get k") == "True"
        pid = server_pid()
        assert pid is not None
    finally:
        survivor.end(signal.SIGKILL)
    wait_until(lambda: not is_alive(pid))


def test_a_fork_has_its_own_connection_and_does_not_hold_the_server() -> None:
    with Storage() as storage:
        storage.set("k", b"1")
        child = os.fork()
        if child == 0:
            code = 1
            try:
                code = 0 if storage.get("k") == b"1" else 2
                storage.close()
            finally:
                os._exit(code)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
        assert storage.get("k") == b"1"


ONCE = """
import sys
from storage_tui import Storage
with Storage() as storage:
    storage.set(sys.argv[1], b"1")
    print(len(storage.list()), flush=True)
    sys.stdin.read()
"""


def run_elsewhere(folder: Path, key: str) -> subprocess.Popen[str]:
    """A client whose XDG_RUNTIME_DIR is another one; it stays until its input ends."""
    folder.mkdir(mode=0o700)
    environ = {**os.environ, "XDG_RUNTIME_DIR": str(folder)}
    return subprocess.Popen(
        [sys.executable, "-c", ONCE, key], env=environ, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )


def test_clients_of_several_logins_share_one_server(runtime_base: Path) -> None:
    with Storage() as storage:
        storage.set("k", b"1")
        pid = server_pid()
        with run_elsewhere(runtime_base / "cron", "cron") as other:
            assert other.stdout is not None and other.stdout.readline() == "2\n"
            assert server_pid() == pid
            storage.close()
            assert storage.get("cron") == b"1"  # the server stayed for the other one
            assert server_pid() == pid
            storage.close()
            other.communicate()
        assert other.returncode == 0
        wait_until(lambda: server_pid() is None)
        with run_elsewhere(runtime_base / "ssh", "ssh") as other:
            assert other.stdout is not None and other.stdout.readline() == "3\n"
            assert storage.get("ssh") == b"1"  # now it is the other's server that is joined
            other.communicate()
        assert other.returncode == 0 and storage.get("k") == b"1"


def test_clients_of_several_logins_may_start_at_once(runtime_base: Path) -> None:
    others = [run_elsewhere(runtime_base / str(number), f"k{number}") for number in range(4)]
    counts = [int(other.stdout.readline()) for other in others if other.stdout is not None]
    for other in others:
        other.communicate()
        assert other.returncode == 0
    assert len(counts) == 4 and max(counts) == 4


@pytest.mark.parametrize("note", ["", "[]", '{"socket": 5}', '{"socket": "/tmp/socket"}', '{"socket": "/none/socket"}'])
def test_a_note_that_leads_nowhere_is_passed_over(home: Path, note: str) -> None:
    (home / "data").mkdir(parents=True, mode=0o700)
    (home / "data" / "lock").write_text(note)
    with Storage() as storage:
        assert storage.list() == []


def test_the_runtime_directory_is_private() -> None:
    with Storage() as storage:
        storage.describe()
        assert runtime().stat().st_mode & 0o777 == 0o700
        for name in ("present", "socket", "token", "log"):
            assert (runtime() / name).stat().st_mode & 0o077 == 0, name


def test_a_runtime_directory_that_others_may_enter_is_refused() -> None:
    runtime().mkdir(parents=True, mode=0o700)
    runtime().chmod(0o755)
    with Storage() as storage, pytest.raises(ConnectError, match="chmod 700"):
        storage.describe()
    runtime().rmdir()
    runtime().symlink_to("/tmp")
    with Storage() as storage, pytest.raises(ConnectError, match="directory of your own"):
        storage.describe()
    runtime().unlink()


def test_a_store_that_cannot_be_opened_says_why(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("not a directory")
    with Storage(data_dir=tmp_path / "file") as storage, pytest.raises(ConnectError, match=r"cannot be started: ."):
        storage.describe()


def test_the_server_does_not_inherit_our_secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DESCARTESLABS_CLIENT_SECRET", "canary-5b1")
    with Storage() as storage:
        storage.describe()
        pid = server_pid()
        assert b"canary-5b1" not in Path(f"/proc/{pid}/environ").read_bytes()
        assert b"canary-5b1" not in Path(f"/proc/{pid}/cmdline").read_bytes()


def test_a_server_that_completion_starts_serves(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("_STORAGE_TUI_COMPLETE", "bash_complete")
    monkeypatch.setenv("STORAGE_TUI_WORDS", "storage-tui ls ")
    with Storage() as storage:
        assert storage.describe()
        assert b"_COMPLETE" not in Path(f"/proc/{server_pid()}/environ").read_bytes()


def test_a_token_of_an_earlier_server_is_read_anew() -> None:
    with Storage() as storage:
        storage.set("k", b"1")
        access = storage.engine.server.reach()
        (directories.data_dir() / "records" / "keys.record").unlink()
        pid = server_pid()
        assert pid is not None
        os.kill(pid, signal.SIGKILL)
        wait_until(lambda: not is_alive(pid))
        with Storage() as other:
            assert other.get("k") == b"1"
        assert storage.engine.server.ready() == access
        assert storage.get("k") == b"1"


def test_a_client_that_is_dropped_without_close_holds_nothing(recwarn: pytest.WarningsRecorder) -> None:
    import gc

    storage = Storage()
    storage.set("k", b"1")
    pid = server_pid()
    assert pid is not None
    del storage
    gc.collect()
    wait_until(lambda: not is_alive(pid))
    assert not [warning for warning in recwarn if issubclass(warning.category, ResourceWarning)]


def test_the_embedded_server_has_a_catalog() -> None:
    with Storage() as storage:
        assert "catalog" in storage.describe().features
        assert storage.find_image(ImageId("org:p", "scene")) is None
        with pytest.raises(NotFoundError, match="org:p:scene"):
            storage.delete_image(ImageId("org:p", "scene"))


def test_a_runtime_directory_that_cannot_be_used_is_named() -> None:
    runtime().mkdir(mode=0o700, parents=True)
    (runtime() / "present").mkdir()
    with Storage() as storage, pytest.raises(ConnectError, match=r"cannot use .*present"):
        storage.list()


def test_a_process_without_descriptors_left_says_so() -> None:
    with Storage() as storage:
        storage.list()  # so that all that is needed is loaded
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    with Storage() as storage:
        resource.setrlimit(resource.RLIMIT_NOFILE, (3, hard))
        try:
            with pytest.raises(ConnectError, match="Too many open files"):
                storage.list()
        finally:
            resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def test_no_url_of_the_embedded_store_is_given_away(tmp_path: Path) -> None:
    """Others cannot open it, and it would hold a secret."""
    with Storage(data_dir=tmp_path / "store") as storage:
        storage.set("k", b"1")
        for call in (storage.get_signed_url, storage.get_upload_url):
            with pytest.raises(StorageError, match="storage-tui serve"):
                call("k")


async def test_no_url_of_the_embedded_store_is_given_away_asynchronously(tmp_path: Path) -> None:
    async with AsyncStorage(data_dir=tmp_path / "store") as storage:
        for call in (storage.get_signed_url, storage.get_upload_url):
            with pytest.raises(StorageError, match="storage-tui serve"):
                await call("k")
