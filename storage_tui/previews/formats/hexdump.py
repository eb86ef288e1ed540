"""All other blobs: a hex view by offset that pages through the whole blob."""

from rich.text import Text

from storage_tui.contract.sizes import size_text
from storage_tui.previews.base import HEAD_BYTES, HEADER_BUDGET, Pages, Preview, Source, View

ROWS = 256  # of one page: a few screens to scroll through without another request


class HexDump:
    """Any blob: offset, bytes in hexadecimal, and the same bytes as ASCII."""

    kind = "binary"
    budget = HEADER_BUDGET

    def matches(self, head: bytes, name: str) -> bool:
        """Return true: this is the last row of the table."""
        return True

    async def show(self, source: Source, head: bytes, view: View) -> Preview:
        """Return the page at the offset, which is rounded down to a whole row."""
        size = source.size_bytes or len(head)
        per_row = bytes_per_row(view.width, size)
        start = min(view.offset, size - 1) // per_row * per_row
        wanted = min(max(view.height, ROWS) * per_row, HEAD_BYTES)
        page = await source.read(start, start + wanted)
        stop = start + len(page)
        lines = hex_lines(page, start, per_row, len(f"{size:x}"))
        told = f"{size_text(size)} ({size:,} bytes)" if size >= 1000 else size_text(size)
        return Preview(
            self.kind,
            facts=() if source.size_bytes is None else (("size", told),),
            lines=tuple(lines),
            pages=Pages(start, stop, max(0, start - wanted) if start else None, stop if stop < size else None),
        )


def bytes_per_row(width: int, size_bytes: int) -> int:
    """Return the bytes that fit a row beside the offset: a power of two from 4 to 32, or 1 in a very narrow view."""
    offset_digits = max(6, len(f"{size_bytes:x}"))
    for count in (32, 16, 8, 4):
        if offset_digits + 2 + count * 3 + count // 8 + 1 + count <= width:
            return count
    return 4 if width >= offset_digits + 2 + 12 else 1


def hex_lines(page: bytes, start: int, per_row: int, digits: int) -> list[Text]:
    """Return rows of `per_row` bytes; the first row begins at offset `start`."""
    digits = max(6, digits)
    lines = []
    for at in range(0, len(page), per_row):
        row = page[at : at + per_row]
        groups = "  ".join(row[i : i + 8].hex(" ") for i in range(0, len(row), 8))
        full = per_row * 3 - 1 + (per_row - 1) // 8
        letters = "".join(chr(byte) if 0x20 <= byte < 0x7F else "·" for byte in row)
        line = Text(f"{start + at:0{digits}x}  ", style="dim", no_wrap=True)
        line.append(f"{groups:<{full}}  ", style="not dim")
        line.append(letters)
        lines.append(line)
    return lines
