"""A text with the facts that it tells above it: headers of rasters, mails, certificates."""

import re
from collections.abc import Sequence
from dataclasses import replace

from storage_tui.contract.visible import visible
from storage_tui.previews.base import Preview, Source, View
from storage_tui.previews.formats.plain import PlainText

NUMBER = r"[-+]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][-+]?\d+)?"
VALUE_CHARS = 100

_TEXT = PlainText()


async def described(kind: str, facts: Sequence[tuple[str, str]], source: Source, head: bytes, view: View) -> Preview:
    """Return the page of text with facts above it; the values of the facts are made safe here."""
    shown = await _TEXT.show(source, head, view)
    told = tuple((label, visible(" ".join(value.split()), limit=VALUE_CHARS)) for label, value in facts)
    return replace(shown, kind=kind, facts=(*told, *shown.facts))


def numbers_of(text: str) -> list[float]:
    """Return the numbers of a text that is nothing else; an empty list for another text."""
    words = text.replace(",", " ").split()
    return [float(word) for word in words] if words and all(re.fullmatch(NUMBER, word) for word in words) else []


def bounds_text(west: float, south: float, east: float, north: float) -> str:
    """Return bounds in words: `10, 45 to 12, 47`."""
    return f"{west:.10g}, {south:.10g} to {east:.10g}, {north:.10g}"
