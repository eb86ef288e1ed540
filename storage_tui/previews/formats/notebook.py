"""Jupyter notebooks as cells: sources, and the first lines of what they printed (nbformat 4)."""

import asyncio
from collections import Counter
from collections.abc import Iterator
from typing import Any

from rich.text import Text

from storage_tui.contract.sizes import size_text
from storage_tui.contract.visible import visible
from storage_tui.previews.base import HEADER_BUDGET, KIB, OtherFormatError, Preview, Source, View
from storage_tui.previews.heads.cursor import first_bytes
from storage_tui.previews.text.encoding import decode_head
from storage_tui.previews.text.json_object import JsonObject, read_object, skip_gap
from storage_tui.previews.text.lines import PIECE_BYTES, shown_line

READ_BYTES = 256 * KIB  # pictures lie among the cells as text
PANE_LINES, FULL_LINES = 500, 20_000
OUTPUT_LINES = 12  # of one output
MOST_OUTPUTS = 20  # of one cell


class Notebook:
    """The cells of a notebook, as far as the budget reaches."""

    kind = "notebook"
    budget = HEADER_BUDGET

    def matches(self, head: bytes, name: str) -> bool:
        """Return whether a JSON object with cells begins here."""
        start = head[:KIB].lstrip()
        return start[:1] == b"{" and b'"cells"' in head and (name.endswith(".ipynb") or b'"cell_type"' in head)

    async def show(self, source: Source, head: bytes, view: View) -> Preview:
        """Return the cells; raise OtherFormatError for JSON that is no notebook of version 4."""
        head = await first_bytes(source, head, len(head) + source.bytes_left if view.is_full else READ_BYTES)
        text, _ = decode_head(head)
        found = await asyncio.to_thread(read_object, text, skip_gap(text, 0), "cells")
        cells = [cell for cell in found.items if isinstance(cell, dict) and isinstance(cell.get("cell_type"), str)]
        if not found.has_list or len(cells) < len(found.items) or (not cells and found.is_whole):
            raise OtherFormatError("it is no notebook of version 4")
        most = FULL_LINES if view.is_full else PANE_LINES
        lines: list[Text] = []
        for number, cell in enumerate(cells):
            lines += cell_lines(cell, is_first=not number)
            if len(lines) > most:
                break
        more = "" if found.is_whole else "+"
        kinds = Counter(visible(cell["cell_type"], limit=20) for cell in cells)
        counted = ", ".join(f"{count:,} {kind}" for kind, count in kinds.most_common(4))
        facts = [("cells", f"{len(cells):,}{more}" + (f": {counted}" if counted else "")), *_facts(found)]
        note = "" if found.is_whole else "the cells after these are not read"
        if len(lines) > most:
            note = f"the first {most:,} lines"
        return Preview(self.kind, facts=tuple(facts), lines=tuple(lines[:most]), note=note, can_wrap=True)


def _facts(found: JsonObject) -> Iterator[tuple[str, str]]:
    """Yield what a notebook that is read to its end says of itself."""
    metadata = found.members.get("metadata")
    metadata = metadata if isinstance(metadata, dict) else {}
    for label, key, names in (
        ("kernel", "kernelspec", ("display_name",)),
        ("language", "language_info", ("name", "version")),
    ):
        part = metadata.get(key)
        if isinstance(part, dict) and (words := [str(part[name]) for name in names if name in part]):
            yield label, visible(" ".join(words), limit=60)
    versions = [found.members[name] for name in ("nbformat", "nbformat_minor") if type(found.members.get(name)) is int]
    if versions:
        yield "format", ".".join(map(str, versions))[:20]


def cell_lines(cell: dict[str, Any], *, is_first: bool) -> Iterator[Text]:
    """Yield the lines of a cell: its kind and number, its source, its outputs."""
    if not is_first:
        yield Text("")
    count = cell.get("execution_count")
    number = f" [{count}]" if type(count) is int else ""
    yield Text(f"── {visible(cell['cell_type'], limit=20)}{number}"[:60], style="bold")
    for line in _joined(cell.get("source")).split("\n"):
        yield from _rows(line, "")
    outputs = cell.get("outputs")
    for output in outputs[:MOST_OUTPUTS] if isinstance(outputs, list) else []:
        if isinstance(output, dict):
            yield from _output_lines(output)


def _output_lines(output: dict[str, Any]) -> Iterator[Text]:
    found = output.get("data")
    bundle: dict[str, Any] = found if isinstance(found, dict) else {}
    if output.get("output_type") == "error":
        text = f"{output.get('ename')}: {output.get('evalue')}"
    else:
        text = _joined(output.get("text", bundle.get("text/plain")))
    for kind, content in list(bundle.items())[:MOST_OUTPUTS]:
        if not kind.startswith("text/"):
            yield Text(f"  → {visible(kind, limit=60)}, {size_text(len(_joined(content)))}", style="dim")
    lines = text.rstrip("\n").split("\n") if text.strip() else []
    for line in lines[:OUTPUT_LINES]:
        yield from (Text(row.plain, style="dim") for row in _rows(line, "  → "))
    if len(lines) > OUTPUT_LINES:
        yield Text(f"  → … {len(lines):,} lines", style="dim")


def _rows(line: str, before: str) -> Iterator[Text]:
    """Yield a line in rows that are not too long to draw."""
    for at in range(0, max(1, len(line)), PIECE_BYTES):
        yield Text(before + shown_line(line[at : at + PIECE_BYTES]))


def _joined(told: object) -> str:
    """Return a text that may be written as a list of lines."""
    if isinstance(told, list):
        return "".join(part for part in told if isinstance(part, str))
    return told if isinstance(told, str) else ""
