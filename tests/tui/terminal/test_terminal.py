"""The browser's own reading and writing of a terminal: keys however they come, output however slowly it goes."""

import os
import pty
import random
import select
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest
from textual import events

from storage_tui import Storage
from tests.terminal import KEYS, Terminal

COMMAND = [sys.executable, "-m", "storage_tui"]
ROWS = 90
MOVES = ["j", "k", "\x04", "\x15", "down", "up", "pagedown", "pageup", "G", "gg", "home", "end"]
WRITER = """
import os
from textual import events
from textual.app import App
from storage_tui.tui.terminal.driver import TerminalDriver

class Writer(App):
    def on_key(self, event: events.Key) -> None:
        if event.key == "w":
            for number in range(COUNT):
                self._driver.write(f"<{number:06}ä>")
        elif event.key == "t":
            open("typed", "w").close()
        else:
            self._driver.write(f"<key {event.key}>")

Writer(driver_class=TerminalDriver).run(mouse=False)
"""
"""Writes numbers on w; t leaves a file; other keys are told by name."""

REPLIES = (
    b"\x1b[1114112u", b"\x1b[99999999999999999999;1R", b"\x1b[;:7~", b"\x1b[:4;80R", b"\x1b[48;9999;9999;1;1t",
    b"\x1b[48;0;80;0;0t\x1b[<0;3;3M", b"\x1b]11;rgb:1e1e/1e1e/1e1e\x1b\\", b"\x1bP1$r0m\x1b\\", b"\x1b]52;c;RA==\x07",
)  # fmt: skip
"""Keys, a place, and sizes in numbers that no terminal has; and answers to what nobody asked."""


@pytest.fixture
def environ(tmp_path: Path) -> dict[str, str]:
    return {**os.environ, "HOME": str(tmp_path), "STORAGE_TUI_HOME": str(tmp_path / "home"),
            "STORAGE_TUI_LINGER": "0", "TERM": "xterm-256color", "COLORTERM": "truecolor"}  # fmt: skip


@pytest.fixture
def browser(environ: dict[str, str]) -> Iterator[Terminal]:
    with Storage(data_dir=Path(environ["STORAGE_TUI_HOME"]) / "data") as storage:
        for number in range(ROWS):
            storage.set(f"row-{number:03}.txt", "x")
        with Terminal(COMMAND, environ=environ, columns=90, rows=20) as terminal:
            terminal.wait_for("? help")  # of the browser; the list before it has no footer
            terminal.wait_for(f" 1/{ROWS}")
            yield terminal


@pytest.mark.parametrize("seed", range(3))
def test_however_keys_come_the_cursor_is_where_they_say_and_the_screen_shows_it(browser: Terminal, seed: int) -> None:
    pick = random.Random(seed)
    for _ in range(12):
        keys = pick.choices(MOVES, k=pick.randint(1, 9))
        if pick.random() < 0.5:
            browser.send(*keys)  # each a read of its own, or several together, as it happens
        else:
            os.write(browser.descriptor, "".join(KEYS.get(key, key) for key in keys).encode())
    at = pick.randrange(1, 20)
    browser.send("space")
    browser.wait_for("● 1 ")  # what is waited for below was on the screen of some of the keys before
    os.write(browser.descriptor, b"gg" + b"j" * at)
    browser.wait_for(f" {at + 1}/{ROWS}")
    browser.wait_for(lambda text: f"▌¶ row-{at:03}.txt" in text)
    painted = rows_of(browser.text())
    assert sum("▌" in line for line in painted) == 1
    written = len(browser.raw)
    browser.send("R")
    browser.wait_for(lambda text: len(browser.raw) > written + 1000)  # all of the screen
    browser.wait_for(lambda text: rows_of(text) == painted)


def rows_of(text: str) -> list[str]:
    """Bar, mark and name of each row of the list."""
    return [line[:60] for line in text.split("\n")[3:11]]


def test_keys_after_a_chord_or_in_the_filter_are_not_taken_for_moves(browser: Terminal) -> None:
    os.write(browser.descriptor, b"jjjgg")
    browser.wait_for(f" 1/{ROWS}")
    browser.send("/")
    browser.wait_for("Type words")
    os.write(browser.descriptor, b"jk")
    browser.wait_for("No match")
    browser.wait_for("filter jk")


@pytest.mark.parametrize("opening", ["/", "f"])
def test_keys_that_come_in_one_go_with_enter_are_for_the_rows_that_match(browser: Terminal, opening: str) -> None:
    if opening == "f":
        browser.send("f")
        browser.wait_for("Type what to find")
        browser.send("7")
        browser.wait_for("18 found")
        os.write(browser.descriptor, b"\rjj")
        browser.wait_for(" 3/18")
        return
    os.write(browser.descriptor, b"/7\rjj")
    browser.wait_for(" 3/18")
    browser.send("/")
    os.write(browser.descriptor, b"8\r\x01")
    browser.wait_for("● 1 ")
    browser.wait_for(" 1/1")


