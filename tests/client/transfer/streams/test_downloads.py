"""Downloads over several streams: one file, whole, whatever breaks, ends or changes meanwhile."""

import json
import os
import signal
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from storage_tui import Storage
from storage_tui.client.control import TransferControl
from storage_tui.client.transfer.part_file import PartFile
from storage_tui.contract.errors import CancelledError, ChecksumError, LocalFileError, StorageError
from tests.client.moving import SIZE, in_thread, only
from tests.client.transfer.streams.eagerness import ALONE, EAGER, LONG, MIB, NEAR, QUICK, eager_process
from tests.faults.proxy import NONE, Fault, FaultProxy
from tests.waits import wait_until

pytestmark = pytest.mark.usefixtures("hasty")

SLOW = Fault(rate_bytes_s=3_000_000)


def find_note(folder: Path) -> dict[str, Any] | None:
    """The note beside the part in the folder, if it names ranges."""
    for path in folder.glob(".*.part.json"):
        found = json.loads(path.read_text())
        if found.get("ranges"):
            return dict(found)
    return None


def moved_bytes(note: dict[str, Any] | None) -> int:
    return 0 if note is None else sum(stop - start for start, stop in note["ranges"])


def test_a_long_link_for_each_connection_gets_more_of_them(
    behind: Storage, storage: Storage, proxy: FaultProxy, content: bytes, tmp_path: Path
) -> None:
    behind.engine.pace.rule = QUICK
    storage.set("k", content)
    proxy.default = LONG
    control = TransferControl()
    behind.get_file("k", tmp_path / "k", control=control)
    assert (tmp_path / "k").read_bytes() == content and only(tmp_path, "k")
    assert control.phase == "verified" and control.done_bytes == control.total_bytes == SIZE
    assert proxy.connections >= 3  # one for the beginning, and those of the streams


def test_a_near_server_that_is_slow_keeps_one_stream(
    behind: Storage, storage: Storage, proxy: FaultProxy, content: bytes, tmp_path: Path
) -> None:
    behind.engine.pace.rule = replace(QUICK, long_round_trip_s=30)  # whatever else runs on this machine
    storage.set("k", content)
    proxy.default = NEAR
    behind.get_file("k", tmp_path / "k")
    assert (tmp_path / "k").read_bytes() == content and only(tmp_path, "k")
    assert proxy.connections == 1  # the answer to the transfer itself was early enough


@pytest.mark.usefixtures("eager")
def test_several_streams_give_one_whole_file(
    make: Callable[..., Any], storage: Storage, proxy: FaultProxy, token: str, content: bytes, tmp_path: Path
) -> None:
    storage.set("k", content)
    client = make(proxy.url, token=token)
    proxy.default = SLOW
    client.get_file("k", tmp_path / "k")
    assert (tmp_path / "k").read_bytes() == content and only(tmp_path, "k")
    assert proxy.connections > 4


def test_what_a_stream_too_many_gives_back_is_moved_by_the_last_one(
    behind: Storage, storage: Storage, proxy: FaultProxy, content: bytes, tmp_path: Path
) -> None:
    """Each trial of a second stream fails at once, also when the first has nothing left to take."""
    behind.engine.pace.rule = replace(EAGER, gain=1e18, rest_s=0, least_left_bytes=0, least_share_bytes=2 * MIB)
    storage.set("k", content)
    for number in range(4):
        proxy.faults += [Fault(rate_bytes_s=20_000_000), *[Fault(rate_bytes_s=4_000_000)] * 3]
        behind.get_file("k", tmp_path / str(number))
        assert (tmp_path / str(number)).read_bytes() == content


@pytest.mark.usefixtures("eager")
@pytest.mark.parametrize("seed", range(4))
def test_each_stream_resumes_by_itself(
    behind: Storage, storage: Storage, proxy: FaultProxy, content: bytes, tmp_path: Path, seed: int
) -> None:
    storage.set("k", content)
    proxy.faults += [Fault(cut_down=700_000 + 150_000 * (number * (seed + 3) % 7)) for number in range(24)]
    behind.get_file("k", tmp_path / "k")
    assert (tmp_path / "k").read_bytes() == content and only(tmp_path, "k")
    assert proxy.bytes_down < 2 * SIZE


