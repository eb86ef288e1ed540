"""A hundred cuts, a hundred kills, a thousand flipped bits, a full disk: what the transfers promise, in numbers."""

import errno
import os
import random
import signal
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from storage_tui import Storage
from storage_tui.client.batch.plan import is_same
from storage_tui.client.control import TransferControl
from storage_tui.client.transfer.journal import Journal
from storage_tui.contract import checksum
from storage_tui.contract.errors import ChecksumError, LocalFileError
from storage_tui.machine import directories
from tests import wanted
from tests.client.moving import transfer_process
from tests.effort import count
from tests.faults.proxy import Fault, FaultProxy
from tests.server.running import RunningServer

MIB = 1024 * 1024
SIZE = 256 * MIB + 12_345
CUTS = count(5, 100)
KILLS = count(4, 100)
FLIPS = count(60, 1000)  # half of them each way
# What a cut may cost: the bytes that had left one side and were not counted by the other. The largest terms are what
# the two sockets and the proxy hold (up to 6 MiB each way on Linux) and what is read or written at once (1 MiB).
CHUNK = 16 * MIB
HEAD = 4096

pytestmark = [pytest.mark.slow, pytest.mark.timeout(180), pytest.mark.usefixtures("hasty")]


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("large") / "source"
    block = random.Random(5).randbytes(16 * MIB)
    with path.open("wb") as file:
        for start in range(0, SIZE, len(block)):
            file.write(block[start % 1000 :][: SIZE - start] + block[: start % 1000])
        file.truncate(SIZE)
    return path


def _crc(path: Path) -> str:
    crc = 0
    with path.open("rb") as file:
        while chunk := file.read(4 * MIB):
            crc = checksum.extend(crc, chunk)
    return checksum.encode(crc)


@pytest.mark.parametrize("is_up", [True, False], ids=["upload", "download"])
def test_cuts_end_with_equal_checksums_and_a_chunk_resent_for_each(
    behind: Storage, storage: Storage, proxy: FaultProxy, large: Path, tmp_path: Path, is_up: bool
) -> None:
    behind.describe()
    proxy.cut_all()
    step = SIZE // (CUTS + 2)
    if not is_up:
        storage.set_file("k", large)
    # Each connection may carry `step` more than the server surely keeps, so that there are at least CUTS of them.
    proxy.faults += [Fault(cut_up=step) if is_up else Fault(cut_down=step)] * CUTS
    if is_up:
        behind.set_file("k", large)
        moved = proxy.bytes_up
    else:
        behind.get_file("k", tmp_path / "k")
        moved = proxy.bytes_down
        assert _crc(tmp_path / "k") == _crc(large)
    assert proxy.connections >= CUTS and not proxy.faults
    resent = moved - SIZE
    print(f"{'upload' if is_up else 'download'}: {CUTS} cuts, {resent / CUTS / MIB:.2f} MiB resent a cut")
    assert resent <= CUTS * (CHUNK + HEAD)
    assert storage.stat("k").crc32c == _crc(large)


def _wait_for_entry() -> None:
    """Until the process has begun: one that is killed before it got the first bytes has nothing to go on with."""
    for _ in range(2000):
        if any((directories.state_dir() / "transfers").glob("*.json")):
            return
        threading.Event().wait(0.005)
    raise AssertionError("no entry was written")


@pytest.mark.timeout(300)
@pytest.mark.parametrize("is_up", [True, False], ids=["upload", "download"])
def test_kills_leave_nothing_under_the_name_and_every_one_is_gone_on_with(
    storage: Storage, proxy: FaultProxy, token: str, large: Path, tmp_path: Path, is_up: bool
) -> None:
    if not is_up:
        storage.set_file("k", large)
    target = tmp_path / "k"
    verb, path = ("set_file", large) if is_up else ("get_file", target)
    step = SIZE // (KILLS + 2)
    carried: list[int] = []
    for _ in range(KILLS):
        before = proxy.bytes_up if is_up else proxy.bytes_down
        # A stall tells that the transfer is midway; the server keeps what came before it when the connection ends.
        proxy.default = Fault(stall_up=step) if is_up else Fault(stall_down=step)
        process = transfer_process(proxy.url, token, verb, path)
        proxy.stalled.get(timeout=60)
        _wait_for_entry()
        process.send_signal(signal.SIGKILL)
        process.wait()
        proxy.cut_all()
        carried.append((proxy.bytes_up if is_up else proxy.bytes_down) - before)
        assert not storage.exists("k") if is_up else not target.exists()
        assert [row.key for row in Journal(directories.state_dir()).unfinished()] == ["k"]
    proxy.default = Fault()
    control = TransferControl()
    before = proxy.bytes_up if is_up else proxy.bytes_down
    with Storage(proxy.url, token=token) as client:
        [left] = client.unfinished()
        client.resume(left, control=control)
    last = (proxy.bytes_up if is_up else proxy.bytes_down) - before
    resent = sum(carried) + last - SIZE
    print(f"{verb}: {KILLS} kills, {resent / KILLS / MIB:.2f} MiB resent a kill, {control.note}")
    assert control.note.startswith("resumed at")
    assert resent <= KILLS * (CHUNK + HEAD)
    assert storage.stat("k").crc32c == _crc(large if is_up else target) == _crc(large)
    assert Journal(directories.state_dir()).unfinished() == []
    assert [row.name for row in tmp_path.iterdir()] == ([] if is_up else ["k"])


