"""A shell command on blobs, with the real program on a real terminal."""

import os
import signal
import sys
from pathlib import Path

import pytest

from storage_tui import Storage
from tests.terminal import Terminal


@pytest.fixture
def environ(tmp_path: Path) -> dict[str, str]:
    (tmp_path / "tmp").mkdir()
    return {**os.environ, "HOME": str(tmp_path), "STORAGE_TUI_HOME": str(tmp_path / "home"), "TERM": "xterm-256color",
            "STORAGE_TUI_LINGER": "0", "TMPDIR": str(tmp_path / "tmp"), "OUT": str(tmp_path / "out")}  # fmt: skip


@pytest.fixture
def browser(tmp_path: Path, environ: dict[str, str]):
    with Storage(data_dir=tmp_path / "home" / "data") as storage:
        storage.set("a's.txt", "one\n")
        storage.set("b.txt", "two\n")
        storage.set("in/b.txt", "three\n")
        with Terminal([sys.executable, "-m", "storage_tui", "data:"], environ=environ) as terminal:
            terminal.wait_for("? help")
            terminal.wait_for("a's.txt")
            yield terminal
            terminal.send("q")
            terminal.wait_for_exit()
    assert list((tmp_path / "tmp").glob("storage-tui-*")) == []


def run(terminal: Terminal, command: str) -> None:
    terminal.send("!")
    terminal.wait_for("Shell command")
    terminal.send(command, "enter")
    terminal.wait_for("Enter goes back")
    terminal.send("enter")
    terminal.wait_for("? help")


def test_without_names_the_command_reads_the_bytes_of_all_marked(browser: Terminal, tmp_path: Path) -> None:
    browser.send("\x01")
    browser.wait_for("● 2 · 8 B + 1 folder")
    run(browser, "cat > $OUT; exit 3")
    assert sorted((tmp_path / "out").read_text().split()) == ["one", "three", "two"]
    browser.wait_for("the command ended with 3")


def test_names_stand_for_files_of_their_own(browser: Terminal, tmp_path: Path) -> None:
    browser.send("\x01")
    browser.wait_for("● 2 · 8 B + 1 folder")
    run(browser, "for file in {}; do basename $file; cat $file; done > $OUT")
    names = (tmp_path / "out").read_text().split("\n")
    assert sorted(names) == ["", "a's.txt", "b.txt", "b.txt", "one", "three", "two"]


def test_ctrl_c_ends_the_command_and_not_the_browser(browser: Terminal) -> None:
    browser.send("j", "!")
    browser.wait_for("Shell command")
    # A shell that begins a program ignores one Ctrl-C for a moment; `exec` leaves no shell that could.
    browser.send("printf 'be%s\\n' gun; exec sleep 1000", "enter")
    browser.wait_for("begun")
    os.killpg(browser.process.pid, signal.SIGINT)  # as the terminal does on Ctrl-C: to all programs in front
    browser.wait_for("Enter goes back")
    browser.send("enter")
    browser.wait_for("? help")
