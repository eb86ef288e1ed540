"""Blobs that move through connections that break: both ways, with equal checksums in the end."""

import errno
import hashlib
import io
import os
import random
import signal
import stat
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from storage_tui import AsyncStorage, Storage
from storage_tui.client.control import TransferControl
from storage_tui.contract.errors import (
    CancelledError,
    ChecksumError,
    DeadlineError,
    LocalFileError,
    StorageError,
    UnavailableError,
)
from tests.faults.proxy import Fault, FaultProxy
from tests.server.running import RunningServer

pytestmark = pytest.mark.usefixtures("hasty")

SIZE = 24 * 1024 * 1024 + 12_345
MIB = 1024 * 1024
HEAD = 4096  # more than the headers of any request here


@pytest.fixture(scope="module")
def content() -> bytes:
    return random.Random(7).randbytes(SIZE)


def _only(folder: Path, *names: str) -> bool:
    return sorted(path.name for path in folder.iterdir()) == sorted(names)


def test_an_upload_goes_on_after_cuts(
    storage: Storage, proxy: FaultProxy, token: str, source: Path, content: bytes
) -> None:
    proxy.faults += [Fault(cut_up=HEAD + n * 100_000) for n in range(1, 30)]
    control = TransferControl()
    # A busy server may not have read a byte of what a reset connection brought, several times in a row.
    with Storage(proxy.url, token=token, retries=29) as behind:
        blob = behind.set_file("k", source, control=control)
    assert storage.get("k") == content
    assert blob.size_bytes == control.done_bytes == control.total_bytes == SIZE
    assert control.phase == "verified" and control.note.startswith("resumed at")


def test_a_stream_of_unknown_length_goes_on_after_cuts(
    behind: Storage, storage: Storage, proxy: FaultProxy, content: bytes
) -> None:
    proxy.faults += [Fault(cut_up=HEAD + n * 300_000) for n in range(1, 20)]
    behind.set("k", (content[start : start + 77_777] for start in range(0, SIZE, 77_777)))
    assert storage.get("k") == content


def test_a_download_goes_on_after_cuts(
    behind: Storage, storage: Storage, proxy: FaultProxy, content: bytes, tmp_path: Path
) -> None:
    storage.set("k", content)
    proxy.faults += [Fault(cut_down=HEAD + n * 100_000) for n in range(1, 30)]
    control = TransferControl()
    blob = behind.get_file("k", tmp_path / "k", control=control)
    assert (tmp_path / "k").read_bytes() == content
    assert blob.size_bytes == control.done_bytes == SIZE and control.phase == "verified"
    assert _only(tmp_path, "k")
    assert proxy.bytes_down < SIZE + 30 * (MIB + HEAD), "more than a chunk was fetched again per cut"


def test_a_download_into_a_file_object_and_a_stream_go_on_too(
    behind: Storage, storage: Storage, proxy: FaultProxy, content: bytes
) -> None:
    storage.set("k", content)
    proxy.faults += [Fault(cut_down=3_000_000)] * 5
    sink = io.BytesIO()
    behind.get_file("k", sink)
    assert sink.getvalue() == content
    proxy.faults += [Fault(cut_down=3_000_000)] * 5
    proxy.cut_all()
    with behind.stream("k") as chunks:
        assert b"".join(chunks) == content


@pytest.mark.parametrize("is_up", [True, False], ids=["upload", "download"])
@pytest.mark.parametrize(
    "faults",
    [
        [Fault(refuse=True)],
        [Fault(answer=b"HTTP/1.1 503 X\r\nContent-Length: 0\r\nConnection: close\r\nRetry-After: 0\r\n\r\n")],
        [Fault(answer=b"HTTP/1.1 500 X\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")],
        [Fault(answer=b"nonsense\r\n\r\n")],
        [Fault(answer=b"")],
        [Fault(pace_bytes=9000)],
        [Fault(cut_up=1), Fault(cut_down=1), Fault(refuse=True)],
    ],
    ids=["refused", "503", "500", "nonsense", "hung up", "slow", "several"],
)
def test_a_passing_fault_is_outlived(
    behind: Storage, storage: Storage, proxy: FaultProxy, source: Path, content: bytes, is_up: bool, faults: list[Fault]
) -> None:
    storage.set("k", content)
    proxy.faults += faults
    if is_up:
        behind.set_file("k", source)
        assert storage.get("k") == content
    else:
        target = source.with_name("target")
        behind.get_file("k", target)
        assert target.read_bytes() == content


