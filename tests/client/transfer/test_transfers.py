"""Blobs that move through connections that break: both ways, with equal checksums in the end."""

import hashlib
import io
import os
import signal
from pathlib import Path

import pytest

from storage_tui import Storage
from storage_tui.client.control import TransferControl
from storage_tui.contract.errors import (
    ChecksumError,
    DeadlineError,
    LocalFileError,
    UnavailableError,
)
from tests.client.moving import HEAD, MIB, SIZE, in_thread, only
from tests.faults.proxy import Fault, FaultProxy
from tests.server.running import RunningServer

pytestmark = pytest.mark.usefixtures("hasty")


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
    assert only(tmp_path, "k")
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
    assert only(tmp_path)


def test_a_blob_overwritten_under_a_download_is_started_over(
    behind: Storage, storage: Storage, proxy: FaultProxy, content: bytes, tmp_path: Path
) -> None:
    storage.set("k", content)
    proxy.faults.append(Fault(stall_down=9_000_000, cut_down=9_000_001))
    control = TransferControl()
    done = in_thread(lambda: behind.get_file("k", tmp_path / "k", control=control))
    proxy.stalled.get(timeout=30)
    storage.set("k", content[::-1])
    proxy.release()
    assert done().size_bytes == SIZE
    assert (tmp_path / "k").read_bytes() == content[::-1]
    assert control.note == "blob changed, started over"
    proxy.cut_all()


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
        done = in_thread(lambda: behind.set_file("k", source))
        proxy.stalled.get(timeout=30)
        change()
        proxy.default = Fault()
        proxy.cut_all()
        with pytest.raises(LocalFileError, match=r"changed|shorter"):
            done()
    assert not storage.exists("k")


def test_a_server_that_restarts_under_a_transfer_is_waited_for(tmp_path: Path, content: bytes, source: Path) -> None:
    server = RunningServer(tmp_path / "store")
    server.data_dir.mkdir(mode=0o700)
    server.start()
    with FaultProxy(server.url) as proxy, Storage(proxy.url, token=server.token(), retries=14) as client:
        client.describe()
        proxy.cut_all()
        proxy.faults.append(Fault(stall_up=9_000_000))
        done = in_thread(lambda: client.set_file("k", source))
        proxy.stalled.get(timeout=30)
        server.stop(signal.SIGKILL)
        server.start()
        proxy.release()
        proxy.cut_all()
        assert done().size_bytes == SIZE
        assert hashlib.sha256(client.get("k")).digest() == hashlib.sha256(content).digest()
    server.stop()
