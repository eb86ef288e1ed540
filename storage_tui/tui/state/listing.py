"""One folder as the list shows it: pages that arrive one by one, in bounded memory, filtered and sorted on the way.

The names of all loaded rows are kept as one text a page, which costs the bytes of the names; the rows themselves are
kept for the pages in use only and read again by their token when they are wanted.
"""

from array import array
from bisect import bisect_right
from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal

from storage_tui.contract.models import Blob, Page
from storage_tui.tui.state.filter import Filter

FIRST_PAGE = 250  # more than any screen, and half a second at 256 kbit/s
NEXT_PAGE = 1000  # the most that a server gives
PAGES_KEPT = 48  # about 25 MB of rows
SORT_ROWS = PAGES_KEPT * NEXT_PAGE  # a list can be sorted while all of it is here

Sort = Literal["key", "name", "size", "age", "expiry", "type"]
SORTS: tuple[Sort, ...] = ("name", "size", "age", "expiry", "type")
NEVER = datetime.max.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Folder:
    """A virtual folder: the common prefix of the keys in it, its slash included."""

    key: str
    storage_type: str


Row = Blob | Folder


@dataclass(slots=True)
class _Slot:
    token: str | None
    limit: int
    start: int
    count: int
    names: str
    size_bytes: int


class Listing:
    """The rows of one prefix, as far as they are loaded. `row(i)` is the i-th row of what is shown.

    In the order of the keys while there are several pages; a list that fits the first page shows folders first. Rows
    never move while pages arrive.
    """

    def __init__(self, storage_type: str, prefix: str) -> None:
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
        self._view: array[int] | None = None

    def __len__(self) -> int:
        return self.loaded if self._view is None else len(self._view)

    @property
    def loaded(self) -> int:
        """How many rows are loaded, the filter aside."""
        return self._slots[-1].start + self._slots[-1].count if self._slots else 0

    @property
    def size_bytes(self) -> int:
        """Bytes of the loaded blobs directly in this folder."""
        return sum(slot.size_bytes for slot in self._slots)

    @property
    def next_limit(self) -> int:
        """How many rows to ask for next."""
        return NEXT_PAGE if self._slots else FIRST_PAGE

    def add_page(self, page: Page) -> None:
        """Append the page that answers `next_token`."""
        rows = _merge(page, self.storage_type)
        slot = _Slot(self.next_token, self.next_limit, self.loaded, 0, "", 0)
        self._slots.append(slot)
        self._starts.append(slot.start)
        self._fill(len(self._slots) - 1, rows)
        self.next_token = page.next_token
        self.is_complete = page.next_token is None
        if len(self._slots) == 1 and self.is_complete:
            self.sort = "name"
        if self.sort != "key":
            self._rebuild()
        elif self.filter is not None:
            view = self._view if self._view is not None else array("L")
            view.extend(slot.start + position for position in self._matches(slot))
            self._view = view

    def restore_page(self, number: int, page: Page) -> None:
        """Put back the rows of a page that was dropped; it may have changed on the server since."""
        before = self._slots[number].names
        self._fill(number, _merge(page, self.storage_type))
        if self._slots[number].names != before:
            for later in range(number + 1, len(self._slots)):
                previous = self._slots[later - 1]
                self._slots[later].start = self._starts[later] = previous.start + previous.count
            self._rebuild()

    def _fill(self, number: int, rows: tuple[Row, ...]) -> None:
        slot = self._slots[number]
        cut = len(self.prefix)
        slot.names = "\n".join(row.key[cut:].replace("\n", " ") for row in rows)
        slot.count = len(rows)
        slot.size_bytes = sum(row.size_bytes or 0 for row in rows if isinstance(row, Blob))
        self._rows[number] = rows
        self._rows.move_to_end(number)
        while len(self._rows) > PAGES_KEPT:
            self._rows.popitem(last=False)

    def row(self, index: int) -> Row | None:
        """The row shown at `index`; None while its page is not here (see `missing_page`)."""
        number, position = self._place(index)
        rows = self._rows.get(number)
        if rows is None:
            return None
        self._rows.move_to_end(number)
        return rows[position]

    def missing_page(self, index: int) -> tuple[int, str | None, int] | None:
        """Number, token and limit of the page to read for the row at `index`; None when it is here."""
        number, _ = self._place(index)
        slot = self._slots[number]
        return None if number in self._rows else (number, slot.token, slot.limit)

    def rows(self) -> Iterator[Row]:
        """The rows shown whose pages are here, in order."""
        for index in range(len(self)):
            row = self.row(index)
            if row is not None:
                yield row

    def index_of(self, key: str, *, is_folder: bool | None = None) -> int | None:
        """Where the row with this key is shown; None when it is not loaded or filtered out."""
        if not key.startswith(self.prefix):
            return None
        if self._view is None:
            index = self.index_after(key)
            row = self.row(index) if index < len(self) else None
            return index if row is not None and row.key == key and is_folder in (None, _is_folder(row)) else None
        for index in range(len(self)):
            row = self.row(index)
            if row is not None and row.key == key and is_folder in (None, _is_folder(row)):
                return index
        return None

    def index_after(self, key: str) -> int:
        """In key order: where `key` is, or would be, among the loaded rows. `len` when that is past what is loaded."""
        leaf = key[len(self.prefix) :]
        for slot in self._slots:
            names = slot.names.split("\n") if slot.count else []
            if names and names[-1] >= leaf:
                return slot.start + next(place for place, name in enumerate(names) if name >= leaf)
        return self.loaded

    def covers(self, key: str) -> bool:
        """Whether the pages loaded reach as far as `key`."""
        return self.is_complete or self.index_after(key) < self.loaded

    def set_filter(self, wanted: Filter | None) -> None:
        """Show only what matches; None or a blank filter shows all."""
        self.filter = wanted if wanted is not None and wanted.words else None
        self._rebuild()

    @property
    def can_sort(self) -> bool:
        """Whether all rows are here."""
        return self.is_complete and len(self._rows) == len(self._slots)

    def set_sort(self, sort: Sort, *, is_reversed: bool = False) -> None:
        """Show in another order; folders stay first. Only where `can_sort`."""
        self.sort, self.is_reversed = sort, is_reversed
        self._rebuild()

    def _rebuild(self) -> None:
        if self.filter is None and self.sort == "key":
            self._view = None
            return
        if self.filter is None:
            view = array("L", range(self.loaded))
        else:
            view = array("L", (slot.start + place for slot in self._slots for place in self._matches(slot)))
        if self.sort != "key" and self.can_sort:
            rows = [row for number in range(len(self._slots)) for row in self._rows[number]]
            folders = [at for at in view if isinstance(rows[at], Folder)]
            blobs = [(order(row, self.sort), at) for at in view if isinstance(row := rows[at], Blob)]
            blobs.sort(reverse=self.is_reversed)
            if self.sort == "name" and self.is_reversed:
                folders.reverse()
            view = array("L", (*folders, *(at for _, at in blobs)))
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


def _merge(page: Page, storage_type: str) -> tuple[Row, ...]:
    if not page.prefixes:
        return page.blobs
    rows: list[Row] = [*page.blobs, *(Folder(prefix, storage_type) for prefix in page.prefixes)]
    return tuple(sorted(rows, key=lambda row: row.key))


def _is_folder(row: Row) -> bool:
    return isinstance(row, Folder)


def order(blob: Blob, sort: Sort) -> tuple[Any, ...]:
    """What a sort compares: the largest, the newest, the soonest to go first."""
    if sort == "size":
        return (-(blob.size_bytes or 0), blob.key)
    if sort == "age":
        return (-blob.modified.timestamp() if blob.modified else 0.0, blob.key)
    if sort == "expiry":
        return (blob.expires or NEVER, blob.key)
    if sort == "type":
        return (blob.key.rpartition("/")[2].rpartition(".")[2].lower(), blob.key)
    return (blob.key,)
