"""One folder as the list shows it: pages that arrive one by one, in bounded memory, filtered and sorted on the way.

The names of all loaded rows are kept as one compressed text a page, and the values for sorting as packed numbers. The
rows themselves are kept only for the pages in use, and are read again by the token of their page when they are needed.
"""

from array import array
from bisect import bisect_right
from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from zlib import compress, decompress

from storage_tui.client.patterns.words import Filter
from storage_tui.contract.columns import ColumnPage
from storage_tui.contract.models import Blob, Page
from storage_tui.tui.state.arranging import PIECE, Facts, Sort, arranged, column

NEXT_PAGE = 1000  # the most that a server returns
DENSE_ROWS = 16  # visible rows of a page that justify reading all of it; 200 rows on a screen are 13 such pages
SINGLE_KEPT = 2000  # rows read one by one, about 1 MB
FAST = 1  # zlib's level; names shrink to a sixth and unpack in a twentieth of a millisecond a page
NO_NAMES = compress(b"")
LINE_END = "\ud80a"  # a line end in the name of a local file: no name has this half of a pair, and it sorts the names

SORTS: tuple[Sort, ...] = ("name", "size", "age", "expiry", "type")
NEVER = datetime.max.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class ListBounds:
    """What a list reads, keeps and does at once; all of these are numbers of rows or pages."""

    first_page: int = 250  # more than any screen, and half a second at 256 kbit/s
    next_page: int = NEXT_PAGE
    pages_kept: int = 16  # about 8 MB of rows
    dense_rows: int = DENSE_ROWS
    sort_at_once: int = 20_000  # sorted in a few milliseconds; more rows take turns with the keys
    piece_rows: int = PIECE
    marks: int = 100_000  # about 100 MB of marked rows; a folder of any size is one mark


DEFAULTS = ListBounds()


@dataclass(frozen=True, slots=True)
class Folder:
    """A virtual folder: the common prefix of its keys, with the slash."""

    key: str
    storage_type: str


Row = Blob | Folder


@dataclass(slots=True)
class _Slot:
    token: str | None
    limit: int
    start: int
    count: int
    packed: bytes
    last: str
    size_bytes: int
    facts: Facts
    has_sizes: bool = False

    @property
    def names(self) -> str:
        """The names of the rows, one a line."""
        return _unpacked(self.packed)

    @names.setter
    def names(self, text: str) -> None:
        self.packed = compress(text.encode("utf-8", "surrogatepass"), FAST)
        self.last = text.rpartition("\n")[2]


