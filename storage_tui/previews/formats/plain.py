"""Text in any common encoding, by pages of whole lines; very long lines are shown in pieces."""

import codecs
import re
from collections.abc import Iterator
from dataclasses import dataclass

from rich.text import Text

from storage_tui.contract.visible import visible
from storage_tui.previews.base import HEAD_BYTES, HEADER_BUDGET, Pages, Preview, Source, View

PAGE_LINES = 500  # a few screens to scroll through; drawing more costs more than another request
PIECE_BYTES = 4096  # a longer line continues in the next row, so that no row is slow to measure or to draw
TAB_CELLS = 4
BINARY_SHARE = 0.02  # control characters past this share of a sample mean that it is not text
SAMPLE_BYTES = 8192  # enough to find the encoding, few enough to find it in under a millisecond

BOMS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
NAMES = {"utf-8": "UTF-8", "utf-16-le": "UTF-16", "utf-16-be": "UTF-16", "utf-32-le": "UTF-32", "utf-32-be": "UTF-32",
         "cp1252": "Western (Windows-1252)"}  # fmt: skip
KINDS = {".md": "Markdown", ".html": "HTML", ".htm": "HTML", ".svg": "SVG", ".xml": "XML", ".py": "Python",
         ".yaml": "YAML", ".yml": "YAML", ".toml": "TOML", ".log": "log", ".ini": "INI", ".sql": "SQL",
         ".prj": "projection", ".sh": "shell script"}  # fmt: skip

_CONTROL = re.compile(rb"[\x00-\x06\x0e-\x1a\x1c-\x1f\x7f]")  # never in text; ESC is common in logs


@dataclass(frozen=True, slots=True)
class Encoding:
    """The encoding of a text: the codec's name, the bytes of its byte order mark, the bytes of its smallest unit."""

    codec: str
    bom_bytes: int = 0

    @property
    def unit_bytes(self) -> int:
        """The smallest unit of the encoding: 1, 2 or 4 bytes."""
        return {"utf-16": 2, "utf-32": 4}.get(self.codec[:6], 1)


