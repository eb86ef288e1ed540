"""The comparison of two blobs: checksums first, then text, facts, and the first byte that differs.

Text is compared whole, as a unified diff. Rasters, tables and arrays of the same kind are compared by what their
previews read: facts side by side, and the lines of schema and first rows. Of everything else the first difference is
shown. Nothing of a blob causes an exception.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

from storage_tui.contract.counts import plural
from storage_tui.contract.models import Blob
from storage_tui.contract.sizes import size_text
from storage_tui.previews.base import MIB, Preview, Source
from storage_tui.previews.comparing.facts import FactPair, pair_facts, plain_lines
from storage_tui.previews.comparing.line_diff import unified
from storage_tui.previews.comparing.walk import Side, first_difference
from storage_tui.previews.formats.hexdump import hex_lines
from storage_tui.previews.registry import preview
from storage_tui.previews.text.encoding import find_encoding

TEXT_BYTES = 4 * MIB  # of each side: a text up to this size is compared line by line
DIFF_LINES = 20_000  # of a diff that are shown; a person reads fewer
MOST_BYTES = 256 * MIB  # of each side that are read to find the first difference, unless the caller asks for more
PREVIEW_CELLS = (160, 400)  # width and height of the two previews: wide enough that no fact is cut
AROUND = 32  # bytes before and after the first difference

NO_END = "\udfff"  # marks a last line without an end; no decoded text holds half of a surrogate pair
NO_END_LINE = "\\ No newline at end of file"  # as diff and patch write it
END_NAMES = {"\n": "LF", "\r\n": "CR LF", "\r": "CR"}
UNPAIRED = frozenset(("empty", "binary", "text"))  # kinds whose facts say nothing about the content


@dataclass(frozen=True, slots=True)
class Comparison:
    """What is equal and what is not. Names and `lines` are as they are in the blobs: make them visible before drawing.

    `is_same` is None when not all bytes were compared and the compared ones are equal. `verdict` is one sentence.
    `facts` are pairs; `lines` are the lines of a unified diff, of the texts themselves or, with `is_of_previews`, of
    what the previews read. `places` are rows of a hex view around the first difference, left and right. `note` says how
    much was compared, and what was left out.
    """

    is_same: bool | None
    verdict: str
    facts: tuple[FactPair, ...] = ()
    lines: tuple[str, ...] = ()
    is_of_previews: bool = False
    places: tuple[str, ...] = ()
    offset: int | None = None
    note: str = ""


async def compare(
    left: Side, right: Side, *, most_bytes: int | None = MOST_BYTES, told: Callable[[int], None] | None = None
) -> Comparison:
    """Compare two blobs. At most `most_bytes` of each are read, None reads all. `told` gets the number of compared
    bytes.

    Raise the errors of the client when a blob cannot be read, PreconditionFailedError when it was overwritten while it
    was read. The blobs of both sides must be fresh descriptions (`stat`).
    """
    size = left.blob.size_bytes
    if _checksums_are_equal(left.blob, right.blob):
        return Comparison(True, f"The blobs are the same: {size_text(size)}, equal checksums.")
    shown_left, shown_right = await asyncio.gather(_preview(left), _preview(right))
    texts = await _texts(left, right)
    if texts is not None and texts[0].raw == texts[1].raw:
        return Comparison(True, f"The blobs are the same: all {size_text(size)} were compared.")
    if texts is not None:
        return await asyncio.to_thread(_compare_texts, left, right, *(each.text for each in texts))
    offset, differs = await first_difference(left, right, most_bytes=most_bytes, told=told)
    return _judge(left, right, shown_left, shown_right, offset, differs, await _around(left, right, offset))


def _checksums_are_equal(left: Blob, right: Blob) -> bool:
    """Return whether size and crc32c say that the bytes are the same. Unequal checksums prove nothing to look at."""
    return (
        left.size_bytes is not None
        and (left.size_bytes, left.crc32c) == (right.size_bytes, right.crc32c)
        and (left.crc32c is not None)
    )


async def _preview(side: Side) -> Preview:
    width, height = PREVIEW_CELLS
    return await preview(Source(side.storage, side.blob), width=width, height=height, is_full=True)


@dataclass(frozen=True, slots=True)
class _Text:
    """The text of a blob, and its bytes."""

    raw: bytes
    text: str


async def _texts(left: Side, right: Side) -> tuple[_Text, _Text] | None:
    """Return the text of both blobs; None when one is no text, or too large to be compared line by line."""
    for side in (left, right):
        if side.blob.size_bytes is None or side.blob.size_bytes > TEXT_BYTES:
            return None
    found = []
    for side in (left, right):
        raw = await side.read(0, side.blob.size_bytes or 0)
        encoding = find_encoding(raw)
        if raw and encoding is None:
            return None
        text = "" if encoding is None else encoding.decode(raw[encoding.bom_bytes :])
        if "\0" in text:  # an archive of texts, for example; diff and grep take it for binary too
            return None
        found.append(_Text(raw, text))
    return found[0], found[1]


def _compare_texts(left: Side, right: Side, one: str, other: str) -> Comparison:
    if one == other:
        return Comparison(False, "The texts are the same; their bytes differ, because their encodings differ.")
    ends = _line_end(one), _line_end(other)
    lines_left, lines_right = (_lines(text, end) for text, end in zip((one, other), ends, strict=True))
    if ends[0] == ends[1] == "\r\n":  # kept, so that the diff can be applied
        lines_left, lines_right = ([f"{line}\r" for line in lines] for lines in (lines_left, lines_right))
    diff: list[str] = []
    added = removed = number = 0
    for number, line in enumerate(unified(lines_left, lines_right, left.name, right.name)):
        added += number > 1 and line.startswith("+")
        removed += number > 1 and line.startswith("-")
        if len(diff) < DIFF_LINES:
            diff += [line.removesuffix(NO_END), NO_END_LINE] if line.endswith(NO_END) else [line]
    if not diff:
        named = [END_NAMES[end] for end in ends]
        return Comparison(False, f"The texts differ only in how lines end: {named[0]} left, {named[1]} right.")
    verdict = f"The texts differ: {plural(removed, 'line')} only left, {plural(added, 'line')} only right."
    note = f"the diff is cut after {DIFF_LINES:,} lines" if number >= DIFF_LINES else ""
    return Comparison(False, verdict, lines=tuple(diff), note=note)


def _line_end(text: str) -> str:
    return "\r\n" if "\r\n" in text else "\r" if "\r" in text and "\n" not in text else "\n"


def _lines(text: str, end: str) -> list[str]:
    """Return the lines without their ends. A last line without an end differs from the same line with one."""
    lines = text.split(end)
    if lines[-1]:
        lines[-1] += NO_END
    else:
        lines.pop()
    return lines


async def _around(left: Side, right: Side, offset: int) -> tuple[bytes, bytes]:
    start = max(0, offset // 16 * 16 - AROUND)
    one, other = await asyncio.gather(left.read(start, offset + AROUND), right.read(start, offset + AROUND))
    return one, other


def _judge(
    left: Side, right: Side, shown_left: Preview, shown_right: Preview, offset: int, differs: bool,
    around: tuple[bytes, bytes],
) -> Comparison:  # fmt: skip
    sizes = (left.blob.size_bytes, right.blob.size_bytes)
    ends = None not in sizes and offset == min(size for size in sizes if size is not None)
    if not differs and ends and sizes[0] == sizes[1]:
        return Comparison(True, f"The blobs are the same: all {size_text(sizes[0])} were compared.")
    facts = [FactPair("kind", shown_left.kind, shown_right.kind), FactPair("size", *(_size(size) for size in sizes))]
    lines: list[str] = []
    if shown_left.kind == shown_right.kind and shown_left.kind not in UNPAIRED:
        facts += pair_facts(shown_left.facts, shown_right.facts)
        lines = list(unified(plain_lines(shown_left), plain_lines(shown_right), left.name, right.name))
    if not differs and not ends:
        verdict = f"The first {size_text(offset)} are the same; the rest was not compared."
        return Comparison(None, verdict, tuple(facts), tuple(lines), True, note="storage-tui diff compares every byte")
    if differs:
        verdict = f"The blobs differ: the first difference is at byte {offset:,}."
    else:
        longer = "right" if (sizes[0] or 0) < (sizes[1] or 0) else "left"
        verdict = f"The blobs differ: the {longer} one goes on after byte {offset:,}, where the other one ends."
    start = max(0, offset // 16 * 16 - AROUND)
    digits = len(f"{max(size or 0 for size in sizes):x}")
    places = []
    for side, raw in ((left, around[0]), (right, around[1])):
        places += [side.name, *(row.plain.rstrip() for row in hex_lines(raw, start, 16, digits))]
    return Comparison(False, verdict, tuple(facts), tuple(lines[:DIFF_LINES]), True, tuple(places), offset)


def _size(size: int | None) -> str:
    return "unknown" if size is None else f"{size_text(size)} ({size:,} bytes)"
