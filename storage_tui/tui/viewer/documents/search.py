"""Words in a blob of any size: found by ranges, forwards and backwards, in the encoding of the blob."""

import asyncio
import re
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass

from storage_tui.previews import Source
from storage_tui.previews.base import KIB, MIB, Budget
from storage_tui.previews.text.encoding import Encoding
from storage_tui.previews.text.lines import STEP_BYTES, cut_bytes, whole_characters
from storage_tui.tui.viewer.documents.document import Progress

FIRST_BYTES = 256 * KIB  # of the first request: 0.2 s at 10 Mbit/s
MOST_BYTES = 2 * MIB  # of a later request on a fast link; larger requests are no faster
FAST_S = 0.4  # after a faster request the next one is twice as large
PATTERN_CHARS = 200  # a longer text was pasted by mistake
_HEX = re.compile(r"0x((?:[0-9a-fA-F]{2})+)")


@dataclass(frozen=True, slots=True)
class Pattern:
    """The goal of a search: an expression over bytes, and the largest number of bytes of a match."""

    text: str
    expression: re.Pattern[bytes]
    most_bytes: int
    unit_bytes: int
    shifted: Encoding | None = None
    """The encoding, where bytes that look like a match may begin inside a character."""


def make_pattern(text: str, codec: str, *, is_hex: bool = False) -> Pattern:
    """Make the pattern of typed words. A capital letter makes case count; in hex, `0x89504e47` is bytes."""
    text = text[:PATTERN_CHARS]
    raw = _HEX.fullmatch(text) if is_hex else None
    if raw is not None:
        content = bytes.fromhex(raw[1])
        return Pattern(text, re.compile(re.escape(content), re.DOTALL), len(content), 1)
    pieces: list[bytes] = []
    most = 0
    for character in text:
        forms = [character] if text != text.lower() else list(dict.fromkeys((character, character.upper())))
        encoded = [form.encode(codec, "replace") for form in forms]
        most += max(map(len, encoded))
        escaped = [re.escape(form) for form in encoded]
        pieces.append(escaped[0] if len(escaped) == 1 else b"(?:" + b"|".join(escaped) + b")")
    encoding = Encoding(codec)
    shifted = encoding if encoding.is_shifted else None
    return Pattern(text, re.compile(b"".join(pieces), re.DOTALL), most, encoding.unit_bytes, shifted)


def line_pattern(text: str) -> re.Pattern[str]:
    """Make the pattern of the same words for a drawn line."""
    return re.compile(re.escape(text[:PATTERN_CHARS]), re.IGNORECASE if text == text.lower() else 0)


async def search(source: Source, pattern: Pattern, start: int, *, is_forward: bool) -> AsyncIterator[Progress]:
    """Search from `start` to the end of the blob, or to its start. Ends after the match, or without a match.

    Forwards a match begins at `start` or after it, backwards before it. The memory is that of one request.
    """
    step, searched, overlap = FIRST_BYTES, 0, pattern.most_bytes - 1
    context = STEP_BYTES if pattern.shifted is not None else 0
    at = start
    while True:
        size = source.size_bytes
        low, high = (at, at + step + overlap) if is_forward else (max(0, at - step), at + overlap)
        source.begin()
        source.allow(Budget(requests=1, size_bytes=MOST_BYTES + PATTERN_CHARS * 8))
        begun = time.monotonic()
        first = max(0, low - context)
        data = await source.read(first, high)
        if time.monotonic() - begun < FAST_S:
            step = min(step * 2, MOST_BYTES)
        found = await asyncio.to_thread(_find, pattern, data, first, low - first, is_forward=is_forward)
        if found is not None:
            yield Progress(searched, found)
            return
        searched += max(0, len(data) - (low - first) - overlap)
        yield Progress(searched)
        if is_forward:
            if len(data) < high - first or (size is not None and high >= size):
                return
            at = high - overlap
        else:
            if low == 0:
                return
            at = low


def _find(pattern: Pattern, data: bytes, low: int, skip: int, *, is_forward: bool) -> int | None:
    """Return where the first match begins, or the last match of a backwards search; None without a match.

    `low` is the offset of the data. A match begins after the first `skip` bytes, which only show where characters
    begin.
    """
    found, shifted = None, pattern.shifted
    whole = skip + (0 if shifted is None else cut_bytes(data[:skip], data[skip:], shifted))
    for match in pattern.expression.finditer(data, skip):
        at = match.start()
        if (low + at) % pattern.unit_bytes:
            continue
        if shifted is not None:  # the characters since the last one that is known to be whole
            whole += whole_characters(data[whole:at], shifted) if whole < at else 0
            if whole != at:
                continue
        found = low + at
        if is_forward:
            return found
    return found