def test_a_fault_that_stays_ends_the_transfer_with_its_error(
    behind: Storage, storage: Storage, proxy: FaultProxy, source: Path, tmp_path: Path
) -> None:
    storage.set("k", b"old")
    proxy.default = Fault(answer=b"HTTP/1.1 503 X\r\nContent-Length: 4\r\nConnection: close\r\n\r\nbusy")
    for call in (lambda: behind.set_file("k", source), lambda: behind.get_file("k", tmp_path / "target")):
        with pytest.raises(UnavailableError, match="busy"):
            call()
    assert storage.get("k") == b"old" and not (tmp_path / "target").exists()


def test_a_stalled_connection_ends_at_the_deadline(
    storage: Storage, proxy: FaultProxy, token: str, content: bytes, tmp_path: Path
) -> None:
    storage.set("k", content)
    proxy.default = Fault(stall_down=2_000_000)
    with Storage(proxy.url, token=token, timeout_s=0.3, retries=0) as hasty, pytest.raises(DeadlineError):
        hasty.get_file("k", tmp_path / "k")
    with Storage(proxy.url, token=token, timeout_s=0.3) as patient:
        patient.get_file("k", tmp_path / "k")  # two million bytes a try are progress
    assert (tmp_path / "k").read_bytes() == content


@pytest.mark.parametrize("offset", [HEAD, 5_000_000, SIZE - 10_000])
def test_a_bit_that_flips_on_the_way_up_never_becomes_a_blob(
    behind: Storage, storage: Storage, proxy: FaultProxy, source: Path, offset: int
) -> None:
    storage.set("k", b"old")
    behind.describe()
    proxy.cut_all()
    proxy.default = Fault(flip_up=offset)
    with pytest.raises(ChecksumError):
        behind.set_file("k", source)
    assert storage.get("k") == b"old"


def test_a_small_value_that_arrives_damaged_is_refused_too(
    behind: Storage, storage: Storage, proxy: FaultProxy
) -> None:
    behind.describe()
    proxy.cut_all()
    proxy.default = Fault(flip_up=60_000)
    with pytest.raises(ChecksumError):
        behind.set("k", bytes(100_000))
    assert not storage.exists("k")


@pytest.mark.parametrize("offset", [HEAD, 5_000_000, SIZE - 10_000])
def test_a_bit_that_flips_on_the_way_down_leaves_no_file(
    behind: Storage, storage: Storage, proxy: FaultProxy, content: bytes, tmp_path: Path, offset: int
) -> None:
    storage.set("k", content)
    proxy.default = Fault(flip_down=offset)
    calls = (
        lambda: behind.get_file("k", tmp_path / "k"),
        lambda: behind.get_file("k", io.BytesIO()),
        lambda: behind.get("k"),
    )
    for call in calls:
        with pytest.raises(ChecksumError):
            call()
        proxy.cut_all()
    assert _only(tmp_path)


def test_a_blob_overwritten_under_a_download_is_started_over(
    behind: Storage, storage: Storage, proxy: FaultProxy, content: bytes, tmp_path: Path
) -> None:
    storage.set("k", content)
    proxy.faults.append(Fault(stall_down=9_000_000, cut_down=9_000_001))
    control = TransferControl()
    done = _in_thread(lambda: behind.get_file("k", tmp_path / "k", control=control))
    proxy.stalled.get(timeout=30)
    storage.set("k", content[::-1])
    proxy.release()
    assert done().size_bytes == SIZE
    assert (tmp_path / "k").read_bytes() == content[::-1]
    assert control.note == "blob changed, started over"
    proxy.cut_all()


def _in_thread(work: Callable[[], Any]) -> Callable[[], Any]:
    outcome: list[Any] = []

    def call() -> None:
        try:
            outcome.append(work())
        except BaseException as exc:
            outcome.append(exc)

    thread = threading.Thread(target=call)
    thread.start()

    def result() -> Any:
        thread.join(60)
        assert not thread.is_alive()
        if isinstance(outcome[0], BaseException):
            raise outcome[0]
        return outcome[0]

    return result


