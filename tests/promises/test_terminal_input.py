"""A terminal that wishes ill, or a paste out of a page that does: the real program does nothing that was not typed."""

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from storage_tui import Storage
from tests.effort import count
from tests.faults import strict_terminal
from tests.terminal import Terminal

MIB = 1024 * 1024
ROWS = 5
MOST_BYTES = 150 * MIB  # of the browser, which needs 60 MB by itself
PASTED = b"Dyq\rU\x03\x1b[48;9999;9999;1;1t\x1b]0;OWNED\x07 \xc3\xa9 [bold]x[/nope]\n"  # deletes, quits, where obeyed

pytestmark = pytest.mark.slow


@pytest.fixture
def browser(home: dict[str, str], tmp_path: Path) -> Iterator[Terminal]:
    environ = {**home, "STORAGE_TUI_HOME": str(tmp_path / "home"), "STORAGE_TUI_LINGER": "0"}
    with Storage(data_dir=tmp_path / "home" / "data") as storage:
        for number in range(ROWS):
            storage.set(f"row-{number}.txt", "x")
        with Terminal([sys.executable, "-m", "storage_tui"], environ=environ, columns=90, rows=20) as terminal:
            terminal.wait_for("? help")  # of the browser; the list before it has no footer
            terminal.wait_for(f" 1/{ROWS}")
            yield terminal
        assert len(list(storage.iter_list())) == ROWS


def send_all(terminal: Terminal, content: bytes) -> None:
    rest = memoryview(content)
    while rest:
        rest = rest[os.write(terminal.descriptor, rest[:65536]) :]


def check_is_well(terminal: Terminal) -> None:
    """It answers, took no more memory than it may, and told the terminal nothing that it should not."""
    terminal.send("?")
    terminal.wait_for(lambda text: " Help" in text.splitlines()[0], timeout_s=60)
    terminal.send("q")
    terminal.wait_for(f"/{ROWS}")
    memory = psutil.Process(terminal.process.pid).memory_info().rss
    assert memory < MOST_BYTES
    terminal.send("q")
    assert terminal.wait_for_exit() == 0
    strict_terminal.read(bytes(terminal.raw))
    assert "OWNED" not in terminal.screen.title


def test_a_long_paste_is_no_key_and_no_reply(browser: Terminal) -> None:
    send_all(browser, b"\x1b[200~" + PASTED * (count(300_000, 300_000, 10_000_000) // len(PASTED)) + b"\x1b[201~")
    check_is_well(browser)


def test_a_paste_into_a_line_is_text_and_drawn_as_such(browser: Terminal) -> None:
    browser.send("/")
    browser.wait_for("Type words")
    send_all(browser, b"\x1b[200~" + PASTED * 100 + b"\x1b[201~")
    browser.wait_for("No match for")
    browser.send("\x15", "enter")  # the line away
    browser.wait_for(f"1/{ROWS}")
    check_is_well(browser)


def test_a_flood_of_replies_that_nobody_asked_for_changes_nothing(browser: Terminal) -> None:
    sizes = (b"\x1b[48;%d;%d;%d;1t" % (lines, columns, 9) for lines in (5, 999, 9999) for columns in (3, 200, 99999))
    odd = b"\x1b[?2026;9$y\x1b[%d;1R\x1b[1114112u" % 9**19
    send_all(browser, (b"".join(sizes) + odd) * count(50, 50, 5_000))
    check_is_well(browser)
