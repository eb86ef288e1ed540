"""Edits from the browser, with the real program on a real terminal and editors that are scripts."""

import os
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from storage_tui import Storage
from tests.benchmarks.terminal import settle
from tests.terminal import Terminal
from tests.waits import wait_until

APPEND = """#!/bin/sh
printf 'changed' >> "$1"
"""
WAIT = """#!/bin/sh
printf 'mine' > "$1"
printf 'in the editor'
read answer
"""

Start = Callable[..., object]


@pytest.fixture
def data_dir(tmp_path: Path) -> Path:
    return tmp_path / "home" / "data"


@pytest.fixture
def storage(data_dir: Path) -> Iterator[Storage]:
    with Storage(data_dir=data_dir) as client:
        yield client


@pytest.fixture
def browser(tmp_path: Path) -> Callable[..., object]:
    """`with browser(APPEND, "tmp:") as terminal`: the program in a home of its own, with this script as its editor."""
    kept = {name: value for name, value in os.environ.items() if name not in ("TMUX", "SSH_CONNECTION")}

    @contextmanager
    def start(script: str, *words: str, columns: int = 100, rows: int = 24) -> Iterator[Terminal]:
        editor = tmp_path / "editor"
        editor.write_text(script)
        editor.chmod(0o700)
        environ = {
            **kept, "HOME": str(tmp_path), "STORAGE_TUI_HOME": str(tmp_path / "home"), "TERM": "xterm-256color",
            "VISUAL": str(editor), "EDITOR": "false", "STORAGE_TUI_LINGER": "0",
        }  # fmt: skip
        command = [sys.executable, "-m", "storage_tui", *words]
        with Terminal(command, columns=columns, rows=rows, environ=environ) as terminal:
            terminal.wait_for("1/")
            terminal.wait_for("? help" if rows > 8 else "1/")
            yield terminal

    return start


def answer(terminal: Terminal, question: str, *keys: str) -> None:
    """Wait until the question is painted and still, as keys typed before that do not answer it."""
    terminal.wait_for(question)
    settle(terminal, 0.4)
    terminal.send(*keys)


def copies(tmp_path: Path) -> list[Path]:
    return sorted((tmp_path / "home" / "state" / "edits").glob("*/*"))


@pytest.mark.parametrize(("columns", "rows"), [(100, 24), (80, 24), (20, 5)])
def test_e_edits_the_blob_and_writes_it_back_after_a_question(
    storage: Storage, browser: Start, tmp_path: Path, columns: int, rows: int
) -> None:  # fmt: skip
    storage.set("notes.txt", b"one ", content_type="text/csv")
    with browser(APPEND, "data:", columns=columns, rows=rows) as terminal:  # type: ignore[attr-defined]
        terminal.send("e")
        answer(terminal, "Write back", "enter")
        wait_until(lambda: storage.get("notes.txt") == b"one changed", "written back")
        wait_until(lambda: not copies(tmp_path), "the copy is removed")
    assert storage.stat("notes.txt").content_type == "text/csv"


def test_the_viewer_edits_too_and_shows_the_new_text(storage: Storage, browser: Start) -> None:
    storage.set("notes.txt", b"one ")
    with browser(APPEND, "data:") as terminal:  # type: ignore[attr-defined]
        terminal.send("enter")
        terminal.wait_for("hex/text")
        terminal.send("e")
        answer(terminal, "Write back data:notes.txt?", "enter")
        terminal.wait_for("one changed")
    assert storage.get("notes.txt") == b"one changed"