@pytest.mark.parametrize("is_up", [True, False], ids=["upload", "download"])
def test_cancel_ends_a_stalled_transfer_at_once(
    behind: Storage, storage: Storage, proxy: FaultProxy, source: Path, content: bytes, is_up: bool
) -> None:
    storage.set("k", content)
    target = source.with_name("target")
    proxy.default = Fault(stall_up=6_000_000, stall_down=6_000_000)
    control = TransferControl()
    if is_up:
        done = _in_thread(lambda: behind.set_file("new", source, control=control))
    else:
        done = _in_thread(lambda: behind.get_file("k", target, control=control))
    proxy.stalled.get(timeout=30)
    control.cancel()
    with pytest.raises(CancelledError):
        done()
    proxy.release()
    assert _only(source.parent, "source") and not storage.exists("new")


@pytest.mark.parametrize("is_up", [True, False], ids=["upload", "download"])
def test_pause_lets_go_of_the_connection_and_resume_goes_on(
    behind: Storage, storage: Storage, proxy: FaultProxy, source: Path, content: bytes, is_up: bool
) -> None:
    storage.set("k", content)
    target = source.with_name("target")
    proxy.faults.append(Fault(stall_up=6_000_000, stall_down=6_000_000))
    control = TransferControl()
    if is_up:
        done = _in_thread(lambda: behind.set_file("k", source, control=control))
    else:
        done = _in_thread(lambda: behind.get_file("k", target, control=control))
    proxy.stalled.get(timeout=30)
    connections = proxy.connections
    control.pause()
    proxy.release()
    control.resume()
    done()
    assert (storage.get("k") if is_up else target.read_bytes()) == content
    assert proxy.connections > connections and control.phase == "verified"


def test_what_is_cancelled_before_it_starts_sends_nothing(behind: Storage, proxy: FaultProxy, source: Path) -> None:
    control = TransferControl()
    control.cancel()
    with pytest.raises(CancelledError):
        behind.set_file("k", source, control=control)
    with pytest.raises(CancelledError):
        behind.get_file("k", source.with_name("t"), control=control)
    assert proxy.connections == 0


async def test_cancelling_the_task_cancels_the_transfer(
    proxy: FaultProxy, storage: Storage, token: str, source: Path
) -> None:
    import asyncio

    proxy.default = Fault(stall_up=6_000_000)
    async with AsyncStorage(proxy.url, token=token) as client:
        task = asyncio.create_task(client.set_file("k", source))
        await asyncio.to_thread(proxy.stalled.get, timeout=30)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
    proxy.release()
    assert not await asyncio.to_thread(storage.exists, "k")


@pytest.mark.parametrize("storage_type", ["data", "products"])
@pytest.mark.parametrize("size_bytes", [0, 1000, 5 * MIB])
def test_an_upload_whose_answer_was_lost_is_found_done(
    behind: Storage, storage: Storage, proxy: FaultProxy, storage_type: str, size_bytes: int
) -> None:
    behind.describe()
    content = bytes(size_bytes)
    for number, cut_down in enumerate((1, 150, 300, 450, 600, 900)):  # into one answer or another
        proxy.cut_all()
        proxy.faults.append(Fault(cut_down=cut_down))
        behind.set(f"k{number}", content, storage_type)
        assert storage.get(f"k{number}", storage_type) == content


def test_a_source_that_changes_while_it_is_read_is_an_error(
    behind: Storage, storage: Storage, proxy: FaultProxy, source: Path
) -> None:
    for change in (lambda: os.utime(source, (1, 1)), lambda: os.truncate(source, 9_000_000)):
        proxy.default = Fault(stall_up=6_000_000)
        proxy.cut_all()
        done = _in_thread(lambda: behind.set_file("k", source))
        proxy.stalled.get(timeout=30)
        change()
        proxy.default = Fault()
        proxy.cut_all()
        with pytest.raises(LocalFileError, match=r"changed|shorter"):
            done()
    assert not storage.exists("k")


def test_a_later_process_goes_on_with_what_an_earlier_one_left(
    behind: Storage, storage: Storage, proxy: FaultProxy, content: bytes, tmp_path: Path
) -> None:
    storage.set("k", content)
    control = TransferControl()
    proxy.faults.append(Fault(stall_down=16_000_000))
    done = _in_thread(lambda: behind.get_file("k", tmp_path / "k", control=control))
    proxy.stalled.get(timeout=30)
    control.cancel(keep=True)
    with pytest.raises(CancelledError):
        done()
    proxy.cut_all()  # what the held connection still has must not count below
    proxy.release()
    parts = list(tmp_path.iterdir())
    assert len(parts) == 2 and all(stat.S_IMODE(path.stat().st_mode) == 0o600 for path in parts)
    before = proxy.bytes_down
    again = TransferControl()
    behind.get_file("k", tmp_path / "k", control=again)
    assert (tmp_path / "k").read_bytes() == content and _only(tmp_path, "k")
    assert again.note.startswith("resumed at") and proxy.bytes_down - before < SIZE - control.done_bytes + HEAD


