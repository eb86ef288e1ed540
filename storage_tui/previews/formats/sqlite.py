"""SQLite: the facts of the header, and the tables named on the first page (SQLite file format, 1.3, 1.6)."""

from collections.abc import Iterator

from storage_tui.previews.base import HEADER_BUDGET, Cells, Preview, PreviewError, Source, View
from storage_tui.previews.table.grid import grid_lines

MAGIC = b"SQLite format 3\x00"
LEAF_TABLE = 0x0D
ENCODINGS = {1: "utf-8", 2: "utf-16-le", 3: "utf-16-be"}
APPLICATIONS = {b"GPKG": "GeoPackage", b"GP10": "GeoPackage", b"MPBX": "MBTiles"}
MOST_ROWS = 500  # read of the first page at most; a page of 64 KiB holds fewer
HEADS = ("type", "name", "definition")


class SqliteHeader:
    """SQLite: the facts of the header, and the schema where it fits the first page."""

    kind = "SQLite"
    budget = HEADER_BUDGET

    def matches(self, head: bytes, name: str) -> bool:
        """Return whether the first bytes are the magic."""
        return head.startswith(MAGIC)

    async def show(self, source: Source, head: bytes, view: View) -> Preview:
        """Return the preview from the first read alone."""
        if len(head) < 100:
            raise PreviewError("its header is cut")
        page_bytes = int.from_bytes(head[16:18], "big")
        page_bytes = 65536 if page_bytes == 1 else page_bytes
        if page_bytes < 512 or page_bytes & (page_bytes - 1):
            raise PreviewError(f"a page of {page_bytes} bytes is not an SQLite page")
        pages = int.from_bytes(head[28:32], "big")
        codec = ENCODINGS.get(int.from_bytes(head[56:60], "big"), "utf-8")
        facts = [
            ("pages", f"{pages:,} of {page_bytes:,} bytes"),
            ("encoding", codec.upper()),
            ("journal", "write-ahead log" if head[18] == 2 else "rollback"),
            ("version", _version(int.from_bytes(head[96:100], "big"))),
        ]
        if user_version := int.from_bytes(head[60:64], "big"):
            facts.append(("user version", str(user_version)))
        kind = APPLICATIONS.get(head[68:72], self.kind)
        rows, note = [], "its schema begins on another page"
        if head[100] == LEAF_TABLE and len(head) >= page_bytes:
            rows, note = list(read_schema(head[:page_bytes], codec)), ""
        lines = grid_lines(HEADS, rows) if rows else []
        cells = Cells(HEADS, tuple(map(tuple, rows))) if rows else None
        return Preview(kind, facts=tuple(facts), lines=tuple(lines), note=note, cells=cells)


def read_schema(page: bytes, codec: str) -> Iterator[list[str]]:
    """Yield type, name and statement of every row of the schema on the first page."""
    count = int.from_bytes(page[103:105], "big")
    for index in range(min(count, MOST_ROWS)):
        at = int.from_bytes(page[108 + 2 * index : 110 + 2 * index], "big")
        _, at = _varint(page, at)
        _, at = _varint(page, at)
        header_bytes, place = _varint(page, at)
        body = at + header_bytes
        values: list[str] = []
        while place < at + header_bytes and len(values) < 5:
            kind, place = _varint(page, place)
            size = (kind - 12) // 2 if kind >= 12 else (0, 1, 2, 3, 4, 6, 8, 8, 0, 0, 0, 0)[kind]
            raw = page[body : body + size]
            values.append(raw.decode(codec, "replace") if kind >= 13 and kind % 2 else "")
            body += size
        if len(values) == 5:
            yield [values[0], values[1], " ".join(values[4].split())]


def _varint(page: bytes, at: int) -> tuple[int, int]:
    value = 0
    for step in range(9):
        byte = page[at + step]
        if step == 8:
            return value << 8 | byte, at + 9
        value = value << 7 | byte & 0x7F
        if byte < 0x80:
            return value, at + step + 1
    return value, at + 9


def _version(number: int) -> str:
    return f"written by {number // 1_000_000}.{number // 1000 % 1000}.{number % 1000}" if number else "unknown"
