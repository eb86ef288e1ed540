"""NITF: the facts of the file header and of the first image (MIL-STD-2500C, NITF 2.1; NSIF 1.0 is the same)."""

from storage_tui.contract.visible import visible
from storage_tui.previews.base import HEADER_BUDGET, Preview, PreviewError, Source, View
from storage_tui.previews.heads.cursor import Cursor, ShortError
from storage_tui.previews.raster.by_gdal import completed

MAGICS = (b"NITF02.10", b"NSIF01.00")
SECURITY_BYTES = 166  # after the class
CLASSES = {"T": "top secret", "S": "secret", "C": "confidential", "R": "restricted", "U": "unclassified"}
TYPES = {"INT": "uint", "SI": "int", "R": "float", "C": "complex", "B": "bit"}


class Nitf:
    """The header of the file, and of its first image where that is read."""

    kind = "NITF"
    budget = HEADER_BUDGET

    def matches(self, head: bytes, name: str) -> bool:
        """Return whether the first bytes are the magic and a version that is read."""
        return head.startswith(MAGICS)

    async def show(self, source: Source, head: bytes, view: View) -> Preview:
        """Return the facts of fixed fields."""
        cursor = Cursor(head, 15)
        try:
            station, date, title = (_text(cursor, size) for size in (10, 14, 80))
            level = _text(cursor, 1)
            cursor.skip(SECURITY_BYTES + 10 + 1 + 3)
            owner = _text(cursor, 24)
            cursor.skip(18)
            length, header, images = _text(cursor, 12), _text(cursor, 6), _text(cursor, 3)
        except ShortError:
            raise PreviewError("its header is cut") from None
        facts = [("title", title), ("from", " ".join(filter(None, (station, owner)))), ("made", date),
                 ("class", CLASSES.get(level, level)), ("images", images.lstrip("0") or "0")]  # fmt: skip
        if header.isdecimal() and images.isdecimal() and int(images):
            facts += _image(Cursor(head, int(header)))
        if length.isdecimal() and source.size_bytes is not None and int(length) > source.size_bytes:
            facts.append(("cut", f"{int(length) - source.size_bytes:,} bytes are missing"))
        shown = Preview(self.kind, facts=tuple((label, value) for label, value in facts if value))
        return await completed(shown, source, view, ("NITF",))


def _image(cursor: Cursor) -> list[tuple[str, str]]:
    """Return the facts of an image subheader (table A-3)."""
    try:
        if cursor.take(2) != b"IM":
            return []
        name, date, target, title = (_text(cursor, size) for size in (10, 14, 17, 80))
        cursor.skip(1 + SECURITY_BYTES + 1)
        origin, rows, columns, kind, colours, category, depth = (_text(cursor, size) for size in (42, 8, 8, 3, 8, 8, 2))
        cursor.skip(1)
        frame = _text(cursor, 1)
        corners = _text(cursor, 60) if frame else ""
    except ShortError:
        return []
    size = f"{columns.lstrip('0')} × {rows.lstrip('0')}, {TYPES.get(kind, kind)}, {depth.lstrip('0')} bits"
    return [("first image", " ".join(filter(None, (name, title)))), ("taken", date), ("target", target),
            ("pixels", size), ("colours", colours), ("category", category), ("origin", origin),
            ("corners", corners)]  # fmt: skip


def _text(cursor: Cursor, size: int) -> str:
    return visible(cursor.take(size).decode("latin-1").strip(), limit=80)