@pytest.mark.parametrize("is_up", [True, False], ids=["upload", "download"])
def test_every_flipped_bit_is_found(
    storage: Storage, proxy: FaultProxy, token: str, tmp_path: Path, is_up: bool
) -> None:
    chance = random.Random(11)
    sizes = (1, 700, 10_000, 100_000, 2 * MIB)
    found = 0
    with Storage(proxy.url, token=token) as behind:
        behind.describe()
        for number in range(FLIPS // 2):
            size = sizes[number % len(sizes)]
            content = chance.randbytes(size)
            if not is_up:
                storage.set("k", content)
            # Which byte of the connection is the first of the body is seen from a transfer without fault.
            proxy.cut_all()
            proxy.wait_until_closed()
            before = proxy.bytes_up if is_up else proxy.bytes_down
            if is_up:
                behind.set(f"n{number:05}", content)
            else:
                behind.get_file("k", tmp_path / "good")
            proxy.cut_all()
            proxy.wait_until_closed()
            first = (proxy.bytes_up if is_up else proxy.bytes_down) - before - size
            if size > MIB and is_up:
                first = HEAD  # it goes in two requests, the head of each far shorter than this
            flip = first + chance.randrange(max(1, size - 2 * HEAD if size > MIB else size))
            proxy.faults.append(Fault(flip_up=flip) if is_up else Fault(flip_down=flip))
            try:
                behind.set(f"m{number:05}", content) if is_up else behind.get_file("k", tmp_path / "bad")
            except ChecksumError:
                found += 1
            assert not storage.exists(f"m{number:05}") if is_up else not (tmp_path / "bad").exists()
            proxy.faults.clear()
    print(f"{found} of {FLIPS // 2} flipped bits found")
    assert found == FLIPS // 2


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    folder = tmp_path / "small"
    folder.mkdir()
    command = [wanted.program("mount"), "-t", "tmpfs", "-o", "size=24m", "tmpfs", str(folder)]
    if os.geteuid() != 0 or subprocess.run(command, capture_output=True).returncode:
        pytest.skip("NOT PROVEN HERE: a full disk needs root and a machine that mounts a small tmpfs")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


def test_a_full_disk_is_one_clear_line_and_the_download_goes_on_with_room(
    storage: Storage, small_disk: Path, tmp_path: Path
) -> None:
    content = random.Random(1).randbytes(20 * MIB)
    storage.set("k", content)
    ballast = small_disk / "ballast"
    ballast.write_bytes(bytes(10 * MIB))
    with pytest.raises(LocalFileError) as caught:
        storage.get_file("k", small_disk / "k")
    assert caught.value.message == "no room left on the disk for 'k'; make room and run it again to continue from here"
    assert isinstance(caught.value.__cause__, OSError) and caught.value.__cause__.errno == errno.ENOSPC
    assert not (small_disk / "k").exists()
    [left] = storage.unfinished()
    assert (left.done_bytes() or 0) >= 12 * MIB
    ballast.unlink()
    control = TransferControl()
    storage.resume(left, control=control)
    assert control.note.startswith("resumed at")
    assert (small_disk / "k").read_bytes() == content
    assert [path.name for path in small_disk.iterdir()] == ["k"]


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
@pytest.mark.parametrize("is_up", [True, False], ids=["upload", "download"])
def test_a_server_that_restarts_midway_is_waited_for(tmp_path: Path, large: Path, is_up: bool, number: int) -> None:
    server = RunningServer(tmp_path / "store")
    server.data_dir.mkdir(mode=0o700)
    server.start()
    target = tmp_path / "k"
    with FaultProxy(server.url) as proxy, Storage(proxy.url, token=server.token(), retries=12) as client:
        client.describe()
        if not is_up:
            client.set_file("k", large)
        proxy.cut_all()
        proxy.faults.append(Fault(stall_up=SIZE // 2) if is_up else Fault(stall_down=SIZE // 2))
        verb, path = ("set_file", large) if is_up else ("get_file", target)
        moving = transfer_process(proxy.url, server.token(), verb, path)
        proxy.stalled.get(timeout=60)
        server.stop(number)
        server.start()
        proxy.cut_all()
        proxy.release()
        assert moving.wait(60) == 0
        assert is_same(large if is_up else target, client.stat("k"), TransferControl())
    server.stop()
