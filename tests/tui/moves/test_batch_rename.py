"""Marks renamed in an editor, with the real program on a real terminal."""

import os
import sys
from pathlib import Path

from storage_tui import Storage
from tests.benchmarks.terminal import settle
from tests.terminal import Terminal

SWAP = """#!/bin/sh
awk 'NR==1 {first=$0; next} NR==2 {print; print first; next} {print "new-" $0}' "$1" > "$1.x" && mv "$1.x" "$1"
"""


def test_marks_swap_their_names_after_a_question_and_undo_swaps_them_back(tmp_path: Path) -> None:
    editor = tmp_path / "editor"
    editor.write_text(SWAP)
    editor.chmod(0o700)
    kept = {name: value for name, value in os.environ.items() if name not in ("TMUX", "SSH_CONNECTION")}
    environ = {
        **kept, "HOME": str(tmp_path), "STORAGE_TUI_HOME": str(tmp_path / "home"), "TERM": "xterm-256color",
        "VISUAL": str(editor), "STORAGE_TUI_LINGER": "0",
    }  # fmt: skip
    with Storage(data_dir=tmp_path / "home" / "data") as storage:
        for key in ("a", "b", "c"):
            storage.set(key, key.encode())
        with Terminal([sys.executable, "-m", "storage_tui"], columns=100, rows=30, environ=environ) as terminal:
            terminal.wait_for("1/3")
            terminal.wait_for("? help")
            for count in ("1 · 1 B", "2 · 2 B", "3 · 3 B"):
                terminal.send(" ")
                terminal.wait_for(count)
            terminal.send("r")
            terminal.wait_for("Rename 3 rows?")
            settle(terminal, 0.4)
            terminal.send("enter")
            terminal.wait_for("renamed 3 rows")
            assert {key: storage.get(key) for key in storage.list()} == {"a": b"b", "b": b"a", "new-c": b"c"}
            terminal.send("Z")
            terminal.wait_for("Take back the last change?")
            settle(terminal, 0.4)
            terminal.send("enter")
            terminal.wait_for("taken back")
            assert {key: storage.get(key) for key in storage.list()} == {"a": b"a", "b": b"b", "c": b"c"}
