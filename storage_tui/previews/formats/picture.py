"""PNG, JPEG, WebP, GIF and BMP in half blocks, decoded in a separate process."""

from typing import Any

from storage_tui.contract.sizes import size_text
from storage_tui.contract.visible import visible
from storage_tui.previews.base import THUMBNAIL_BUDGET, LimitError, Preview, PreviewError, Source, View, rows_left
from storage_tui.previews.decoding.decoder import DECODER
from storage_tui.previews.formats.npy import number_text
from storage_tui.previews.raster.drawing import drawn, room

MODES = {"1": "black and white", "L": "grey", "LA": "grey with alpha", "P": "palette", "RGB": "RGB", "CMYK": "CMYK",
         "RGBA": "RGB with alpha", "I;16": "16-bit grey", "I": "32-bit grey", "F": "float"}  # fmt: skip
MOST_PIXELS = 600_000  # where the terminal draws pixels: 1.8 MB, and a frame of the decoder holds 4 MiB
FACTS_ROOM = (("pixels", f"{'':24}"),)  # the rows above a picture, known before the decoding
CUT = "its end is missing: the picture is cut"
END_MARKS = {"PNG": b"IEND", "JPEG": b"\xff\xd9", "GIF": b"\x00;"}
BMP_HEADERS = tuple(size.to_bytes(4, "little") for size in (12, 40, 52, 56, 64, 108, 124))


class Picture:
    """One picture format: each has its own row, so that only the decoder that the first bytes name sees a blob."""

    budget = THUMBNAIL_BUDGET

    def __init__(self, kind: str, *magic: bytes) -> None:
        self.kind = kind
        self._magic = magic

    def matches(self, head: bytes, name: str) -> bool:
        """Return whether the first bytes are the magic of the format."""
        if self.kind == "WebP":
            return head[:4] == b"RIFF" and head[8:12] == b"WEBP"
        if self.kind == "BMP":
            return head[:2] == b"BM" and head[14:18] in BMP_HEADERS
        return head.startswith(self._magic)

    async def show(self, source: Source, head: bytes, view: View) -> Preview:
        """Return the picture from at most its first mebibyte; a note says when the picture is longer."""
        rest = await source.read(len(head), len(head) + source.bytes_left)
        content = head + rest
        is_whole = len(content) == source.size_bytes
        rows = rows_left(view, FACTS_ROOM)
        space = room(view, rows, MOST_PIXELS)
        job = {
            "job": "picture", "formats": [self.kind.upper()],
            "columns": space[0], "rows": space[1], "quadrants": view.quadrants,
        }  # fmt: skip
        try:
            told, pixels = await DECODER.decode(job, content)
        except PreviewError as exc:
            if not is_whole:
                kind = LimitError if isinstance(exc, LimitError) else PreviewError
                raise kind(f"{exc} (from its first {size_text(len(content))})") from exc
            if is_cut(self.kind, content) and not isinstance(exc, LimitError):
                raise PreviewError(CUT) from exc
            raise
        lines, drawing = await drawn(pixels, told["width"], told["height"], view, rows)
        note = "" if is_whole else "drawn from its first part"
        if is_whole and is_cut(self.kind, content):
            note = CUT
        return Preview(self.kind, facts=picture_facts(told), lines=lines, note=note, is_drawing=True, pixels=drawing)


def is_cut(kind: str, content: bytes) -> bool:
    """Return whether all the bytes of a picture lack its end; bytes behind the end do not count.

    WebP and BMP name their size in the header. The others have a mark at their end: a chunk IEND in PNG, EOI in JPEG,
    and a semicolon after the last empty block in GIF.
    """
    if kind == "WebP":
        return int.from_bytes(content[4:8], "little") + 8 > len(content)
    if kind == "BMP":
        return int.from_bytes(content[2:6], "little") > len(content)
    return END_MARKS[kind] not in content


def picture_facts(told: dict[str, Any]) -> tuple[tuple[str, str], ...]:
    """Return the decoder's facts as pairs of label and value."""
    width, height = told["size"]
    kind = MODES.get(told["mode"], visible(str(told["mode"])))
    facts = [("pixels", f"{width:,} × {height:,}, {kind}" + (", animated" if told.get("frames", 1) > 1 else ""))]
    facts += [(name, visible(str(told[name]))) for name in ("camera", "taken") if name in told]
    if "low" in told:
        facts.append(("shades", f"{number_text(told['low'])} to {number_text(told['high'])}"))
    return tuple(facts)
