"""MP4, MOV and other ISO media files: brand, length and tracks (ISO/IEC 14496-12); HEIF pictures by their brand.

The box `moov` says all of this. A camera writes it after the pictures, so its place comes from the sizes of the boxes.
"""

from collections.abc import Iterator

from storage_tui.contract.visible import visible
from storage_tui.previews.base import HEADER_BUDGET, KIB, LimitError, Preview, Source, View
from storage_tui.previews.heads.cursor import Cursor, ShortError

READ_BYTES = 128 * KIB  # of `moov`
PICTURES = frozenset((b"heic", b"heix", b"heim", b"heis", b"mif1", b"msf1", b"avif", b"avis"))
"""The brands of pictures in the same boxes (ISO/IEC 23008-12)."""
MOST_BOXES = 2_000
MOST_TRACKS = 30
HANDLERS = {
    b"vide": "video",
    b"soun": "sound",
    b"text": "text",
    b"subt": "subtitles",
    b"meta": "data",
    b"pict": "picture",
}


class Mp4:
    """The tracks of a film."""

    kind = "MP4"
    budget = HEADER_BUDGET

    def matches(self, head: bytes, name: str) -> bool:
        """Return whether the first box names a brand."""
        return head[4:8] == b"ftyp" and 8 <= int.from_bytes(head[:4], "big") <= 4 * KIB

    async def show(self, source: Source, head: bytes, view: View) -> Preview:
        """Return length and tracks, with one more read where `moov` lies behind the pictures."""
        facts = [("brand", visible(head[8:12].decode("latin-1").strip(), limit=12))]
        if head[8:12] in PICTURES:
            return Preview("HEIF", facts=tuple(facts), note="a picture, which is not drawn")
        moov = b""
        for kind, start, stop in _boxes(head, 0, 1 << 62):
            if kind == b"moov":
                moov = head[start:stop]
                if stop > len(head):
                    moov += await source.read(len(head), min(stop, start + READ_BYTES))
                break
            if stop > len(head):
                tail = await source.read(stop, stop + min(READ_BYTES, source.bytes_left))
                found = next((box for box in _boxes(tail, 0, 1 << 62) if box[0] == b"moov"), None)
                moov = tail[found[1] : found[2]] if found else b""
                break
        if not moov:
            return Preview(self.kind, facts=tuple(facts), note="its tracks are not where a preview reads")
        rows: list[str] = []
        try:
            for kind, start, stop in _boxes(moov, 0, len(moov)):
                if kind == b"mvhd":
                    facts.append(("length", _length(Cursor(moov, start, "big"))))
                elif kind == b"trak" and len(rows) < MOST_TRACKS:
                    rows.append(_track(moov, start, stop))
        except ShortError:
            raise LimitError("its box of tracks is longer than what a preview reads") from None
        facts += [(f"track {number}", visible(row, limit=80)) for number, row in enumerate(rows, 1)]
        return Preview(self.kind, facts=tuple(facts))


def _boxes(raw: bytes, at: int, stop: int) -> Iterator[tuple[bytes, int, int]]:
    """Yield kind, start and stop of the content of each box that begins in these bytes."""
    for _ in range(MOST_BOXES):
        if at + 8 > min(stop, len(raw)):
            return
        length, kind, start = int.from_bytes(raw[at : at + 4], "big"), raw[at + 4 : at + 8], at + 8
        if length == 1:
            length, start = int.from_bytes(raw[at + 8 : at + 16], "big"), at + 16
        end = at + length if length else stop
        if end < start:
            return
        yield kind, start, end
        at = end


def _length(cursor: Cursor) -> str:
    """Return the length of a film (8.2.2)."""
    version = cursor.number(1)
    cursor.skip(3 + (16 if version == 1 else 8))
    scale, units = cursor.number(4), cursor.number(8 if version == 1 else 4)
    seconds = units / scale if scale else 0
    whole = int(seconds)
    return f"{whole // 3600}:{whole // 60 % 60:02}:{whole % 60:02}" if 60 <= whole < 1e9 else f"{seconds:.4g} s"


def _track(moov: bytes, start: int, stop: int) -> str:
    """Return a track in words: `video avc1, 1920 × 1080`."""
    kind = codec = size = ""
    for name, begin, end in _boxes(moov, start, stop):
        if name == b"tkhd" and end <= len(moov) and end - begin >= 8:
            width, height = Cursor(moov, end - 8, "big").values("II")
            size = f", {width >> 16:,} × {height >> 16:,}" if width and height else ""
        elif name == b"mdia":
            for inner, place, last in _boxes(moov, begin, end):
                if inner == b"hdlr":
                    handler = moov[place + 8 : place + 12]
                    kind = HANDLERS.get(handler, handler.decode("latin-1"))
                elif inner == b"minf":
                    codec = _codec(moov, place, last)
    return f"{kind} {codec}{size}".strip()


def _codec(moov: bytes, start: int, stop: int) -> str:
    for name, begin, end in _boxes(moov, start, stop):
        if name == b"stbl":
            for inner, place, _ in _boxes(moov, begin, end):
                if inner == b"stsd":
                    return moov[place + 12 : place + 16].decode("latin-1").strip()
    return ""