@pytest.mark.usefixtures("eager")
def test_a_process_that_is_killed_loses_a_little_of_each_stream(
    monkeypatch: pytest.MonkeyPatch, storage: Storage, proxy: FaultProxy, token: str, content: bytes, tmp_path: Path
) -> None:
    storage.set("k", content)
    proxy.default = SLOW
    with eager_process(proxy.url, token, "get_file", tmp_path / "k") as process:
        wait_until(
            lambda: moved_bytes(find_note(tmp_path)) > 8 * MIB or process.poll() is not None, "streams are under way"
        )
        process.send_signal(signal.SIGKILL)
    note = find_note(tmp_path)
    assert note is not None and len(note["ranges"]) > 1 and not (tmp_path / "k").exists()
    [part] = tmp_path.glob(".*.part")
    assert part.stat().st_size == SIZE
    with Storage(proxy.url, token=token) as other:
        [left] = other.unfinished()
    assert moved_bytes(note) <= (left.done_bytes() or 0) < SIZE
    proxy.default = NONE
    proxy.cut_all()
    proxy.wait_until_closed()
    before = proxy.bytes_down
    control = TransferControl()
    with Storage(proxy.url, token=token) as again:
        again.engine.pace.rule = ALONE  # several would share what is on its way already
        again.get_file("k", tmp_path / "k", control=control)
    assert (tmp_path / "k").read_bytes() == content and only(tmp_path, "k")
    assert control.note.startswith("resumed at")
    assert proxy.bytes_down - before < SIZE - moved_bytes(note) + 100_000


@pytest.mark.usefixtures("eager")
@pytest.mark.parametrize("damage", ["flipped", "shorter", "no ranges", "bad ranges", "strange ranges", "past the end"])
def test_an_earlier_part_of_no_use_is_started_over(
    behind: Storage, storage: Storage, proxy: FaultProxy, content: bytes, tmp_path: Path, damage: str
) -> None:
    storage.set("k", content)
    leave_ranges(behind, proxy, tmp_path)
    [part], [note] = tmp_path.glob(".*.part"), tmp_path.glob(".*.part.json")
    raw = json.loads(note.read_text())
    if damage == "flipped":
        with part.open("r+b") as file:
            file.write(bytes(100_000))
    elif damage == "shorter":
        os.truncate(part, 1_000_000)
    else:
        raw["ranges"] = {
            "no ranges": None, "bad ranges": [[5, 3]], "strange ranges": [["a", {}], 7], "past the end": [[0, SIZE + 1]]
        }[damage]  # fmt: skip
        note.write_text(json.dumps(raw))
    behind.get_file("k", tmp_path / "k")
    assert (tmp_path / "k").read_bytes() == content and only(tmp_path, "k")


def leave_ranges(behind: Storage, proxy: FaultProxy, folder: Path) -> None:
    """Stop a download of `k` over several streams, and keep its part."""
    control = TransferControl()
    proxy.default = SLOW
    done = in_thread(lambda: behind.get_file("k", folder / "k", control=control))
    wait_until(lambda: control.done_bytes > 8 * MIB and find_note(folder) is not None, "streams are under way")
    control.cancel(keep=True)
    with pytest.raises(CancelledError):
        done()
    proxy.default = NONE
    assert len((find_note(folder) or {})["ranges"]) > 1


@pytest.mark.usefixtures("eager")
def test_a_part_in_ranges_goes_on_in_one_stream_too(
    monkeypatch: pytest.MonkeyPatch,
    behind: Storage,
    storage: Storage,
    proxy: FaultProxy,
    content: bytes,
    tmp_path: Path,
) -> None:
    storage.set("k", content)
    leave_ranges(behind, proxy, tmp_path)
    behind.engine.pace.rule = ALONE
    behind.get_file("k", tmp_path / "k")
    assert (tmp_path / "k").read_bytes() == content and only(tmp_path, "k")


@pytest.mark.usefixtures("eager")
def test_a_blob_that_changes_meanwhile_is_never_mixed(
    behind: Storage, storage: Storage, proxy: FaultProxy, content: bytes, tmp_path: Path
) -> None:
    storage.set("k", content)
    other = content[::-1]
    control = TransferControl()
    proxy.default = SLOW
    done = in_thread(lambda: behind.get_file("k", tmp_path / "k", control=control))
    wait_until(lambda: proxy.connections > 3 and control.done_bytes > 3 * MIB, "streams are under way")
    storage.set("k", other)
    proxy.default = NONE
    proxy.cut_all()
    done()
    assert (tmp_path / "k").read_bytes() == other and only(tmp_path, "k")
    assert "started over" in control.note


@pytest.mark.usefixtures("eager")
def test_a_pause_and_a_cancel_reach_every_stream(
    behind: Storage, storage: Storage, proxy: FaultProxy, content: bytes, tmp_path: Path
) -> None:
    storage.set("k", content)
    control = TransferControl()
    proxy.default = SLOW
    done = in_thread(lambda: behind.get_file("k", tmp_path / "k", control=control))
    wait_until(lambda: proxy.connections > 4 and control.done_bytes > 3 * MIB, "streams are under way")
    control.pause()
    proxy.wait_until_closed()
    assert not (tmp_path / "k").exists()
    control.unpause()
    before = proxy.connections
    wait_until(lambda: proxy.connections > before + 2, "streams are under way")
    control.cancel()
    with pytest.raises(CancelledError):
        done()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.usefixtures("eager")
