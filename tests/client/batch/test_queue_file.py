"""A queue that outlives its process: what waited is found by the next one, once, and only what is still to be done."""

import os
import signal
import subprocess
import sys
from pathlib import Path

from storage_tui.client.transfer.conflict import Conflict
from storage_tui.client.transfer.queue_file import LeftWaiting, WaitingList
from storage_tui.client.transfer.records import UnfinishedTransfer

SERVER = "http://127.0.0.1:1/storage/v1"
ROWS = [
    (1, UnfinishedTransfer("upload", SERVER, "data", "a\n\u00e9", "/x/a", 3, conflict=Conflict.RENAME)),
    (2, UnfinishedTransfer("download", SERVER, "tmp", "b/c", "/x/b/c", None, root="/x", conflict=Conflict.SKIP)),
    (3, UnfinishedTransfer("upload", SERVER, "data", "odd", "/x/\udcff", 0, conflict=Conflict.OVERWRITE)),
]
CHILD = """
import sys
from pathlib import Path
from storage_tui.client.transfer.queue_file import WaitingList
from tests.client.batch.test_queue_file import ROWS, SERVER
waiting = WaitingList(Path(sys.argv[1]), SERVER)
waiting.add(ROWS)
waiting.end(1)
print("kept", flush=True)
sys.stdin.read()
"""


def _left(state_dir: Path, server: str = SERVER) -> LeftWaiting:
    return LeftWaiting(state_dir, server)


def test_what_waits_survives_the_death_of_its_process_and_is_that_processs_until_then(tmp_path: Path) -> None:
    child = subprocess.Popen(
        [sys.executable, "-c", CHILD, str(tmp_path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert child.stdout is not None and child.stdin is not None
    with child.stdin, child.stdout:
        assert child.stdout.readline() == b"kept\n"
        assert _left(tmp_path).items == []
        child.send_signal(signal.SIGKILL)
        child.wait()
    left = _left(tmp_path)
    assert left.items == [row for number, row in ROWS if number != 1]
    assert _left(tmp_path).items == [], "two processes must not go on with it"
    left.release()
    again = _left(tmp_path)
    assert len(again.items) == 2
    again.take()
    assert _left(tmp_path).items == [] and list((tmp_path / "queues").iterdir()) == []


def test_it_is_left_or_dropped_as_the_user_said_and_goes_when_all_is_done(tmp_path: Path) -> None:
    for keep, count in ((True, 3), (False, 0)):
        waiting = WaitingList(tmp_path, SERVER)
        waiting.add(ROWS)
        waiting.close(keep=keep)
        left = _left(tmp_path)
        assert len(left.items) == count
        left.take()
    waiting = WaitingList(tmp_path, SERVER)
    waiting.add(ROWS)
    for number, _ in ROWS:
        waiting.end(number)
    assert list((tmp_path / "queues").iterdir()) == []
    waiting.add(ROWS[:1])
    waiting.close(keep=True)
    assert [row.key for row in _left(tmp_path).items] == ["a\n\u00e9"]


def test_the_queue_of_another_server_and_what_is_no_queue_are_left_alone(tmp_path: Path) -> None:
    waiting = WaitingList(tmp_path, SERVER)
    waiting.add(ROWS)
    waiting.close(keep=True)
    other = _left(tmp_path, "http://127.0.0.1:2/storage/v1")
    assert other.items == []
    other.take()
    folder = tmp_path / "queues"
    [path] = folder.iterdir()
    assert path.stat().st_mode & 0o777 == 0o600
    (folder / "broken.jsonl").write_bytes(b'{"version": 1, "server": "' + SERVER.encode() + b'"}\n{"add": 1}\n')
    (folder / "noise.jsonl").write_bytes(os.urandom(100))
    (folder / "link.jsonl").symlink_to(path)
    os.mkfifo(folder / "pipe.jsonl")
    assert len(_left(tmp_path).items) == 3


def test_a_line_cut_off_by_a_crash_costs_that_line_only(tmp_path: Path) -> None:
    waiting = WaitingList(tmp_path, SERVER)
    waiting.add(ROWS)
    waiting.close(keep=True)
    [path] = (tmp_path / "queues").iterdir()
    path.write_bytes(path.read_bytes()[:-5])
    assert [row.key for row in _left(tmp_path).items] == ["a\n\u00e9", "b/c"]


def test_a_state_folder_that_cannot_be_written_is_no_reason_not_to_transfer(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    waiting = WaitingList(tmp_path / "file", SERVER)
    waiting.add(ROWS)
    waiting.end(1)
    waiting.close(keep=True)
    assert _left(tmp_path / "file").items == []
