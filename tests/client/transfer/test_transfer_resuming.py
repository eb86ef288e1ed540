"""Downloads that an earlier process left: the next one goes on with what is of use."""

import os
import signal
import stat
from pathlib import Path

import pytest

from storage_tui import Storage
from storage_tui.client.control import TransferControl
from storage_tui.contract.errors import (
    CancelledError,
    StorageError,
)
from tests.client.moving import HEAD, SIZE, in_thread, only, transfer_process
from tests.faults.proxy import Fault, FaultProxy

pytestmark = pytest.mark.usefixtures("hasty")


def leave_a_part(behind: Storage, proxy: FaultProxy, target: Path) -> int:
    """Stop a download of `k` in its middle and keep its part; return the bytes that it had."""
    control = TransferControl()
    proxy.faults.append(Fault(stall_down=16_000_000))
    done = in_thread(lambda: behind.get_file("k", target, control=control))
    proxy.stalled.get(timeout=30)
    control.cancel(keep=True)
    with pytest.raises(CancelledError):
        done()
    return control.done_bytes


def test_a_later_process_goes_on_with_what_an_earlier_one_left(
    behind: Storage, storage: Storage, proxy: FaultProxy, content: bytes, tmp_path: Path
) -> None:
    storage.set("k", content)
    done_bytes = leave_a_part(behind, proxy, tmp_path / "k")
    proxy.cut_all()  # what the held connection still has must not count below
    proxy.release()
    parts = list(tmp_path.iterdir())
    assert len(parts) == 2 and all(stat.S_IMODE(path.stat().st_mode) == 0o600 for path in parts)
    before = proxy.bytes_down
    again = TransferControl()
    behind.get_file("k", tmp_path / "k", control=again)
    assert (tmp_path / "k").read_bytes() == content and only(tmp_path, "k")
    assert again.note.startswith("resumed at") and proxy.bytes_down - before < SIZE - done_bytes + HEAD


@pytest.mark.parametrize("damage", ["flipped", "longer", "whole and more", "other blob"])
def test_an_earlier_part_that_is_of_no_use_is_started_over(
    behind: Storage, storage: Storage, proxy: FaultProxy, content: bytes, tmp_path: Path, damage: str
) -> None:
    storage.set("k", content)
    leave_a_part(behind, proxy, tmp_path / "k")
    proxy.release()
    part = next(path for path in tmp_path.iterdir() if path.suffix == ".part")
    if damage == "flipped":
        with part.open("r+b") as file:
            file.write(b"\xff" * 100)
    elif damage == "longer":
        os.truncate(part, SIZE + 100)
    elif damage == "whole and more":
        part.write_bytes(content + b"more")
    else:
        content = content[::-1]
        storage.set("k", content)
    behind.get_file("k", tmp_path / "k")
    assert (tmp_path / "k").read_bytes() == content and only(tmp_path, "k")


def test_a_process_that_is_killed_leaves_nothing_under_the_name_and_the_next_goes_on(
    storage: Storage, proxy: FaultProxy, token: str, content: bytes, tmp_path: Path
) -> None:
    storage.set("k", content)
    target = tmp_path / "k"
    for count in range(1, 4):
        proxy.faults.append(Fault(stall_down=5_000_000))
        process = transfer_process(proxy.url, token, "get_file", target)
        proxy.stalled.get(timeout=30)
        process.send_signal(signal.SIGKILL)
        process.wait()
        assert not target.exists() and len(list(tmp_path.glob("*.part"))) == 1, count
    proxy.release()
    control = TransferControl()
    with Storage(proxy.url, token=token) as client:
        client.get_file("k", target, control=control)
    assert target.read_bytes() == content and only(tmp_path, "k")
    assert control.note.startswith("resumed at")


def test_without_resume_nothing_is_left_behind(
    proxy: FaultProxy, storage: Storage, token: str, content: bytes, tmp_path: Path
) -> None:
    storage.set("k", content)
    proxy.default = Fault(cut_down=9_000_000)
    with Storage(proxy.url, token=token, retries=0) as client, pytest.raises(StorageError):
        client.get_file("k", tmp_path / "k", resume=False)
    assert only(tmp_path)
