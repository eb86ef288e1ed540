"""A move that is killed half-way, in a real terminal: every file is in one of its two places, whole."""

import os
import random
import signal
import sys
from pathlib import Path

import pytest

from storage_tui import Storage
from tests.effort import count
from tests.terminal import Terminal

FILES = 120


def content(number: int) -> bytes:
    return f"{number}\n".encode() * 2000


@pytest.mark.parametrize("seed", range(count(2, 6, 100)))
def test_a_move_that_is_killed_half_way_loses_nothing(tmp_path: Path, seed: int) -> None:
    pick = random.Random(seed)
    here = tmp_path / "here"
    (here / "many").mkdir(parents=True)
    for number in range(FILES):
        (here / "many" / f"{number:03}").write_bytes(content(number))
    environ = {
        **{name: value for name, value in os.environ.items() if name not in ("TMUX", "SSH_CONNECTION")},
        "HOME": str(tmp_path), "STORAGE_TUI_HOME": str(tmp_path / "store"), "STORAGE_TUI_LINGER": "0",
        "TERM": "xterm-256color",
    }  # fmt: skip
    data_dir = tmp_path / "data"
    command = [sys.executable, "-m", "storage_tui", "--data-dir", str(data_dir)]
    with Storage(data_dir=data_dir) as storage:
        with Terminal(command, columns=100, rows=24, environ=environ, cwd=here) as terminal:
            terminal.wait_for("? help")
            terminal.send("s")
            terminal.wait_for("many/")
            terminal.wait_for("1/1")
            terminal.send("\x1b[17~")  # F6
            terminal.wait_for(f"{FILES} files")
            wanted = pick.choice([0, 1, 5, 20, FILES // 2])
            terminal.send("enter")
            while terminal.process.poll() is None:
                gone = FILES - len(list((here / "many").glob("*")))
                if gone >= wanted or len(storage.list("many/")) >= FILES - wanted:
                    break
            terminal.process.send_signal(signal.SIGKILL)
            terminal.process.wait()
        stored = set(storage.list("many/"))
        for number in range(FILES):
            path, key = here / "many" / f"{number:03}", f"many/{number:03}"
            places = [path.read_bytes()] if path.exists() else []
            places += [storage.get(key)] if key in stored else []
            assert places, f"{key} is in neither place"
            assert all(place == content(number) for place in places)