@pytest.mark.parametrize("damage", ["flipped", "longer", "other blob"])
def test_an_earlier_part_that_is_of_no_use_is_started_over(
    behind: Storage, storage: Storage, proxy: FaultProxy, content: bytes, tmp_path: Path, damage: str
) -> None:
    storage.set("k", content)
    control = TransferControl()
    proxy.faults.append(Fault(stall_down=16_000_000))
    done = _in_thread(lambda: behind.get_file("k", tmp_path / "k", control=control))
    proxy.stalled.get(timeout=30)
    control.cancel(keep=True)
    with pytest.raises(CancelledError):
        done()
    proxy.release()
    part = next(path for path in tmp_path.iterdir() if path.suffix == ".part")
    if damage == "flipped":
        with part.open("r+b") as file:
            file.write(b"\xff" * 100)
    elif damage == "longer":
        os.truncate(part, SIZE + 100)
    else:
        content = content[::-1]
        storage.set("k", content)
    behind.get_file("k", tmp_path / "k")
    assert (tmp_path / "k").read_bytes() == content and _only(tmp_path, "k")


def test_a_process_that_is_killed_leaves_nothing_under_the_name_and_the_next_goes_on(
    storage: Storage, proxy: FaultProxy, token: str, content: bytes, tmp_path: Path
) -> None:
    storage.set("k", content)
    target = tmp_path / "k"
    script = f"from storage_tui import Storage\nStorage({proxy.url!r}, token={token!r}).get_file('k', {str(target)!r})"
    for count in range(1, 4):
        proxy.faults.append(Fault(stall_down=5_000_000))
        process = subprocess.Popen([sys.executable, "-c", script])
        proxy.stalled.get(timeout=30)
        process.send_signal(signal.SIGKILL)
        process.wait()
        assert not target.exists() and len(list(tmp_path.glob("*.part"))) == 1, count
    proxy.release()
    control = TransferControl()
    with Storage(proxy.url, token=token) as client:
        client.get_file("k", target, control=control)
    assert target.read_bytes() == content and _only(tmp_path, "k")
    assert control.note.startswith("resumed at")


def test_without_resume_nothing_is_left_behind(
    proxy: FaultProxy, storage: Storage, token: str, content: bytes, tmp_path: Path
) -> None:
    storage.set("k", content)
    proxy.default = Fault(cut_down=9_000_000)
    with Storage(proxy.url, token=token, retries=0) as client, pytest.raises(StorageError):
        client.get_file("k", tmp_path / "k", resume=False)
    assert _only(tmp_path)


def test_a_full_disk_is_one_sentence_and_the_download_goes_on_later(
    storage: Storage, content: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    storage.set("k", content)
    write = os.pwrite

    def full(descriptor: int, chunk: Any, position: int) -> int:
        if position >= 12 * MIB:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return write(descriptor, chunk, position)

    with monkeypatch.context() as patched:
        patched.setattr(os, "pwrite", full)
        with pytest.raises(
            LocalFileError, match="no room left on the disk for 'k'; make room and run it again to go on"
        ):
            storage.get_file("k", tmp_path / "k")
    assert not (tmp_path / "k").exists()
    control = TransferControl()
    storage.get_file("k", tmp_path / "k", control=control)
    assert control.note.startswith("resumed at") and (tmp_path / "k").read_bytes() == content
    assert _only(tmp_path, "k")


def test_only_a_regular_file_is_written(storage: Storage, tmp_path: Path) -> None:
    storage.set("k", b"new")
    (tmp_path / "folder").mkdir()
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "there").write_bytes(b"kept")
    (tmp_path / "link").symlink_to("there")
    for name, kind in (("folder", "a folder"), ("pipe", "a pipe"), ("link", "a symbolic link")):
        with pytest.raises(LocalFileError, match=kind):
            storage.get_file("k", tmp_path / name)
    with pytest.raises(LocalFileError):
        storage.get_file("k", tmp_path / "missing" / "k")
    with pytest.raises(LocalFileError):
        storage.get_file("k", tmp_path / ("x" * 300))
    with pytest.raises(LocalFileError, match="a device"):
        storage.get_file("k", "/dev/null")
    assert (tmp_path / "there").read_bytes() == b"kept"
    assert _only(tmp_path, "folder", "pipe", "there", "link")