class Listing:
    """The rows of one prefix, as far as they are loaded. `row(i)` is the i-th shown row.

    The rows are in the order of the keys while there are several pages; a list of a single page shows folders first.
    Rows never move while pages arrive.
    """

    def __init__(self, storage_type: str, prefix: str, bounds: ListBounds = DEFAULTS) -> None:
        self.bounds = bounds
        self.storage_type = storage_type
        self.prefix = prefix
        self.is_complete = False
        self.next_token: str | None = None
        self.filter: Filter | None = None
        self.sort: Sort = "key"
        self.is_reversed = False
        self._slots: list[_Slot] = []
        self._starts: list[int] = []
        self._rows: OrderedDict[int, tuple[Row, ...]] = OrderedDict()
        self._single: OrderedDict[int, Row] = OrderedDict()  # by place
        self._view: array[int] | None = None
        self._order: array[int] | None = None

    def __len__(self) -> int:
        return self.loaded if self._view is None else len(self._view)

    @property
    def loaded(self) -> int:
        """The number of loaded rows, before the filter."""
        return self._slots[-1].start + self._slots[-1].count if self._slots else 0

    @property
    def size_bytes(self) -> int:
        """The bytes of the loaded blobs directly in this folder."""
        return sum(slot.size_bytes for slot in self._slots)

    @property
    def is_long(self) -> bool:
        """Whether sorting takes so long that it must be done in pieces."""
        return self.loaded > self.bounds.sort_at_once

    @property
    def next_limit(self) -> int:
        """The number of rows to ask for next."""
        return self.bounds.next_page if self._slots else self.bounds.first_page

    @property
    def wants_columns(self) -> bool:
        """Whether the columns of the next page are enough, because its rows would be dropped again."""
        return len(self._slots) >= self.bounds.pages_kept

    def add_page(self, page: Page) -> None:
        """Append the page that answers `next_token`."""
        self._append()
        self._fill(len(self._slots) - 1, rows_of(page, self.storage_type))
        self._appended(page.next_token)

    def add_columns(self, page: ColumnPage) -> None:
        """Append the page that answers `next_token`; its rows are read only when they are needed."""
        self._append()
        slot = self._slots[-1]
        slot.names = "\n".join(map(one_line, page.names))
        slot.count = slot.limit = len(page.names)
        slot.facts, slot.has_sizes = Facts.of_columns(page), True
        slot.size_bytes = sum(page.sizes)
        self._appended(page.next_token)

    def _append(self) -> None:
        slot = _Slot(self.next_token, self.next_limit, self.loaded, 0, NO_NAMES, "", 0, Facts.of(()))
        self._slots.append(slot)
        self._starts.append(slot.start)

    def _appended(self, next_token: str | None) -> None:
        slot = self._slots[-1]
        self.next_token = next_token
        self.is_complete = next_token is None
        if len(self._slots) == 1 and self.is_complete:
            self.sort = "name"
        self._order = None
        if self.sort != "key":
            self.set_sort(self.sort, is_reversed=self.is_reversed)
        elif self.filter is not None:
            view = self._view if self._view is not None else array("I")
            view.extend(slot.start + position for position in self._matches(slot))
            self._view = view

    def restore_page(self, number: int, page: Page) -> None:
        """Put back the rows of a dropped page; the page may have changed on the server since."""
        before = self._slots[number].names
        self._fill(number, rows_of(page, self.storage_type))
        if self._slots[number].names != before:
            for later in range(number + 1, len(self._slots)):
                previous = self._slots[later - 1]
                self._slots[later].start = self._starts[later] = previous.start + previous.count
            self._single.clear()
            self._order, self.sort = None, "key" if self.is_long else self.sort
            self.set_sort(self.sort, is_reversed=self.is_reversed)

    def _fill(self, number: int, rows: tuple[Row, ...]) -> None:
        slot = self._slots[number]
        cut = len(self.prefix)
        slot.names = "\n".join(one_line(row.key[cut:]) for row in rows)
        slot.count = len(rows)
        sizes = [row.size_bytes for row in rows if isinstance(row, Blob)]
        slot.facts, slot.has_sizes = Facts.of(rows), None not in sizes
        slot.size_bytes = sum(size or 0 for size in sizes)
        self._rows[number] = rows
        self._rows.move_to_end(number)
        while len(self._rows) > self.bounds.pages_kept:
            self._rows.popitem(last=False)

    def row(self, index: int) -> Row | None:
        """Return the row shown at `index`; None while its page is not loaded (see `missing_page`)."""
        number, position = self._place(index)
        rows = self._rows.get(number)
        if rows is None:
            return self._single.get(self._starts[number] + position)
        self._rows.move_to_end(number)
        return rows[position]

    def outline(self, index: int) -> Row:
        """Return the known values of the row shown at `index` when the row itself is not loaded.

        A row has its name, and a blob also its size and times, unless the server lists keys only.
        """
        number, position = self._place(index)
        name, is_folder = self._named(self._starts[number] + position)
        if is_folder:
            return Folder(self.prefix + name, self.storage_type)
        slot = self._slots[number]
        known = slot.facts.of_row(position) if slot.has_sizes else (None, None, None)
        return Blob(self.prefix + name, self.storage_type, known[0], modified=known[1], expires=known[2])

    def missing_key(self, index: int) -> tuple[int, str] | None:
        """Return the place and the key of the row at `index` when it should be read alone; else None.

        A filter or a sort shows few rows of each page, and a screen of such pages would be more than the kept pages. A
        folder is not read: its key is all of it.
        """
        number, position = self._place(index)
        if self._view is None or number in self._rows or self._is_dense(index, number):
            return None
        at = self._starts[number] + position
        name, is_folder = self._named(at)
        if is_folder:
            self.keep_row(at, Folder(self.prefix + name, self.storage_type))
        return at, self.prefix + name

    def _is_dense(self, index: int, number: int) -> bool:
        reach = self.bounds.dense_rows - 1
        ends = (index - reach, index + reach)
        return any(0 <= end < len(self) and self._place(end)[0] == number for end in ends)

    def keep_row(self, at: int, row: Row) -> None:
        """Keep a row that was read alone, unless another row has this place now."""
        if at < self.loaded and self.prefix + self._named(at)[0] == row.key:
            self._single[at] = row
        while len(self._single) > SINGLE_KEPT:
            self._single.popitem(last=False)

    def missing_page(self, index: int) -> tuple[int, str | None, int] | None:
        """Return number, token and limit of the page to read for the row at `index`; None when the page is loaded."""
        number, _ = self._place(index)
        slot = self._slots[number]
        return None if number in self._rows else (number, slot.token, slot.limit)

    def rows(self) -> Iterator[Row]:
        """Yield the shown rows of the loaded pages, in order."""
        for index in range(len(self)):
            row = self.row(index)
            if row is not None:
                yield row

    def index_of(self, key: str, *, is_folder: bool | None = None) -> int | None:
        """Return the index of the shown row with this key; None when it is not loaded or is filtered out."""
        if not key.startswith(self.prefix):
            return None
        leaf, at = key[len(self.prefix) :], self.index_after(key)
        while at < self.loaded and (found := self._named(at))[0] == leaf:  # a blob may have the name of a folder
            if is_folder in (None, found[1]):
                return self._shown_at(at)
            at += 1
        return None

    def _named(self, at: int) -> tuple[str, bool]:
        """Return the name of the row at a place in key order, and whether it is a folder; also for dropped rows."""
        number = bisect_right(self._starts, at) - 1
        slot, place = self._slots[number], at - self._starts[number]
        return whole_name(slot.names.split("\n")[place]), place in slot.facts.folders

    def _shown_at(self, at: int) -> int | None:
        if self._view is None:
            return at
        try:
            return self._view.index(at)
        except ValueError:
            return None

    def index_after(self, key: str) -> int:
        """Return the place of `key` in key order among the loaded rows, or the place where it would be.

        Returns the number of loaded rows when the key is past them.
        """
        leaf = one_line(key[len(self.prefix) :])
        for slot in self._slots:
            if slot.count and slot.last >= leaf:
                names = slot.names.split("\n")
                return slot.start + next(place for place, name in enumerate(names) if name >= leaf)
        return self.loaded

    def index_near(self, key: str | None, fallback: int) -> int:
        """Return the index for the cursor: of the key, else of the next key in key order, else `fallback`."""
        if key is not None:
            exact = self.index_of(key)
            if exact is not None:
                return exact
            if self.sort == "key" and self.filter is None:
                return max(0, min(self.index_after(key), len(self) - 1))
        return max(0, min(fallback, len(self) - 1))

    def covers(self, key: str) -> bool:
        """Return whether the loaded pages reach as far as `key`."""
        return self.is_complete or self.index_after(key) < self.loaded

    def set_filter(self, wanted: Filter | None) -> None:
        """Show only the matches; None or a blank filter shows all rows."""
        self.filter = wanted if wanted is not None and wanted.words else None
        self._rebuild()

    def set_sort(self, sort: Sort, *, is_reversed: bool = False) -> None:
        """Show the rows in another order; folders stay first. An incomplete list stays in key order."""
        for _ in self.sorting(sort, is_reversed=is_reversed):
            pass

    def sorting(self, sort: Sort, *, is_reversed: bool = False) -> Iterator[None]:
        """Sort in pieces, for long lists; before the last piece nothing changes.

        A caller that stops earlier leaves the order unchanged.
        """
        order: array[int] | None = None
        if sort != "key" and self.is_complete:
            before = len(self._slots), self.loaded
            folders, blobs = self._folders_and_blobs()
            if sort == "name":
                if is_reversed or folders:
                    order = folders[::-1] if is_reversed else folders
                    order.extend(reversed(blobs) if is_reversed else blobs)
            else:
                packed = [slot.packed for slot in self._slots if slot.count]  # as they are now: pages may change
                names = (_unpacked(page) for page in packed)
                facts, piece_rows = [slot.facts for slot in self._slots], self.bounds.piece_rows
                values = yield from column(facts, names, sort, piece_rows=piece_rows)
                placed = yield from arranged(blobs, values, is_reversed=is_reversed, piece_rows=piece_rows)
                order = folders + placed if folders else placed
            if before != (len(self._slots), self.loaded):
                return  # a page that was read again meanwhile has changed
        self.sort, self.is_reversed, self._order = sort, is_reversed, order
        self._rebuild()

    def _folders_and_blobs(self) -> tuple["array[int]", "array[int] | range"]:
        """Return the places of the folders, and those of the blobs."""
        folders = array("I", (slot.start + place for slot in self._slots for place in slot.facts.folders))
        if not folders:
            return folders, range(self.loaded)
        known = set(folders)
        return folders, array("I", (at for at in range(self.loaded) if at not in known))

    def _rebuild(self) -> None:
        if self.filter is None:
            self._view = self._order
            return
        view = array("I", (slot.start + place for slot in self._slots for place in self._matches(slot)))
        if self._order is not None:
            is_wanted = bytearray(self.loaded)
            for at in view:
                is_wanted[at] = 1
            view = array("I", (at for at in self._order if is_wanted[at]))
        self._view = view

    def _matches(self, slot: _Slot) -> list[int]:
        if self.filter is None or not slot.count:
            return list(range(slot.count))
        names = slot.names if self.filter.is_exact else slot.names.lower()
        return self.filter.positions(names.split("\n"))

    def _place(self, index: int) -> tuple[int, int]:
        at = index if self._view is None else self._view[index]
        number = bisect_right(self._starts, at) - 1
        return number, at - self._starts[number]


