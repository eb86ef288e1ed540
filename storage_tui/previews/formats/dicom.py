"""DICOM: the facts of an image from its first elements; what names a patient is not shown (DICOM PS3.5, PS3.10)."""

import zlib
from collections.abc import Iterator

from storage_tui.contract.visible import visible
from storage_tui.previews.base import HEADER_BUDGET, LimitError, Preview, Source, View
from storage_tui.previews.heads.cursor import Cursor, ShortError

MAGIC, PLACE = b"DICM", 128
LONG = frozenset((b"OB", b"OW", b"OF", b"OD", b"OL", b"OV", b"SQ", b"UC", b"UR", b"UT", b"UN", b"SV", b"UV"))
IMPLICIT, BIG, DEFLATED = "1.2.840.10008.1.2", "1.2.840.10008.1.2.2", "1.2.840.10008.1.2.1.99"
SYNTAX = (0x0002, 0x0010)
SYNTAXES = {IMPLICIT: "implicit", "1.2.840.10008.1.2.1": "explicit", BIG: "explicit, big-endian",
            DEFLATED: "deflated", "1.2.840.10008.1.2.4.50": "JPEG", "1.2.840.10008.1.2.4.70": "JPEG, lossless",
            "1.2.840.10008.1.2.4.90": "JPEG 2000, lossless", "1.2.840.10008.1.2.4.91": "JPEG 2000",
            "1.2.840.10008.1.2.5": "RLE"}  # fmt: skip
PIXELS = (0x7FE0, 0x0010)
MOST_ELEMENTS = 5_000
MOST_DEPTH = 8
MOST_INFLATED = 256 * 1024
ITEMS = 0xFFFE  # the group of items and ends, which have no type
ITEM_END, SEQUENCE_END = (ITEMS, 0xE00D), (ITEMS, 0xE0DD)
CHARACTERS = (0x0008, 0x0005)
CODECS = {"ISO_IR 192": "utf-8", "GB18030": "gb18030", "GBK": "gbk", "ISO_IR 101": "iso8859_2",
          "ISO_IR 109": "iso8859_3", "ISO_IR 110": "iso8859_4", "ISO_IR 144": "iso8859_5", "ISO_IR 127": "iso8859_6",
          "ISO_IR 126": "iso8859_7", "ISO_IR 138": "iso8859_8", "ISO_IR 148": "iso8859_9", "ISO_IR 13": "shift_jis",
          "ISO_IR 166": "tis_620"}  # fmt: skip
"""The encodings of texts by their defined terms (PS3.3, table C.12-2); all others begin with Latin 1 here."""
UNDEFINED = 0xFFFFFFFF
TEXTS = {(0x0008, 0x0060): "modality", (0x0008, 0x0020): "date", (0x0008, 0x0070): "manufacturer",
         (0x0008, 0x1090): "model", (0x0008, 0x103E): "series", (0x0018, 0x0050): "slice thickness",
         (0x0028, 0x0004): "colours", (0x0028, 0x0008): "frames", (0x0028, 0x0030): "pixel spacing"}  # fmt: skip
ROWS, COLUMNS, BITS = (0x0028, 0x0010), (0x0028, 0x0011), (0x0028, 0x0101)


class Dicom:
    """The elements before the pixels."""

    kind = "DICOM"
    budget = HEADER_BUDGET

    def matches(self, head: bytes, name: str) -> bool:
        """Return whether the magic stands after the preamble."""
        return head[PLACE : PLACE + 4] == MAGIC

    async def show(self, source: Source, head: bytes, view: View) -> Preview:
        """Return the facts of the elements that are read."""
        found: dict[tuple[int, int], bytes] = {}
        syntax = "1.2.840.10008.1.2.1"
        note = ""
        try:
            for tag, raw in _elements(head):
                found.setdefault(tag, raw)
                if tag == SYNTAX:
                    syntax = raw.decode("latin-1").strip("\0 ")
                if tag == PIXELS:
                    break
        except ShortError:
            note = "" if ROWS in found else "more elements lie past what is read"
        except LimitError as exc:
            note = str(exc)
        facts = [("syntax", SYNTAXES.get(syntax, visible(syntax, limit=60)))]
        order = "big" if syntax == BIG else "little"
        if ROWS in found and COLUMNS in found:
            rows, columns, bits = (int.from_bytes(found.get(tag, b""), order) for tag in (ROWS, COLUMNS, BITS))  # type: ignore[arg-type]
            facts.append(("pixels", f"{columns:,} × {rows:,}" + (f", {bits} bits" if bits else "")))
        codec = CODECS.get(found.get(CHARACTERS, b"").decode("latin-1").strip("\0 "), "latin-1")
        facts += [(label, visible(found[tag].decode(codec, "replace").strip("\0 "), limit=80))
                  for tag, label in TEXTS.items() if found.get(tag)]  # fmt: skip
        return Preview(self.kind, facts=tuple(facts), note=note)


def _elements(head: bytes) -> Iterator[tuple[tuple[int, int], bytes]]:
    """Yield tag and value of each element at the top; raise ShortError at the end of what is known."""
    cursor = Cursor(head, PLACE + 4)
    syntax = ""
    is_begun = False  # whether the elements of the syntax that is named have begun
    for _ in range(MOST_ELEMENTS):
        if syntax and not is_begun and cursor.raw[cursor.at : cursor.at + 2] != b"\x02\x00":
            is_begun = True
            if syntax == DEFLATED:
                cursor = Cursor(_inflated(head[cursor.at :]))
            cursor.order = "big" if syntax == BIG else "little"
        tag, length = _header(cursor, is_implicit=is_begun and syntax == IMPLICIT)
        if tag == PIXELS:
            yield PIXELS, b""
            return
        if length == UNDEFINED:
            _skip_items(cursor, is_implicit=is_begun and syntax == IMPLICIT, depth=0)
            continue
        raw = cursor.take(length)
        if tag == SYNTAX:
            syntax = raw.decode("latin-1").strip("\0 ")
        yield tag, raw


def _header(cursor: Cursor, *, is_implicit: bool) -> tuple[tuple[int, int], int]:
    """Return the tag of the next element and the size of its value (PS3.5, section 7.1)."""
    group, element = cursor.values("HH")
    if is_implicit or group == ITEMS:
        return (group, element), cursor.values("I")[0]
    kind = cursor.take(2)
    if not kind.isalpha():
        raise LimitError("an element is not understood")
    if kind in LONG:
        cursor.skip(2)
        return (group, element), cursor.values("I")[0]
    return (group, element), cursor.values("H")[0]


def _skip_items(cursor: Cursor, *, is_implicit: bool, depth: int) -> None:
    """Pass over the items of a sequence that has no length, to its end (PS3.5, section 7.5)."""
    if depth > MOST_DEPTH:
        raise LimitError("its sequences are nested too deep")
    for _ in range(MOST_ELEMENTS):
        tag, length = _header(cursor, is_implicit=is_implicit)
        if tag in (SEQUENCE_END, ITEM_END):
            return
        if length == UNDEFINED:  # an item, or a sequence in one
            _skip_items(cursor, is_implicit=is_implicit, depth=depth + 1)
        else:
            cursor.skip(length)
    raise LimitError("a sequence of it is longer than what is read")


def _inflated(packed: bytes) -> bytes:
    try:
        return zlib.decompressobj(-15).decompress(packed, MOST_INFLATED)
    except zlib.error as exc:
        raise LimitError("its elements are deflated, and cannot be unpacked") from exc