def test_keys_that_come_in_one_go_with_one_that_asks_go_into_the_dialog(browser: Terminal) -> None:
    os.write(browser.descriptor, b"gl\x15data:row-040.txt\r")
    browser.wait_for(f" 41/{ROWS}")
    os.write(browser.descriptor, b"jyk")
    browser.wait_for("sent the key")
    browser.wait_for(f" 42/{ROWS}")
    os.write(browser.descriptor, b"gl\x15\x1b[200~data:row-007.txt\x1b[201~\r")
    browser.wait_for(f" 8/{ROWS}")


def test_keys_that_come_in_one_go_answer_no_question_that_nobody_has_seen(browser: Terminal) -> None:
    os.write(browser.descriptor, b"D\x1b[C\r")
    browser.wait_for("Delete 1 blob from data?")
    browser.send("escape")
    browser.wait_for(lambda text: "Delete 1 blob" not in text)
    browser.send("R")
    browser.wait_for(f" 1/{ROWS}")


@pytest.mark.parametrize("opening", ["gldata:maps/deep/\r", "'z", "gg\r\r"])
def test_keys_that_come_in_one_go_with_a_place_are_for_its_rows(environ: dict[str, str], opening: str) -> None:
    with Storage(data_dir=Path(environ["STORAGE_TUI_HOME"]) / "data") as storage:
        storage.set("maps/deep/one.txt", "the text of one")
        storage.set("maps/deep/two.txt", "the text of two")
        with Terminal(COMMAND, environ=environ, columns=90, rows=20) as terminal:
            terminal.wait_for("? help")
            terminal.wait_for(" 1/1")
            if opening == "'z":
                terminal.send("gldata:maps/deep/\r")
                terminal.wait_for("two.txt")
                terminal.send("mz")
                terminal.wait_for("'z goes to")
                terminal.send("h", "h")
                terminal.wait_for(" 1/1")
            os.write(terminal.descriptor, f"{opening}j\r".encode())
            terminal.wait_for("▸ maps/deep/two.txt")


def test_a_program_that_was_stopped_goes_on_with_its_keys(browser: Terminal) -> None:
    process = psutil.Process(browser.process.pid)
    os.kill(browser.process.pid, signal.SIGTSTP)
    wait_until(lambda: process.status() == psutil.STATUS_STOPPED)
    os.kill(browser.process.pid, signal.SIGCONT)
    wait_until(lambda: process.status() != psutil.STATUS_STOPPED)
    browser.send("j", "j")
    browser.wait_for(f" 3/{ROWS}")
    browser.send("q")
    assert browser.wait_for_exit() == 0


def wait_until(is_true: Any) -> None:
    deadline = time.monotonic() + 20
    while not is_true():
        assert time.monotonic() < deadline
        time.sleep(0.01)


class Slow:
    """A program on a terminal that nobody reads until `read` does."""

    def __init__(self, folder: Path, count: int) -> None:
        self.master, slave = pty.openpty()
        code = WRITER.replace("COUNT", str(count))
        environ = {**os.environ, "TERM": "xterm-256color", "PYTHONPATH": os.pathsep.join(sys.path)}
        self.process = subprocess.Popen(
            [sys.executable, "-c", code], stdin=slave, stdout=slave, stderr=slave, cwd=folder, env=environ,
            start_new_session=True,
        )  # fmt: skip
        os.close(slave)
        self.raw = b""

    def send(self, keys: bytes) -> None:
        os.write(self.master, keys)

    def read_until(self, wanted: bytes) -> None:
        deadline = time.monotonic() + 20
        while wanted not in self.raw:
            assert time.monotonic() < deadline, self.raw[-300:]
            if select.select([self.master], [], [], 0.1)[0]:
                self.raw += os.read(self.master, 65536)

    def close(self) -> None:
        self.process.kill()
        self.process.wait()
        os.close(self.master)


@pytest.fixture
def slow(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Slow]:
    program = Slow(tmp_path, getattr(request, "param", 0))
    program.read_until(b"\x1b[?2026$p")
    yield program
    program.close()


