"""The lines of a page of bytes, in any encoding: no character is cut."""

import codecs
from collections.abc import Iterator

from rich.text import Text

from storage_tui.contract.visible import visible
from storage_tui.previews.text.encoding import Encoding

PIECE_BYTES = 4096  # a longer line continues in the next row, so that no row is slow to measure or to draw
TAB_CELLS = 4
SURE = 0x30  # a smaller byte is never the second byte of a character, in any encoding of one or more bytes
STEP_BYTES = 256  # looked through for such a byte; text has one far sooner


def text_lines(page: bytes, encoding: Encoding, *, is_last: bool, limit: int) -> tuple[list[Text], int]:
    """Return rows from a page and the number of its bytes that they hold.

    A line that the page cuts is left for the next page, unless it is the only one or the last of the blob.
    """
    rows: list[Text] = []
    used = 0
    for text, stop in split_lines(page, encoding, is_last=is_last, limit=limit):
        rows.append(Text(text))
        used = stop
    return rows, used


def split_lines(page: bytes, encoding: Encoding, *, is_last: bool, limit: int) -> Iterator[tuple[str, int]]:
    """Yield each line as it is drawn, and the place in the page where the next line begins."""
    encoding = encoding.of_page(page)
    unit, newline = encoding.unit_bytes, encoding.newline
    at = 0
    for _ in range(limit):
        if at >= len(page):
            break
        end = find_aligned(page, newline, at, unit)
        if end == -1 and not is_last and at > 0 and len(page) - at < PIECE_BYTES:
            break
        stop = len(page) if end == -1 else end
        if stop - at > PIECE_BYTES:
            stop, end = _piece_end(page, at, encoding), -1
        line = encoding.decode(page[at:stop])
        at = stop if end == -1 else end + unit
        yield shown_line(line), at


def shown_line(line: str) -> str:
    """Return one line, safe to draw: tabs become spaces, and a carriage return at its end is left out."""
    return visible(line.removesuffix("\r").expandtabs(TAB_CELLS))


def find_aligned(page: bytes, newline: bytes, at: int, unit: int) -> int:
    """Return where the next newline begins, from `at` on; -1 without one. A newline begins at a multiple of `unit`."""
    found = page.find(newline, at)
    while found != -1 and found % unit:
        found = page.find(newline, found + 1)
    return found


def last_aligned(page: bytes, newline: bytes, stop: int, unit: int) -> int:
    """Return where the last newline before `stop` begins; -`unit` without one."""
    found = page.rfind(newline, 0, max(0, stop))
    while found > 0 and found % unit:
        found = page.rfind(newline, 0, found + len(newline) - 1)
    return -unit if found == -1 or found % unit else found


def cut_bytes(before: bytes, page: bytes, encoding: Encoding) -> int:
    """Return how many of the first bytes of a page belong to a character that begins in the bytes before the page.

    In an encoding where a byte does not show this by itself, the last byte before the page that is surely a whole
    character is where counting begins; STEP_BYTES before the page are enough.
    """
    if not before:
        return 0
    if encoding.codec == "utf-8":
        skip = 0
        while skip < min(3, len(page)) and page[skip] & 0xC0 == 0x80:
            skip += 1
        return skip
    if encoding.codec.startswith("utf-16") and len(page) > 1:
        high = page[1] if encoding.codec == "utf-16-le" else page[0]
        return 2 if 0xDC <= high < 0xE0 else 0
    if not encoding.is_shifted:
        return 0
    sure = next((at for at in range(len(before) - 1, -1, -1) if before[at] < SURE), None)
    if sure is None and len(before) >= STEP_BYTES:
        return 0
    rest = before if sure is None else before[sure + 1 :]  # fewer bytes are all that come before the page
    cut = len(rest) - whole_characters(rest, encoding)
    if not cut:
        return 0
    return next((more for more in (1, 2, 3) if whole_characters(rest + page[:more], encoding) == len(rest) + more), 0)


def whole_characters(raw: bytes, encoding: Encoding) -> int:
    """Return how many of these bytes, which begin with a whole character, hold whole characters."""
    decoder = codecs.getincrementaldecoder(encoding.codec)("replace")
    decoder.decode(raw)
    return len(raw) - len(decoder.getstate()[0])


def _piece_end(page: bytes, at: int, encoding: Encoding) -> int:
    """Return the end of a piece of a long line, which cuts no character."""
    used = whole_characters(page[at : at + PIECE_BYTES], encoding)
    if encoding.codec == "iso2022_jp":  # the piece after this one begins in ASCII
        escape = page.rfind(b"\x1b(B", at, at + PIECE_BYTES)
        used = escape + 3 - at if escape > at else used
    return at + (used or PIECE_BYTES)