class PlainText:
    """Lines as they are, from any offset."""

    kind = "text"
    budget = HEADER_BUDGET

    def matches(self, head: bytes, name: str) -> bool:
        """Return whether the bytes look like text in a known encoding."""
        return find_encoding(head) is not None

    async def show(self, source: Source, head: bytes, view: View) -> Preview:
        """Return the page of lines that begins at the offset."""
        encoding = find_encoding(head) or Encoding("cp1252")
        size = source.size_bytes or len(head)
        unit = encoding.unit_bytes
        start = max(encoding.bom_bytes, min(view.offset, size) // unit * unit)
        page = await source.read(start, start + HEAD_BYTES)
        is_last = start + len(page) >= size
        if start > encoding.bom_bytes and encoding.codec == "utf-8":
            start, page = skip_continuation(start, page)
        lines, used = text_lines(page, encoding, is_last=is_last, limit=PAGE_LINES)
        stop = start + used
        previous = _find_previous(source, start, used, encoding) if start > encoding.bom_bytes else None
        return Preview(
            self._kind(source.blob.key),
            facts=() if encoding.codec == "utf-8" else (("encoding", NAMES[encoding.codec]),),
            lines=tuple(lines),
            can_wrap=True,
            pages=Pages(start, stop, previous, stop if stop < size else None),
        )

    def _kind(self, key: str) -> str:
        name = key.rsplit("/", 1)[-1].lower()
        return next((kind for ending, kind in KINDS.items() if name.endswith(ending)), self.kind)


def _find_previous(source: Source, start: int, used: int, encoding: Encoding) -> int:
    """Return the start of the previous page: a page of lines back in kept bytes, else as many bytes as this page."""
    first = max(encoding.bom_bytes, start - HEAD_BYTES)
    window = source.kept(first, start)
    if len(window) < start - first:
        unit = encoding.unit_bytes
        return max(encoding.bom_bytes, start - max(used, PIECE_BYTES)) // unit * unit
    newline, unit = "\n".encode(encoding.codec), encoding.unit_bytes
    starts = [first] if first == encoding.bom_bytes else []
    at = find_aligned(window, newline, 0, unit)
    while at != -1 and at + unit < len(window):
        starts.append(first + at + unit)
        at = find_aligned(window, newline, at + 1, unit)
    return starts[max(0, len(starts) - PAGE_LINES)] if starts else first


def find_encoding(head: bytes) -> Encoding | None:
    """Return the encoding of a text that begins with `head`; None when the bytes are not text."""
    for bom, codec in BOMS:
        if head.startswith(bom):
            return Encoding(codec, len(bom))
    sample = head[:SAMPLE_BYTES]
    if b"\x00" in sample:
        return _find_wide(sample)
    if len(_CONTROL.findall(sample)) > BINARY_SHARE * len(sample):
        return None
    if is_utf8(sample):
        return Encoding("utf-8")
    high = sum(byte >= 0x80 for byte in sample)
    undefined = sum(sample.count(byte) for byte in b"\x81\x8d\x8f\x90\x9d")  # Windows-1252 has no characters there
    return Encoding("cp1252") if high < 0.3 * len(sample) and not undefined else None


def is_utf8(sample: bytes) -> bool:
    """Return whether the bytes are UTF-8, perhaps cut inside the last character."""
    try:
        codecs.getincrementaldecoder("utf-8")().decode(sample)
    except UnicodeDecodeError:
        return False
    return True


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
    unit = encoding.unit_bytes
    newline = "\n".encode(encoding.codec)
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
        line = page[at:stop].decode(encoding.codec, "replace")
        at = stop if end == -1 else end + unit
        yield shown_line(line), at


def shown_line(line: str) -> str:
    """Return one line, safe to draw: tabs become spaces, and a carriage return at its end is left out."""
    return visible(line.removesuffix("\r").expandtabs(TAB_CELLS))


def _find_wide(sample: bytes) -> Encoding | None:
    """Return UTF-16 without a mark, if the sample is such: in mostly ASCII text every other byte is zero."""
    even, odd = sample[0::2].count(0), sample[1::2].count(0)
    half = len(sample) // 2
    if odd > 0.7 * half and even < 0.05 * half:
        codec = "utf-16-le"
    elif even > 0.7 * half and odd < 0.05 * half:
        codec = "utf-16-be"
    else:
        return None
    text = sample[: half * 2].decode(codec, "ignore")
    controls = sum(character < " " and character not in "\t\r\n" for character in text)
    return Encoding(codec) if controls <= BINARY_SHARE * len(text) else None


def find_aligned(page: bytes, newline: bytes, at: int, unit: int) -> int:
    found = page.find(newline, at)
    while found != -1 and found % unit:
        found = page.find(newline, found + 1)
    return found


def _piece_end(page: bytes, at: int, encoding: Encoding) -> int:
    """Return the end of a piece of a long line, which cuts no character."""
    stop = at + PIECE_BYTES
    if encoding.codec == "utf-8":
        back = stop
        while back > stop - 4 and page[back] & 0xC0 == 0x80:
            back -= 1
        stop = back if page[back] & 0xC0 != 0x80 else stop
    elif encoding.codec.startswith("utf-16"):
        high = page[stop - 1] if encoding.codec == "utf-16-le" else page[stop - 2]
        stop -= 2 if 0xD8 <= high < 0xDC else 0
    return stop


def skip_continuation(start: int, page: bytes) -> tuple[int, bytes]:
    """Return the start and the bytes of a page without a cut character at its start."""
    skip = 0
    while skip < min(3, len(page)) and page[skip] & 0xC0 == 0x80:
        skip += 1
    return (start + skip, page[skip:]) if 0 < skip < 4 else (start, page)
