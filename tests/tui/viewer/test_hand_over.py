"""A blob in $PAGER, with the real program on a real terminal."""

import os
import sys
from pathlib import Path

from storage_tui import Storage
from tests.terminal import Terminal

PAGER = """#!/bin/sh
printf '\r\npager shows: '
cat "$1"
read answer
"""


def program(path: Path, text: str) -> str:
    """An executable of our own."""
    path.write_text(text)
    path.chmod(0o700)
    return str(path)


def test_a_pager_gets_the_screen_and_gives_it_back(tmp_path: Path) -> None:
    kept = {name: value for name, value in os.environ.items() if name not in ("TMUX", "SSH_CONNECTION")}
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    environ = {
        **kept, "HOME": str(tmp_path), "STORAGE_TUI_HOME": str(tmp_path / "store"), "TERM": "xterm-256color",
        "PAGER": program(tmp_path / "pager", PAGER), "TMPDIR": str(temporary),
    }  # fmt: skip
    data_dir = tmp_path / "data"
    with Storage(data_dir=data_dir) as storage:
        storage.set("notes.txt", b"words of a blob\n")
        command = [sys.executable, "-m", "storage_tui", "--data-dir", str(data_dir)]
        with Terminal(command, columns=100, rows=24, environ=environ) as terminal:
            terminal.wait_for("words of a blob")
            terminal.send("enter")
            terminal.wait_for("hex/text")
            terminal.send("|")
            terminal.wait_for("Downloads the whole blob")
            terminal.send("right", "enter")
            terminal.wait_for("pager shows: words of a blob")
            terminal.send("enter")
            terminal.wait_for("the downloaded copy is removed")
            assert not list(temporary.glob("storage-tui-*"))
