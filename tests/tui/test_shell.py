"""The browser in a real terminal: what the shell gets from it, and how few bytes it writes."""

import os
import shlex
import sys
from pathlib import Path

import pytest

from storage_tui import Storage
from tests.benchmarks.terminal import settle
from tests.terminal import Terminal

STEPS = 20
IN_VIEW_BYTES = 330  # two rows, the position and the title of the preview; ranger writes as much on the same names
SCROLLING_BYTES = 520


@pytest.fixture
def environ(tmp_path: Path) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if name != "SSH_CONNECTION"}
    return kept | {"HOME": str(tmp_path), "STORAGE_TUI_HOME": str(tmp_path / "home"), "TERM": "xterm-256color",
                   "COLORTERM": "truecolor", "STORAGE_TUI_LINGER": "0"}  # fmt: skip


def test_the_shell_gets_what_was_marked_and_where_one_was(tmp_path: Path, environ: dict[str, str]) -> None:
    with Storage(data_dir=tmp_path / "home" / "data") as storage:
        for name in ("one two", "three"):
            storage.set(f"maps/{name}", "x")
        line = shlex.join([sys.executable, "-m", "storage_tui", "--print", "--cd-file", "where", "data:maps/"])
        command = ["sh", "-c", f"cd {shlex.quote(str(tmp_path))} && PYTHONPATH={Path.cwd()} {line} > picked"]
        with Terminal(command, environ=environ) as terminal:
            terminal.wait_for("three")
            terminal.send("space", "space")
            terminal.wait_for("● 2")
            terminal.send("q")
            assert terminal.wait_for_exit() == 0
    assert (tmp_path / "picked").read_text().split("\n")[:2] == ["data:maps/one two", "data:maps/three"]
    assert (tmp_path / "where").read_text() == "data:maps/\n"


def test_a_file_for_where_one_was_that_cannot_be_written_is_one_line(tmp_path: Path, environ: dict[str, str]) -> None:
    line = shlex.join([sys.executable, "-m", "storage_tui", "--cd-file", "/dev/full"])
    command = ["sh", "-c", f"cd {shlex.quote(str(tmp_path))} && PYTHONPATH={Path.cwd()} {line}"]
    with Terminal(command, environ=environ) as terminal:
        terminal.wait_for("? help")  # of the browser; the list before it has no footer
        terminal.send("q")
        said = b"storage-tui: /dev/full cannot be written: No space left on device"
        terminal.wait_for(lambda _: said in bytes(terminal.raw))  # the screen may cut the line in two
        assert terminal.wait_for_exit() == 1


def test_a_cursor_step_writes_the_cells_that_change(tmp_path: Path, environ: dict[str, str]) -> None:
    with Storage(data_dir=tmp_path / "home" / "data") as storage:
        for number in range(200):
            storage.set(f"scene_{number:04}_{('ndvi', 'cloud mask', 'rgb')[number % 3]}.tif", "x" * 100)
        with Terminal([sys.executable, "-m", "storage_tui"], environ=environ) as terminal:
            terminal.wait_for("? help")  # of the browser; the list before it has no footer
            settle(terminal, 1.0)
            for limit, ahead in ((IN_VIEW_BYTES, 1), (SCROLLING_BYTES, 30)):
                for _ in range(ahead):
                    terminal.send("down")
                    settle(terminal, 0.1)
                written = len(terminal.raw)
                for _ in range(STEPS * 2 if ahead > 1 else STEPS):
                    terminal.send("down")
                    settle(terminal, 0.1)
                assert (len(terminal.raw) - written) / (STEPS * 2 if ahead > 1 else STEPS) < limit
