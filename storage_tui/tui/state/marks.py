"""The marks: blobs and folders for the next action, kept across folders and types."""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from storage_tui.contract.keys import DELIMITER, Location, parent_prefix
from storage_tui.tui.state.listing import Folder, Row


@dataclass
class Marks:
    """Marked rows by storage type and key, in the order of marking.

    A blob is marked with the ETag that was seen, so that a later delete cannot delete a blob that was overwritten
    since.
    """

    _rows: dict[tuple[str, str, bool], Row] = field(default_factory=dict)
    size_bytes: int = 0  # of the marked blobs with a known size; folders count nothing until they are walked
    folders: int = 0
    unsized: int = 0  # blobs of unknown size
    places: Counter[Location] = field(default_factory=Counter)  # the number of marks in each folder

    def __len__(self) -> int:
        return len(self._rows)

    def __iter__(self) -> Iterator[Row]:
        return iter(self._rows.values())

    def __contains__(self, row: Row) -> bool:
        return _name(row) in self._rows

    def add(self, rows: Iterable[Row]) -> None:
        """Mark each of the rows."""
        for row in rows:
            self._drop(_name(row))
            self._rows[_name(row)] = row
            self._count(row, 1)

    def discard(self, rows: Iterable[Row]) -> None:
        """Remove the mark from each of the rows."""
        for row in rows:
            self._drop(_name(row))

    def _drop(self, name: tuple[str, str, bool]) -> None:
        row = self._rows.pop(name, None)
        if row is not None:
            self._count(row, -1)

    def _count(self, row: Row, step: int) -> None:
        place = place_of(row)
        self.places[place] += step
        if not self.places[place]:
            del self.places[place]
        if isinstance(row, Folder):
            self.folders += step
        elif row.size_bytes is None:
            self.unsized += step
        else:
            self.size_bytes += step * row.size_bytes

    def toggle(self, row: Row) -> None:
        """Mark the row, or remove its mark."""
        if row in self:
            self.discard([row])
        else:
            self.add([row])

    def clear(self) -> None:
        """Remove all marks."""
        self._rows.clear()
        self.places.clear()
        self.size_bytes = self.folders = self.unsized = 0

    def discard_keys(self, storage_type: str, keys: Iterable[str]) -> None:
        """Remove the marks of blobs that were deleted."""
        for key in keys:
            self._drop((storage_type, key, False))


def place_of(row: Row) -> Location:
    """Return the folder whose list shows the row."""
    is_folder = isinstance(row, Folder)
    prefix = parent_prefix(row.key) if is_folder else row.key[: row.key.rfind(DELIMITER) + 1]
    return Location(row.storage_type, prefix)


def _name(row: Row) -> tuple[str, str, bool]:
    return row.storage_type, row.key, isinstance(row, Folder)
