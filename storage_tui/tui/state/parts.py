"""Rows of a list page by page, for marks over a whole list. Rows of dropped pages are known by their names."""

from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from storage_tui.contract.models import Blob
from storage_tui.tui.state.listing import Folder, Listing, Row, _unpacked, whole_name


@dataclass(frozen=True, slots=True)
class Part:
    """Rows of one page: loaded ones in `rows`, else the way to read them again.

    Without `rows`, `token` and `limit` read the page, and the rows are at `places` among the `packed` names after
    `prefix`. `folders` are the places of folders.
    """

    rows: tuple[Row, ...] | None
    storage_type: str = ""
    prefix: str = ""
    token: str | None = None
    limit: int = 0
    packed: bytes = b""
    folders: Collection[int] = ()
    places: Sequence[int] = ()

    def __len__(self) -> int:
        return len(self.places) if self.rows is None else len(self.rows)

    def stand_ins(self) -> list[Row]:
        """Return the rows; for a dropped page, rows with names only."""
        if self.rows is not None:
            return list(self.rows)
        names, folders = _unpacked(self.packed).split("\n"), set(self.folders)
        return [
            (Folder if place in folders else Blob)(self.prefix + whole_name(names[place]), self.storage_type)
            for place in self.places
        ]


def parts_of(listing: Listing, first: int, stop: int) -> list[Part]:
    """Return the rows shown from index `first` up to but not including `stop`, page by page in key order.

    The parts stay unchanged while the list grows, is filtered or sorted.
    """
    places = _in_key_order(listing, first, stop)
    found: list[Part] = []
    at = 0
    while at < len(places):
        number = bisect_right(listing._starts, places[at]) - 1
        slot = listing._slots[number]
        end = bisect_left(places, slot.start + slot.count, at)
        inside = _within(places, at, end, slot.start)
        at = end
        rows = listing._rows.get(number)
        if rows is not None:
            found.append(Part(tuple(rows[place] for place in inside)))
        else:
            page = (slot.token, slot.limit, slot.packed, slot.facts.folders, inside)
            found.append(Part(None, listing.storage_type, listing.prefix, *page))
    return found


def _within(places: Sequence[int], at: int, end: int, start: int) -> Sequence[int]:
    if isinstance(places, range):
        return range(places[at] - start, places[end - 1] + 1 - start)
    return array("H", (place - start for place in places[at:end]))


def _in_key_order(listing: Listing, first: int, stop: int) -> Sequence[int]:
    view = listing._view
    if view is None:
        return range(first, min(stop, listing.loaded))
    if listing._order is None:
        return view[first:stop]
    is_wanted = bytearray(listing.loaded)
    for place in view[first:stop]:
        is_wanted[place] = 1
    return array("I", (place for place in range(listing.loaded) if is_wanted[place]))
