"""What a picture costs on the link to the terminal: one picture at a time, and on a slow link only when asked for."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import replace

from rich.color import Color, ColorType
from rich.style import Style
from rich.text import Text

from storage_tui.contract.sizes import size_text
from storage_tui.previews import Preview
from storage_tui.tui.commands import in_context, key_label
from storage_tui.tui.terminal.link import AWAY_S, Link

HELD_FROM_S = 1.0  # a picture that would take longer on its way is drawn when it is asked for
STYLE_BYTES, NUMBERED_BYTES = 33, 18  # of a change of two true or numbered colours (measured on six pictures)
COMING = "the picture follows once the terminal has drawn what came before"


def cost_of(lines: Sequence[Text]) -> int:
    """Return about how many bytes the drawing of these lines sends."""
    styles = [span.style for line in lines for span in line.spans]
    is_true = any(isinstance(style, Style) and style.color is not None and _is_true(style.color) for style in styles)
    letters = sum(len(line.plain.encode("utf-8", "replace")) for line in lines)
    return letters + len(styles) * (STYLE_BYTES if is_true else NUMBERED_BYTES)


def _is_true(colour: Color) -> bool:
    return colour.type is ColorType.TRUECOLOR


class Toll:
    """Holds pictures back. Previews without a picture pass. `command` is the id of the command of the main screen that
    draws a picture all the same; empty on screens without such a command."""

    def __init__(self, link: Link, *, command: str = "") -> None:
        self._link = link
        self._command = command
        self._is_held = self._is_paid = False

    def forget(self) -> None:
        """Hold the next picture back again."""
        self._is_held = self._is_paid = False

    def pay(self) -> bool:
        """Let the picture that was held back pass; return false where none was."""
        was_held, self._is_held = self._is_held, False
        self._is_paid = self._is_paid or was_held
        return was_held

    async def wait(self, shown: Preview, show: Callable[[Preview], None]) -> None:
        """Wait until the terminal has drawn the large paint before this picture; `show` gets the facts meanwhile."""
        if not shown.is_drawing or not self._link.is_busy:
            return
        show(replace(shown, lines=(), note=COMING))
        arrived = asyncio.Event()
        self._link.when_free(arrived.set)
        try:
            async with asyncio.timeout(AWAY_S):
                await arrived.wait()
        except TimeoutError:
            self._link.give_up()
        finally:
            self._link.forget(arrived.set)

    def held_back(self, shown: Preview) -> Preview:
        """Return the preview, without its picture where that would take long: `p draws it (12 kB)`."""
        cost = cost_of(shown.lines) if shown.is_drawing and not self._is_paid else 0
        if self._link.seconds_for(cost) <= HELD_FROM_S:
            return shown
        self._is_held = True
        keys = [row.keys_of("browser")[0] for row in in_context("browser") if row.id == self._command]
        words = f"{key_label(keys[0])} draws it" if keys else "not drawn here"
        return replace(shown, lines=(), note=f"a slow link: {words} ({size_text(cost)})")
