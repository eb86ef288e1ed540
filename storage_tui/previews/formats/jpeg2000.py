"""JPEG 2000: size, bands, tiles and levels from the boxes and the codestream (ISO/IEC 15444-1, annexes A and I)."""

from dataclasses import dataclass

from storage_tui.previews.base import HEADER_BUDGET, LimitError, Preview, PreviewError, Source, View
from storage_tui.previews.heads.cursor import Cursor, ShortError
from storage_tui.previews.raster.by_gdal import completed

BOXES, STREAM = b"\x00\x00\x00\x0cjP  \r\n\x87\n", b"\xff\x4f\xff\x51"
MOST_BOXES = 100
MOST_MARKERS = 50
GEOREFERENCE = bytes.fromhex("b14bf8bd083d4b43a5ae8cd7d5a6ce03")  # of GeoJP2: a small GeoTIFF in a box
COLOURS = {16: "sRGB", 17: "grey", 18: "sYCC"}
PROGRESSIONS = {0: "LRCP", 1: "RLCP", 2: "RPCL", 3: "PCRL", 4: "CPRL"}


class Jpeg2000:
    """A picture of JPEG 2000, in boxes or as a bare codestream."""

    kind = "JPEG 2000"
    budget = HEADER_BUDGET

    def matches(self, head: bytes, name: str) -> bool:
        """Return whether the first bytes are those of a file or of a codestream."""
        return head.startswith((BOXES, STREAM))

    async def show(self, source: Source, head: bytes, view: View) -> Preview:
        """Return the facts of the main header."""
        found = _Found()
        at = 0 if head.startswith(STREAM) else _boxes(head, found)
        if at is None:
            raise LimitError("its codestream begins past what a preview reads")
        try:
            facts = _stream(head, at)
        except ShortError:
            if len(head) == source.size_bytes:
                raise PreviewError("its header is cut") from None
            raise LimitError("its header is longer than what a preview reads") from None
        if found.colour:
            facts.append(("colours", found.colour))
        if found.place:
            facts.append(("place", found.place))
        return await completed(Preview(self.kind, facts=tuple(facts)), source, view, ("JP2OpenJPEG",))


@dataclass
class _Found:
    """What the boxes say beside the codestream."""

    colour: str = ""
    place: str = ""


def _boxes(head: bytes, found: _Found) -> int | None:
    """Walk over the boxes; return where the codestream begins, None where it is not reached."""
    at, stop = 0, len(head)
    for _ in range(MOST_BOXES):
        if at + 8 > stop:
            return None
        length, kind = int.from_bytes(head[at : at + 4], "big"), head[at + 4 : at + 8]
        start = at + 8
        if length == 1:
            length, start = int.from_bytes(head[at + 8 : at + 16], "big"), at + 16
        if kind == b"jp2c":
            return start
        if length and length < start - at:
            raise PreviewError("a box claims a length that none has")
        if kind == b"uuid" and head[start : start + 16] == GEOREFERENCE:
            found.place = "GeoJP2"
        elif kind == b"asoc" and b"gml.data" in head[start : at + length]:
            found.place = found.place or "GML"
        elif kind == b"colr" and head[start : start + 1] == b"\x01":
            number = int.from_bytes(head[start + 3 : start + 7], "big")
            found.colour = COLOURS.get(number, f"space {number}")
        if kind == b"jp2h":
            at = start  # its boxes lie inside
        elif not length:
            return None
        else:
            at += length
    return None


def _stream(head: bytes, at: int) -> list[tuple[str, str]]:
    """Return the facts of the markers SIZ and COD."""
    cursor = Cursor(head, at, "big")
    if cursor.take(4) != STREAM:
        raise PreviewError("its codestream does not begin with a size")
    start = cursor.at
    length, _, right, down, left, top, across, high = cursor.values("HH6I")
    cursor.skip(8)
    (bands,) = cursor.values("H")
    depth, _, _ = cursor.values("BBB")
    if right <= left or down <= top or not across or not high:
        raise PreviewError("its size is none")
    sign = "int" if depth & 0x80 else "uint"
    width, height = right - left, down - top
    tiles = -(-width // across) * -(-height // high)
    values = f"{bands:,} band{'s' if bands != 1 else ''} of {sign}, {(depth & 0x7F) + 1} bits"
    facts = [
        ("pixels", f"{width:,} × {height:,}, {values}"),
        ("tiles", f"{tiles:,} of {min(across, width):,} × {min(high, height):,}"),
    ]
    cursor.at = start + length
    for _ in range(MOST_MARKERS):
        mark, size = cursor.values("HH")
        if mark == 0xFF52:
            _, progression, layers, _, levels = cursor.values("BBHBB")
            cursor.skip(3)
            (wavelet,) = cursor.values("B")
            facts.append(("levels", f"{levels + 1:,}, the smallest about {width >> levels:,} × {height >> levels:,}"))
            facts.append(("layers", f"{layers:,}, {PROGRESSIONS.get(progression, 'unknown order')}"))
            facts.append(("coding", "lossless (5-3)" if wavelet == 1 else "lossy (9-7)"))
            break
        if mark == 0xFF90 or size < 2:
            break
        cursor.skip(size - 2)
    return facts
