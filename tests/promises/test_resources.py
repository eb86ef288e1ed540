"""Disk, inodes, descriptors, memory run out: clear refusals, nothing lost, and all is well again without a restart."""

import contextlib
import os
import resource
import shutil
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import httpx
import psutil
import pytest

from storage_tui import Storage
from storage_tui.contract.errors import StorageError, StoreFullError, UnavailableError
from storage_tui.server.access.issued import list_issued
from storage_tui.server.run.serve import Bounds
from storage_tui.server.stores.local.files import Disk
from tests.effort import count
from tests.mounts import mounted, needs_mounts
from tests.server.catalog.cataloguing import call, document
from tests.server.running import RunningServer

MIB = 1024 * 1024
LIMIT = 256 * MIB  # of what a client or a server may hold while it moves a blob of any size

pytestmark = pytest.mark.slow


@contextlib.contextmanager
def serving(data_dir: Path) -> Iterator[tuple[RunningServer, Storage]]:
    server = RunningServer(data_dir)
    server.start()
    try:
        with Storage(server.url, token=server.token(), retries=0) as storage:
            yield server, storage
    finally:
        server.stop()


def fill(storage: Storage, size_bytes: int, *, most: int = 5000) -> int:
    """Store blobs until one is refused for want of room; how many fitted."""
    for number in range(most):
        try:
            storage.set(f"full/{number}", os.urandom(size_bytes))
        except (StoreFullError, UnavailableError) as exc:
            assert "\n" not in exc.message
            return number
    raise AssertionError("it never was full")


@needs_mounts
@pytest.mark.parametrize(
    ("options", "size_bytes"), [("size=64m", 300_000), ("size=40m", 20_000), ("nr_inodes=400", 100_000)],
    ids=["disk, files", "disk, rows", "inodes"],
)  # fmt: skip
def test_a_full_disk_refuses_and_takes_again_when_there_is_room(tmp_path: Path, options: str, size_bytes: int) -> None:
    with mounted(tmp_path / "small", options) as small, serving(small / "data") as (server, storage):
        storage.set("before", b"x" * 100_000)
        fitted = fill(storage, size_bytes)
        assert fitted > 5
        assert storage.get("before") == b"x" * 100_000
        assert len(list(storage.iter_list("full/"))) == fitted
        for number in range(fitted):  # to delete must work on a full disk
            storage.delete(f"full/{number}")
        assert fill(storage, size_bytes) > fitted // 2
        assert storage.get("before") == b"x" * 100_000
        assert server.process.poll() is None


def fill_entries(client: httpx.Client, size_bytes: int, *, most: int = 2000) -> int:
    """Save products until one is refused for want of room; how many fitted."""
    for number in range(most):
        answer = call(client, "POST", "/products", document("product", f"x:p{number}", name="x" * size_bytes))
        if answer.status_code != 201:
            assert answer.status_code == 507 and "/data" not in answer.text, answer.text
            return number
    raise AssertionError("it never was full")


def run_cli(*arguments: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        (sys.executable, "-m", "storage_tui", *map(str, arguments)), capture_output=True, text=True, check=False,
        timeout=60,
    )  # fmt: skip


@needs_mounts
@pytest.mark.parametrize("is_full_by_others", [False, True], ids=["by entries", "by another program"])
def test_a_full_disk_takes_deletes_and_revocations_of_every_kind(tmp_path: Path, is_full_by_others: bool) -> None:
    with mounted(tmp_path / "small", "size=96m") as small:
        server = RunningServer(small / "data", bounds=Bounds(sweep_s=0.2))
        server.start()
        try:
            with server.client("ann") as ann, server.client("bob") as bob:
                issued = list_issued(server.records())
                bob.put("/data/set/mine", content=b"x" * 100_000)
                bob.put("/tmp/set/other", content=b"x" * 1000)
                fitted = fill_entries(ann, 200_000)
                assert fitted > 200
                assert bob.put("/data/set/more", content=b"x" * 250_000).status_code == 507
                reserve = Disk(small).free_bytes()
                assert reserve > 15 * MIB, "what entries take leaves the reserve alone"
                if is_full_by_others:
                    fill_up(small / "of another program")
                    assert Disk(small).free_bytes() == 0
                assert ann.delete("/data/missing").status_code == 404
                assert bob.delete("/data/mine").status_code == 200
                assert bob.delete("/tmp/other").status_code == 200
                assert call(ann, "DELETE", "/products/x:p0").status_code == 200
                for token in issued:
                    done = run_cli("token", "revoke", token.token_id, "--data-dir", small / "data")
                    assert done.returncode == 0, done.stderr
                while bob.get("/data/list").status_code == 200:  # until the server has noticed
                    pass
                done = run_cli("token", "create", "eve", "--data-dir", small / "data")
                assert done.returncode == is_full_by_others, done.stderr
                assert ("no room" in done.stderr) == is_full_by_others and done.stderr.count("\n") <= 1
                assert server.process.poll() is None
            (small / "of another program").unlink(missing_ok=True)
            with server.client("ann") as again:
                for number in range(1, fitted):
                    assert call(again, "DELETE", f"/products/x:p{number}").status_code == 200
                assert fill_entries(again, 200_000) > fitted * 9 // 10
        finally:
            server.stop()
        assert "Traceback" not in server.log_text()


