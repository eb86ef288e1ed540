"""DICOM: the facts of an image from its first elements; what names a patient is not shown (DICOM PS3.5, PS3.10)."""

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
        facts += [(label, visible(found[tag].decode("latin-1").strip("\0 "), limit=80))
                  for tag, label in TEXTS.items() if found.get(tag)]  # fmt: skip
        return Preview(self.kind, facts=tuple(facts), note=note)


def _elements(head: bytes) -> Iterator[tuple[tuple[int, int], bytes]]:
    """Yield tag and value of each element at the top; raise ShortError at the end of what is known."""
    cursor = Cursor(head, PLACE + 4)
    is_implicit, syntax = False, ""
    for _ in range(MOST_ELEMENTS):
        group, element = cursor.values("HH")
        if group != 2 and syntax:
            if syntax == DEFLATED:
                raise LimitError("its elements are deflated, and are not read")
            is_implicit = syntax == IMPLICIT
            if syntax == BIG and cursor.order == "little":
                cursor.order = "big"
                cursor.at -= 4
                group, element = cursor.values("HH")
        if is_implicit:
            (length,) = cursor.values("I")
        else:
            kind = cursor.take(2)
            if not kind.isalpha():
                raise LimitError("an element is not understood")
            if kind in LONG:
                cursor.skip(2)
                (length,) = cursor.values("I")
            else:
                (length,) = cursor.values("H")
        if (group, element) == PIXELS:
            yield PIXELS, b""
            return
        if length == UNDEFINED:
            raise LimitError("a sequence without a length ends what is read")
        raw = cursor.take(length)
        if (group, element) == SYNTAX:
            syntax = raw.decode("latin-1").strip("\0 ")
        yield (group, element), raw