def test_an_existing_file_keeps_its_permissions_and_a_new_one_takes_the_umask(storage: Storage, tmp_path: Path) -> None:
    storage.set("k", b"new")
    (tmp_path / "old").write_bytes(b"old")
    (tmp_path / "old").chmod(0o640)
    mask = os.umask(0o027)
    try:
        storage.get_file("k", tmp_path / "old")
        storage.get_file("k", tmp_path / "new")
    finally:
        os.umask(mask)
    assert stat.S_IMODE((tmp_path / "old").stat().st_mode) == 0o640
    assert stat.S_IMODE((tmp_path / "new").stat().st_mode) == 0o640
    assert (tmp_path / "old").read_bytes() == b"new"


def test_a_name_of_full_length_can_be_downloaded(storage: Storage, tmp_path: Path) -> None:
    storage.set("k", b"new")
    name = "é" * 127
    storage.get_file("k", tmp_path / name)
    assert (tmp_path / name).read_bytes() == b"new"


@pytest.mark.parametrize("kind", ["missing", "folder", "pipe", "denied name"])
def test_what_cannot_be_uploaded_is_refused_with_a_sentence(storage: Storage, tmp_path: Path, kind: str) -> None:
    path = tmp_path / "x"
    if kind == "folder":
        path.mkdir()
    elif kind == "pipe":
        os.mkfifo(path)
    elif kind == "denied name":
        path = Path("a\0b")
    with pytest.raises(LocalFileError):
        storage.set_file("k", path)
    assert not storage.exists("k")


def test_a_server_that_restarts_under_a_transfer_is_waited_for(tmp_path: Path, content: bytes, source: Path) -> None:
    server = RunningServer(tmp_path / "store")
    server.data_dir.mkdir(mode=0o700)
    server.start()
    with FaultProxy(server.url) as proxy, Storage(proxy.url, token=server.token(), retries=14) as client:
        client.describe()
        proxy.cut_all()
        proxy.faults.append(Fault(stall_up=9_000_000))
        done = _in_thread(lambda: client.set_file("k", source))
        proxy.stalled.get(timeout=30)
        server.stop(signal.SIGKILL)
        server.start()
        proxy.release()
        proxy.cut_all()
        assert done().size_bytes == SIZE
        assert hashlib.sha256(client.get("k")).digest() == hashlib.sha256(content).digest()
    server.stop()


def test_two_downloads_to_one_name_at_once_do_not_mix(
    behind: Storage, storage: Storage, proxy: FaultProxy, content: bytes, tmp_path: Path
) -> None:
    storage.set("k", content)
    proxy.faults.append(Fault(stall_down=12_000_000))
    first = _in_thread(lambda: behind.get_file("k", tmp_path / "k"))
    proxy.stalled.get(timeout=30)
    storage.set("k", content[::-1])
    with Storage(proxy.url, token=_token_of(behind)) as other:
        other.get_file("k", tmp_path / "k")
    assert (tmp_path / "k").read_bytes() == content[::-1]
    proxy.release()
    first()
    assert (tmp_path / "k").read_bytes() in (content, content[::-1]) and _only(tmp_path, "k")


def _token_of(client: Storage) -> str:
    return client._server.reach().token.reveal()


@pytest.mark.parametrize("kind", ["symlink", "symlink to nothing", "folder", "pipe", "hard link"])
def test_what_somebody_put_in_place_of_a_part_is_not_touched(
    behind: Storage, storage: Storage, proxy: FaultProxy, content: bytes, tmp_path: Path, kind: str
) -> None:
    from storage_tui.client.part_file import Purpose

    storage.set("k", content)
    precious = tmp_path / "precious"
    precious.write_bytes(b"kept")
    purpose = Purpose("k", behind.display_url, "data", "k")
    part = tmp_path / purpose.part_name(purpose.digest())
    {
        "symlink": lambda: part.symlink_to(precious),
        "symlink to nothing": lambda: part.symlink_to(tmp_path / "nothing"),
        "folder": part.mkdir,
        "pipe": lambda: os.mkfifo(part),
        "hard link": lambda: os.link(precious, part),
    }[kind]()
    behind.get_file("k", tmp_path / "k")
    assert (tmp_path / "k").read_bytes() == content and precious.read_bytes() == b"kept"
    assert _only(tmp_path, "k", "precious", part.name)