def _unpacked(packed: bytes) -> str:
    return decompress(packed).decode("utf-8", "surrogatepass")


def rows_of(page: Page, storage_type: str) -> tuple[Row, ...]:
    """Return the blobs and the folders of a page in the order of their keys."""
    if not page.prefixes:
        return page.blobs
    rows: list[Row] = [*page.blobs, *(Folder(prefix, storage_type) for prefix in page.prefixes)]
    return tuple(sorted(rows, key=lambda row: one_line(row.key)))


def one_line(name: str) -> str:
    """Return a name in one line, for a packed page."""
    return name.replace("\n", LINE_END)


def whole_name(line: str) -> str:
    """Return the name that a line of a packed page stands for."""
    return line.replace(LINE_END, "\n")


def order(blob: Blob, sort: Sort) -> tuple[Any, ...]:
    """Return the value that a sort compares: the largest, the newest, the first to expire comes first."""
    if sort == "size":
        return (-(blob.size_bytes or 0), blob.key)
    if sort == "age":
        return (-blob.modified.timestamp() if blob.modified else 0.0, blob.key)
    if sort == "expiry":
        return (blob.expires or NEVER, blob.key)
    if sort == "type":
        return (blob.key.rpartition("/")[2].rpartition(".")[2].lower(), blob.key)
    return (blob.key,)
