"""One cell opened whole: a text in its lines, or nested values as a tree."""

import json
from typing import Any

from textual.content import Content

from storage_tui.contract.visible import visible
from storage_tui.tui.lists.lines_screen import LinesScreen
from storage_tui.tui.widgets.text_lines import Line

MOST_LINES = 5000
MOST_DEPTH = 60
LINE_CHARS = 4000


class CellScreen(LinesScreen):
    """The value of one cell."""

    CSS_PATH = "../lists/lines_screen.tcss"

    def __init__(self, title: str, value: Any) -> None:
        super().__init__(indent=2)
        self._heading = title
        self._value = value

    def on_mount(self) -> None:
        """Show the value."""
        self.show(Content.assemble((" Cell ", "bold $accent"), (self._heading, "bold")), cell_lines(self._value))


def cell_lines(value: Any) -> list[Line]:
    """Return a value in lines: a text as it is, null as such, and lists and objects with a line a value."""
    if value is None:
        return [[(" null", "dim")]]
    if not isinstance(value, dict | list):
        lines: list[Line] = [[(f" {visible(line[:LINE_CHARS])}", "")] for line in str(value).split("\n")[:MOST_LINES]]
        return lines or [[(" ", "")]]
    found: list[Line] = []
    _add(found, "", value, 0)
    if len(found) >= MOST_LINES:
        found.append([(f" the first {MOST_LINES:,} values", "dim")])
    return found


def _add(found: list[Line], name: str, value: Any, depth: int) -> None:
    if len(found) >= MOST_LINES:
        return
    lead = " " * (1 + 2 * depth)
    label = f"{visible(name[:LINE_CHARS])}: " if name else ""
    if not isinstance(value, dict | list) or depth > MOST_DEPTH:
        text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
        role = "dim" if value is None else "good" if isinstance(value, str) else ""
        found.append([(lead, ""), (label, "key"), (visible(text[:LINE_CHARS]), role)])
        return
    word = f"{{{len(value):,}}}" if isinstance(value, dict) else f"[{len(value):,}]"
    found.append([(lead, ""), (label, "key"), (word, "dim")])
    pairs = value.items() if isinstance(value, dict) else ((str(at), each) for at, each in enumerate(value))
    for key, each in pairs:
        _add(found, str(key), each, depth + 1)
