"""Pasted paths and the local side in a real terminal."""

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from storage_tui import Storage
from tests.terminal import Terminal

START, END = "\x1b[200~", "\x1b[201~"  # of a bracketed paste


@pytest.fixture
def environ(tmp_path: Path) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if name not in ("TMUX", "SSH_CONNECTION")}
    return {**kept, "HOME": str(tmp_path), "STORAGE_TUI_HOME": str(tmp_path / "home"), "STORAGE_TUI_LINGER": "0",
            "TERM": "xterm-256color"}  # fmt: skip


@pytest.fixture
def here(tmp_path: Path) -> Path:
    folder = tmp_path / "here"
    folder.mkdir(exist_ok=True)
    for name in ("a b.txt", "c.txt"):
        (folder / name).write_text(f"words of {name}")
    return folder


@pytest.fixture(params=[(100, 24), (20, 5)], ids=str)
def terminal(environ: dict[str, str], here: Path, request: pytest.FixtureRequest) -> Iterator[Terminal]:
    columns, rows = request.param
    with Storage(data_dir=Path(environ["STORAGE_TUI_HOME"]) / "data") as storage:
        storage.set("blob", "x")
        command = [sys.executable, "-m", "storage_tui"]
        with Terminal(command, environ=environ, columns=columns, rows=rows, cwd=here) as found:
            found.wait_for("blob")
            if columns >= 60:
                found.wait_for("? help")
            found.storage = storage  # type: ignore[attr-defined]
            yield found


def test_a_paste_is_offered_as_an_upload_and_is_never_keys(terminal: Terminal, here: Path) -> None:
    storage: Storage = terminal.storage  # type: ignore[attr-defined]
    terminal.send(f"{START}D\r\ny\r\nq\r\n{END}")
    terminal.wait_for("pasted text" if terminal.screen.columns >= 60 else "pasted")
    terminal.send(f"{START}{here}/a\\ b.txt '{here}/c.txt'\r{END}")
    terminal.wait_for("Upload 2 paths to")
    terminal.wait_for("2 files")
    assert storage.list() == ["blob"]
    terminal.send("enter")
    terminal.wait_for(lambda text: storage.list() == ["a b.txt", "blob", "c.txt"])


def test_the_local_side_opens_marks_and_closes(terminal: Terminal) -> None:
    terminal.send("s")
    terminal.wait_for("a b.txt")
    terminal.send("space", "space")
    terminal.wait_for("● 2")
    terminal.send("escape")
    terminal.wait_for(lambda text: "● 2" not in text)  # Esc and Tab at once would be another key
    terminal.send("tab")
    terminal.wait_for("blob")
    terminal.send("s")
    terminal.wait_for(lambda text: "a b.txt" not in text and "blob" in text)
    assert terminal.process.poll() is None