def fill_up(path: Path) -> None:
    """Take all the room that the disk has."""
    with path.open("wb", buffering=0) as file, contextlib.suppress(OSError):
        while True:
            file.write(bytes(65536))
    with path.open("ab", buffering=0) as file, contextlib.suppress(OSError):
        while True:
            file.write(bytes(512))


def test_a_server_with_few_descriptors_refuses_and_comes_back(tmp_path: Path) -> None:
    with serving(tmp_path / "data") as (server, storage):
        storage.set("k", b"x" * 100_000)
        resource.prlimit(server.process.pid, resource.RLIMIT_NOFILE, (64, 64))
        held: list[socket.socket] = []
        for _ in range(100):
            with contextlib.suppress(OSError):
                held.append(server.connect())
        for connection in held:
            with contextlib.suppress(OSError):
                connection.sendall(b"GET /storage/v1/data/get/k HTTP/1.1\r\nHost: x\r\n")
        for connection in held:
            connection.close()
        for _ in range(50):  # the queue of connections that nobody could take is worked off
            with contextlib.suppress(StorageError):
                assert storage.get("k") == b"x" * 100_000
                break
        else:
            raise AssertionError("it never came back")
        storage.set("k2", b"y" * 100_000)
        assert server.process.poll() is None


def highest_memory(process: int) -> int:
    """The most bytes of memory of its own a process ever had (VmHWM)."""
    with open(f"/proc/{process}/status") as file:  # noqa: PTH123
        return next(int(line.split()[1]) * 1024 for line in file if line.startswith("VmHWM"))


MOVE = """
import sys
from storage_tui import Storage
url, token, up, down = sys.argv[1:]
with Storage(url, token=token) as storage:
    storage.set_file("large", up)
    storage.get_file("large", down)
    assert storage.stat("large").crc32c
for line in open("/proc/self/status"):
    if line.startswith("VmHWM"):
        print(line.split()[1])
"""


@pytest.mark.skipif(sys.platform != "linux", reason="the highest memory of a process is read from /proc")
def test_a_large_blob_takes_little_memory_on_either_side(tmp_path: Path) -> None:
    size_bytes = count(192, 1024, 8192) * MIB
    if shutil.disk_usage(tmp_path).free < 3 * size_bytes:
        pytest.skip(f"this takes {3 * size_bytes // MIB:,} MiB of disk")
    source = tmp_path / "source"
    with source.open("wb") as file:
        file.truncate(size_bytes)
    with serving(tmp_path / "data") as (server, _):
        done = subprocess.run(
            (sys.executable, "-c", MOVE, server.url, server.token(), source, tmp_path / "target"),
            capture_output=True, text=True, check=True,
        )  # fmt: skip
        ours, theirs = int(done.stdout) * 1024, highest_memory(server.process.pid)
    assert (tmp_path / "target").stat().st_size == size_bytes
    (tmp_path / "target").unlink()
    shutil.rmtree(tmp_path / "data")
    print(f"{size_bytes // MIB:,} MiB each way: client {ours // MIB} MiB, server {theirs // MIB} MiB")
    assert ours < LIMIT and theirs < LIMIT


def test_many_uploads_at_once_among_idle_connections_all_arrive(tmp_path: Path) -> None:
    uploads, idle, piece = count(100, 500), count(300, 1500, 4000), os.urandom(MIB)
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = 2 * (uploads + idle) + 500
    if hard < wanted:
        pytest.skip(f"this takes {wanted} descriptors, and {hard} may be had")
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, wanted), hard))
    try:
        with serving(tmp_path / "data") as (server, storage):
            resource.prlimit(server.process.pid, resource.RLIMIT_NOFILE, (wanted, hard))
            slow = [server.connect() for _ in range(idle)]
            for connection in slow[: idle // 2]:
                connection.sendall(b"GET /storage/v1/data/list HTTP/1.1\r\nHost: x\r\n")  # and no more
            token = server.token()
            statuses: list[int] = []

            def upload(number: int) -> None:
                with httpx.Client(trust_env=False, timeout=90, headers={"Authorization": f"Bearer {token}"}) as client:
                    url = client.get(f"{server.url}/data/new_resumable_url/u{number}").text
                    statuses.append(client.put(url, content=piece).status_code)

            threads = [threading.Thread(target=upload, args=(number,)) for number in range(uploads)]
            for thread in threads:
                thread.start()
            listed = 0
            while any(thread.is_alive() for thread in threads):
                storage.list()  # others are served meanwhile
                listed += 1
            for thread in threads:
                thread.join()
            assert statuses == [200] * uploads
            assert len(list(storage.iter_list("u"))) == uploads
            for number in range(0, uploads, 50):
                assert storage.get(f"u{number}") == piece
            memory = psutil.Process(server.process.pid).memory_info().rss
            print(f"{uploads} uploads among {idle} idle connections: {listed} lists meanwhile, {memory // MIB} MiB")
            for connection in slow:
                connection.close()
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
