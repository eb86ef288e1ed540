"""A picture's cost is told and capped over a slow link, by the terminal's own answers; here by order and bytes."""

import io
import os
import random
import sys
from pathlib import Path
from typing import Any

from PIL import Image

from storage_tui import Storage
from storage_tui.contract.sizes import size_text
from storage_tui.tui.look.picture_toll import COMING, cost_of
from storage_tui.tui.terminal.link import ANSWER, ASK, ASK_FROM_BYTES, Link
from storage_tui.tui.terminal.painter import Painter
from tests.terminal import Terminal

COMMAND = [sys.executable, "-m", "storage_tui"]


def picture(seed: int) -> bytes:
    """A PNG whose cells all differ."""
    chance, made = random.Random(seed), io.BytesIO()
    Image.frombytes("RGB", (40, 30), chance.randbytes(40 * 30 * 3)).resize((400, 300)).save(made, "PNG")
    return made.getvalue()


def test_the_rate_is_that_of_the_last_large_paint_without_the_way_there_and_back() -> None:
    now = [0.0]
    link = Link(lambda: now[0])
    assert link.asks_after(0, always=True) and not link.is_busy and not link.asks_after(10**6)
    now[0] = 0.15
    link.answered()
    assert link.bytes_per_s is None and link.seconds_for(10**9) == 0
    assert not link.asks_after(ASK_FROM_BYTES - 1)
    assert link.asks_after(32_000) and link.is_busy
    came: list[str] = []
    dropped = came.clear
    link.when_free(lambda: came.append("b"))
    link.when_free(dropped)
    link.forget(dropped)
    now[0] += 1.15
    assert came == []
    link.answered()
    assert came == ["b"] and not link.is_busy
    assert link.bytes_per_s is not None and abs(link.bytes_per_s - 32_000) < 1
    assert link.asks_after(32_000)
    now[0] += 0.16
    link.answered()
    assert link.bytes_per_s is None
    link.answered()  # nobody asked
    assert not link.is_asking


def test_a_machine_that_slept_is_no_slow_link() -> None:
    now = [0.0]
    link = Link(lambda: now[0])
    assert link.asks_after(0, always=True)
    link.answered()
    assert link.asks_after(32_000)
    now[0] = 3_600.0
    link.answered()
    assert link.bytes_per_s is None and not link.is_busy


def test_a_terminal_that_does_not_answer_counts_as_fast() -> None:
    link = Link(lambda: 0.0)
    assert link.asks_after(0, always=True)
    came: list[int] = []
    link.when_free(lambda: came.append(1))
    assert came == [1] and not link.is_busy and not link.asks_after(10**6)


async def test_p_draws_the_picture_that_a_slow_link_holds_back(store: Storage, browse: Any) -> None:
    store.set("a.txt", "words")
    store.set("b.png", picture(1))
    async with browse() as browser:
        await browser.until(lambda: browser.names == ["a.txt", "b.png"])
        browser.app.desk.link.bytes_per_s = 2000.0
        await browser.press("j")
        await browser.shows("a slow link: p draws it (")
        shown = browser.main.pane._shown
        assert size_text(cost_of(shown.lines)) in browser.text and "▄" not in browser.text
        await browser.press("p")
        await browser.until(lambda: "p draws it" not in browser.text and browser.main.pane._body == shown.lines)
        painter = Painter(120, 40)
        strips = browser.main.pane.render_lines(browser.main.pane.size.region)
        drawn = [f"\x1b[{y};1H{strip.render(browser.app.console)}" for y, strip in enumerate(strips, 1)]
        painted = sum(len(painter.paint(row).encode()) for row in drawn)
        assert 0.7 < painted / cost_of(shown.lines) < 1.4
        await browser.press("p")
        await browser.until(lambda: not browser.main.pane.display)
        await browser.press("p", "k")
        await browser.shows("words")
        await browser.press("j")
        await browser.shows("a slow link: p draws it (")
        await browser.press("f")
        await browser.type("png")
        await browser.shows("a slow link: not drawn here (")
        await browser.press("escape", "q")
        await browser.until(lambda: browser.app.screen is browser.main)
        browser.app.desk.link.bytes_per_s = 10**9
        await browser.press("k", "j")
        await browser.until(lambda: browser.main.pane._body == shown.lines)


def test_no_second_picture_is_sent_before_the_terminal_has_drawn_the_first(tmp_path: Path) -> None:
    environ = {**os.environ, "HOME": str(tmp_path), "STORAGE_TUI_HOME": str(tmp_path / "home"),
               "STORAGE_TUI_LINGER": "0", "TERM": "xterm-256color", "COLORTERM": "truecolor"}  # fmt: skip
    with Storage(data_dir=Path(environ["STORAGE_TUI_HOME"]) / "data") as storage:
        storage.set("a.txt", "words of a")
        for number, name in enumerate(("b.png", "c.png", "d.png")):
            storage.set(name, picture(number))
        with Terminal(COMMAND, environ=environ) as terminal:

            def asked(count: int) -> None:
                terminal.wait_for(lambda _: terminal.raw.count(ASK) >= count)
                assert terminal.raw.count(ASK) == count

            terminal.wait_for("words of a")
            asked(1)
            terminal.send(ANSWER.decode())
            terminal.send("j")
            asked(2)
            first = terminal.raw.rindex(ASK) + len(ASK)
            terminal.send("j")
            terminal.wait_for(lambda text: "▏ c.png" in text and COMING[:30] in text)
            terminal.send("j")
            terminal.wait_for(lambda text: "▏ d.png" in text and COMING[:30] in text)
            between = len(terminal.raw) - first
            terminal.send(ANSWER.decode())
            asked(3)
            terminal.wait_for(lambda text: COMING[:30] not in text)
            cost = len(terminal.raw) - first - between
            assert cost > 3 * between, (cost, between)
            terminal.send(ANSWER.decode(), "q")
            assert terminal.wait_for_exit() == 0
            assert terminal.raw.count(ASK) == 3