@pytest.mark.parametrize("slow", [20_000], indirect=True)
def test_what_a_slow_terminal_does_not_take_follows_in_order_and_keys_are_answered_meanwhile(
    slow: Slow, tmp_path: Path
) -> None:
    slow.send(b"wt")  # 180 kB, past what a terminal holds
    wait_until((tmp_path / "typed").exists)
    slow.read_until(b"<019999\xc3\xa4>")
    assert b"".join(b"<%06d\xc3\xa4>" % number for number in range(20_000)) in slow.raw


@pytest.mark.parametrize("slow", [100_000], indirect=True)
def test_past_its_limit_the_program_waits_for_the_terminal_and_loses_nothing(slow: Slow, tmp_path: Path) -> None:
    slow.send(b"wt")
    slow.read_until(b"<050000\xc3\xa4>")
    slow.read_until(b"<099999\xc3\xa4>")
    assert b"".join(b"<%06d\xc3\xa4>" % number for number in range(100_000)) in slow.raw
    wait_until((tmp_path / "typed").exists)


def test_a_sequence_in_parts_is_one_key_and_esc_alone_is_esc(slow: Slow) -> None:
    slow.send(b"\x1b")
    slow.send(b"[B")
    slow.read_until(b"<key down>")
    slow.send(b"\x1b")
    slow.read_until(b"<key escape>")
    slow.send(b"\x1b[")
    slow.read_until(b"<key left_square_bracket>")
    assert slow.raw.count(b"<key") == 3


def test_bytes_that_are_no_text_end_nothing(slow: Slow) -> None:
    slow.send(b"\xff\xc3")
    slow.send(b"x")
    slow.read_until(b"<key x>")


@pytest.mark.skipif(not hasattr(psutil.Process, "io_counters"), reason="what a process has read is told by Linux only")
def test_a_character_may_come_in_two_parts(slow: Slow) -> None:
    process = psutil.Process(slow.process.pid)
    for part in (b"\xf0", b"\x9f\x98", b"\x80\xc3"):
        before = process.io_counters().read_chars
        slow.send(part)
        wait_until(lambda before=before: process.io_counters().read_chars > before)
    slow.send(b"\xa9")
    slow.read_until("<key é>".encode())
    assert slow.raw.count(b"<key") == 2


def test_replies_that_no_terminal_gives_end_nothing_and_are_no_keys(slow: Slow) -> None:
    for reply, key in zip(REPLIES, "abcdefghi", strict=True):
        slow.send(b"\x1b[B" + reply + key.encode())
        slow.read_until(f"<key {key}>".encode())
    assert slow.raw.count(b"<key down>") == len(REPLIES) == slow.raw.count(b"<key") / 2


async def test_a_key_waits_for_what_came_before_it(store: Storage, browse: Any) -> None:
    for number in range(5):
        store.set(f"{number}.txt", "x")
    async with browse() as running:
        await running.shows("1/5")
        app, main = running.app, running.main
        key = events.Key("j", "j")
        await running.until(lambda: app._take_key(key))
        assert main.keys.cursor == 1
        app.post_message(events.Key("g", "g"))
        assert not app._take_key(key)  # g is on its way
        await running.until(lambda: main.keymap.pending)
        assert not app._take_key(key)  # and may be the beginning of a chord
        assert not app._take_key(events.Key("d", "d"))
        await running.press("escape")
        await running.until(lambda: app._take_key(key))
        await running.until(lambda: main.keys.cursor == 2)


def test_it_is_suspended_to_the_shell_and_comes_back_as_it_was(environ: dict[str, str]) -> None:
    with Storage(data_dir=Path(environ["STORAGE_TUI_HOME"]) / "data") as storage:
        for number in range(3):
            storage.set(f"row-{number}.txt", "line\n" * 5)
        with Terminal(["bash", "--norc", "-i"], environ={**environ, "PS1": "ready$ "}, columns=90, rows=20) as terminal:
            terminal.wait_for("ready$")
            terminal.send(" ".join(COMMAND), "enter")
            terminal.wait_for(" 1/3")
            for screen, key in ((" 2/3", "j"), ("x hex/text", "enter")):
                terminal.send(key)
                terminal.wait_for(screen)
                terminal.send("\x1a")
                terminal.wait_for("Stopped")
                assert "?1049l" in terminal.raw.decode(errors="replace").rpartition("Stopped")[0][-400:]
                terminal.send("echo $((6*7))", "enter")
                terminal.wait_for("42")
                terminal.send("fg", "enter")
                terminal.wait_for(lambda text, screen=screen: screen in text and "ready$" not in text)
            terminal.send("q")
            terminal.wait_for(lambda text: "x hex/text" not in text)
            terminal.send("q")
            terminal.wait_for(lambda _: terminal.raw.endswith(b"ready$ "))
            terminal.send("exit", "enter")
            assert terminal.wait_for_exit() == 0