def test_a_flipped_bit_in_any_stream_is_found(
    behind: Storage, storage: Storage, proxy: FaultProxy, content: bytes, tmp_path: Path
) -> None:
    storage.set("k", content)
    behind.describe()
    proxy.faults += [SLOW] * 3 + [Fault(rate_bytes_s=3_000_000, flip_down=300_000)]
    proxy.default = SLOW
    proxy.cut_all()
    with pytest.raises(ChecksumError, match="damaged"):
        behind.get_file("k", tmp_path / "k")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.usefixtures("eager")
def test_a_full_disk_ends_all_streams_and_keeps_what_came(
    monkeypatch: pytest.MonkeyPatch,
    behind: Storage,
    storage: Storage,
    proxy: FaultProxy,
    content: bytes,
    tmp_path: Path,
) -> None:
    storage.set("k", content)
    proxy.default = SLOW
    real = os.pwrite
    written = 0

    def full(descriptor: int, chunk: Any, position: int) -> int:
        nonlocal written
        written += len(chunk)
        if written > 12 * MIB:
            raise OSError(28, "No space left on device")
        return real(descriptor, chunk, position)

    monkeypatch.setattr(os, "pwrite", full)
    with pytest.raises(LocalFileError, match="make room and run it again to continue"):
        behind.get_file("k", tmp_path / "k")
    monkeypatch.setattr(os, "pwrite", real)
    assert moved_bytes(find_note(tmp_path)) > 4 * MIB
    before = proxy.bytes_down
    behind.get_file("k", tmp_path / "k")
    assert (tmp_path / "k").read_bytes() == content and only(tmp_path, "k")
    assert proxy.bytes_down - before < SIZE - 4 * MIB


@pytest.mark.usefixtures("eager")
def test_a_disk_without_room_for_the_whole_is_told_before_streams_are_opened(
    monkeypatch: pytest.MonkeyPatch,
    behind: Storage,
    storage: Storage,
    proxy: FaultProxy,
    content: bytes,
    tmp_path: Path,
) -> None:
    storage.set("k", content)
    proxy.default = SLOW

    def full(self: PartFile, size_bytes: int) -> None:
        raise LocalFileError("no room left on the disk for 'k'; make room and run it again to continue from here")

    monkeypatch.setattr(PartFile, "extend", full)
    with pytest.raises(LocalFileError, match="no room"):
        behind.get_file("k", tmp_path / "k")
    assert not (tmp_path / "k").exists()


@pytest.mark.usefixtures("eager")
def test_two_downloads_into_one_file_do_not_share_a_part(
    behind: Storage, storage: Storage, proxy: FaultProxy, token: str, content: bytes, tmp_path: Path
) -> None:
    storage.set("k", content)
    proxy.default = SLOW
    control = TransferControl()
    with eager_process(proxy.url, token, "get_file", tmp_path / "k") as process:
        wait_until(lambda: find_note(tmp_path) is not None, "streams are under way")
        behind.get_file("k", tmp_path / "k", control=control)
        assert process.wait(60) == 0
    assert (tmp_path / "k").read_bytes() == content and only(tmp_path, "k")


@pytest.mark.usefixtures("eager")
def test_a_server_that_is_killed_is_waited_for_by_every_stream(
    storage: Storage, proxy: FaultProxy, token: str, content: bytes, tmp_path: Path
) -> None:
    storage.set("k", content)
    proxy.default = SLOW
    control = TransferControl()
    with Storage(proxy.url, token=token) as client:
        done = in_thread(lambda: client.get_file("k", tmp_path / "k", control=control))
        wait_until(lambda: proxy.connections > 4, "streams are under way")
        proxy.default = Fault(refuse=True)
        proxy.cut_all()
        wait_until(lambda: client.engine.outage.waiting is not None, "streams are under way")
        proxy.default = NONE
        done()
    assert (tmp_path / "k").read_bytes() == content and only(tmp_path, "k")


@pytest.mark.usefixtures("eager")
def test_a_stream_that_ends_for_good_ends_the_others(
    storage: Storage, proxy: FaultProxy, token: str, content: bytes, tmp_path: Path
) -> None:
    storage.set("k", content)
    proxy.default = SLOW
    control = TransferControl()
    with Storage(proxy.url, token=token, patience_s=0, retries=0) as client:
        done = in_thread(lambda: client.get_file("k", tmp_path / "k", control=control))
        wait_until(lambda: proxy.connections > 3, "streams are under way")
        proxy.default = Fault(refuse=True)
        proxy.cut_all()
        with pytest.raises(StorageError):
            done()
    assert not (tmp_path / "k").exists() and find_note(tmp_path) is not None