def test_n_makes_a_blob_in_a_new_folder_and_an_empty_one_after_a_question(storage: Storage, browser: Start) -> None:
    storage.set("a", b"x")
    with browser(APPEND, "data:") as terminal:  # type: ignore[attr-defined]
        terminal.send("n")
        terminal.wait_for("New blob in data")
        terminal.send("a", "enter")
        terminal.wait_for("a exists already; e in the list edits it")
        terminal.send("/b.md", "enter")
        answer(terminal, "Create data:a/b.md?", "enter")
        terminal.wait_for("wrote data:a/b.md")
    assert storage.get("a/b.md") == b"changed"
    with browser("#!/bin/sh\n", "data:") as terminal:  # type: ignore[attr-defined]
        for keys, wanted in ((("enter",), "nothing was written"), (("right", "enter"), "wrote data:empty, 0 B")):
            terminal.send("n")
            terminal.wait_for("New blob in data")
            terminal.send("empty", "enter")
            answer(terminal, "Create data:empty as an empty blob?", *keys)
            terminal.wait_for(wanted)
    assert storage.get("empty") == b""


def test_a_blob_that_changed_meanwhile_stays_and_ours_is_beside(storage: Storage, browser: Start) -> None:
    storage.set("notes.txt", b"one")
    with browser(WAIT, "data:") as terminal:  # type: ignore[attr-defined]
        terminal.send("e")
        terminal.wait_for("in the editor")
        storage.set("notes.txt", b"theirs")
        terminal.send("\n")
        terminal.wait_for("as notes.mine.txt")
        answer(terminal, "[Store beside it]", "enter")
        terminal.wait_for("was changed by somebody meanwhile")
    assert (storage.get("notes.txt"), storage.get("notes.mine.txt")) == (b"theirs", b"mine")


def test_a_browser_killed_in_mid_edit_leaves_the_work_and_the_next_start_says_so(
    storage: Storage, browser: Start, tmp_path: Path
) -> None:  # fmt: skip
    storage.set("notes.txt", b"one")
    with browser(WAIT, "data:") as terminal:  # type: ignore[attr-defined]
        terminal.send("e")
        terminal.wait_for("in the editor")
        terminal.process.send_signal(signal.SIGKILL)
        terminal.process.wait()
    (copy,) = copies(tmp_path)
    assert copy.read_bytes() == b"mine"
    assert storage.get("notes.txt") == b"one"
    with browser(APPEND, "data:") as terminal:  # type: ignore[attr-defined]
        terminal.wait_for("the edit of data:notes.txt was not written back")
        terminal.send("e")
        answer(terminal, "has an edit that was not written back", "enter")
        answer(terminal, "Write back data:notes.txt?", "enter")
        terminal.wait_for("wrote data:notes.txt")
    assert storage.get("notes.txt") == b"minechanged"
    assert not copies(tmp_path)


def test_an_escape_keeps_the_copy_and_a_drop_drops_it(storage: Storage, browser: Start, tmp_path: Path) -> None:
    storage.set("notes.txt", b"one")
    with browser(APPEND, "data:") as terminal:  # type: ignore[attr-defined]
        terminal.send("e")
        answer(terminal, "[Write back]", "escape")
        terminal.wait_for("the edited copy is")
        (copy,) = copies(tmp_path)
        assert copy.read_bytes() == b"onechanged"
        terminal.send("e")
        answer(terminal, "[Go on with it]", "right", "enter")
        answer(terminal, "[Write back]", "left", "enter")
        terminal.wait_for("is as it was")
    assert storage.get("notes.txt") == b"one"
    assert not copies(tmp_path)


def test_bytes_that_are_no_text_and_products_are_not_simply_opened(storage: Storage, browser: Start) -> None:
    storage.set("a.bin", b"\0\1\2")
    storage.set("p.txt", b"x", "products")
    with browser(APPEND, "data:") as terminal:  # type: ignore[attr-defined]
        terminal.send("e")
        answer(terminal, "It holds bytes that are no text", "enter")
        terminal.wait_for(lambda text: "It holds bytes" not in text)
        terminal.send("3")
        terminal.wait_for("p.txt")
        terminal.send("e")
        terminal.wait_for("cannot be edited")
    assert storage.get("a.bin") == b"\0\1\2"
