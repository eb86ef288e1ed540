"""HDF4: what the descriptors of the first bytes count and name (HDF4 Specification and Developer's Guide, 2 and 9)."""

from collections import Counter
from collections.abc import Iterator

from rich.text import Text

from storage_tui.contract.visible import visible
from storage_tui.previews.base import HEADER_BUDGET, KIB, Preview, Source, View
from storage_tui.previews.heads.cursor import Cursor, ShortError, first_bytes
from storage_tui.previews.table.grid import grid_lines

MAGIC = b"\x0e\x03\x13\x01"
READ_BYTES = 192 * KIB
MOST_BLOCKS = 5_000
MOST_DESCRIPTORS = 50_000  # blocks may lie over each other
MOST_NAMED = 300
VERSION, GROUP = 30, 1965
COUNTED = {720: "scientific data sets", 1962: "tables of records", 306: "raster images", GROUP: "groups"}
DATASET = "Var0.0"  # the class of a group that is a data set of the SD interface


class Hdf4:
    """The objects that the descriptors list."""

    kind = "HDF4"
    budget = HEADER_BUDGET

    def matches(self, head: bytes, name: str) -> bool:
        """Return whether the first bytes are the magic."""
        return head.startswith(MAGIC)

    async def show(self, source: Source, head: bytes, view: View) -> Preview:
        """Return the counts of objects, and the names of the groups that are read."""
        head = await first_bytes(source, head, READ_BYTES)
        counts: Counter[int] = Counter()
        names: list[tuple[str, str]] = []
        facts: list[tuple[str, str]] = []
        is_whole = True
        for tag, start, length in _descriptors(head):
            if tag == 0:
                is_whole = False
                break
            counts[tag] += 1
            if tag == VERSION and start + 12 <= len(head):
                major, minor, release = Cursor(head, start, "big").values("3I")
                facts.append(("written by", f"HDF {major}.{minor}.{release}"[:60]))
            elif tag == GROUP and len(names) < MOST_NAMED and (found := _group(head, start, length)):
                names.append(found)
        more = "" if is_whole else "+"
        facts += [(label, f"{counts[tag]:,}{more}") for tag, label in COUNTED.items() if counts[tag]]
        rows = [("data set" if kind == DATASET else "group", name, kind) for name, kind in names if name]
        lines: list[Text] = grid_lines(("", "name", "class"), rows, cells=60) if rows else []
        note = "" if facts else "it lists no objects"
        if not is_whole:
            note = "further descriptors lie past what is read"
        return Preview(self.kind, facts=tuple(facts), lines=tuple(lines), note=note)


def _descriptors(head: bytes) -> Iterator[tuple[int, int, int]]:
    """Yield tag, place and length of each object; a tag of zero where the next block is not known."""
    at, seen, left = 4, set(), MOST_DESCRIPTORS
    for _ in range(MOST_BLOCKS):
        if at in seen:
            return
        seen.add(at)
        cursor = Cursor(head, at, "big")
        try:
            count, following = cursor.values("HI")
            left -= count
            for _ in range(count if left >= 0 else 0):
                tag, _, start, length = cursor.values("HHII")
                if tag > 1:
                    yield tag & ~0x4000, start, length  # the bit of a special element
        except ShortError:
            yield 0, 0, 0
            return
        if left < 0:
            yield 0, 0, 0
        if not following or left < 0:
            return
        at = following


def _group(head: bytes, start: int, length: int) -> tuple[str, str] | None:
    """Return name and class of a group; None where it lies past what is read."""
    cursor = Cursor(head[: start + length], start, "big")
    try:
        cursor.skip(4 * cursor.number(2))
        name = cursor.take(cursor.number(2)).decode("latin-1")
        kind = cursor.take(cursor.number(2)).decode("latin-1")
    except ShortError:
        return None
    return visible(name, limit=60), visible(kind, limit=40)
