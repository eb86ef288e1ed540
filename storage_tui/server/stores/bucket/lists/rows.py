"""Keys and child prefixes of a list in columns. No object is made for each key: a long list has a million of them."""

from array import array
from collections.abc import Iterable
from dataclasses import dataclass, field

from storage_tui.contract.columns import ColumnPage
from storage_tui.contract.models import Page
from storage_tui.server.stores.bucket.objects import to_blob
from storage_tui.server.stores.s3.protocol.bucket import listed
from storage_tui.server.stores.s3.protocol.listed import Listed


@dataclass(slots=True)
class Rows:
    """Keys and child prefixes in the order of a list, in columns of equal length: sizes in bytes, times in seconds
    since 1970, storage classes. The class of a child prefix is None, and its other columns are empty."""

    names: list[str] = field(default_factory=list)
    sizes: list[int] = field(default_factory=list)
    modified: list[float] = field(default_factory=list)
    etags: list[str] = field(default_factory=list)
    classes: list[str | None] = field(default_factory=list)

    @classmethod
    def of(cls, found: Listed) -> "Rows":
        """Return the rows of an answer in byte order, without the object whose name is the place itself: its key would
        be empty, which no blob has."""
        rows = cls(found.names, found.sizes, found.modified, found.etags, list(found.classes))
        if found.prefixes:
            count = len(found.prefixes)
            rows = cls(
                rows.names + found.prefixes, rows.sizes + [0] * count, rows.modified + [0] * count,
                rows.etags + [""] * count, rows.classes + [None] * count,
            )  # fmt: skip
        names = rows.names
        order = sorted(range(len(names)), key=names.__getitem__)
        if order and not names[order[0]]:
            order = order[1:]
        return rows if len(order) == len(names) and order == list(range(len(names))) else rows.pick(order)

    def __len__(self) -> int:
        return len(self.names)

    def pick(self, order: Iterable[int]) -> "Rows":
        """Return the rows at these places, in this order."""
        places = list(order)
        return Rows(
            [self.names[place] for place in places], [self.sizes[place] for place in places],
            [self.modified[place] for place in places], [self.etags[place] for place in places],
            [self.classes[place] for place in places],
        )  # fmt: skip

    def part(self, start: int, stop: int | None = None) -> "Rows":
        """Return the rows from `start` to before `stop`."""
        span = slice(start, stop)
        return Rows(self.names[span], self.sizes[span], self.modified[span], self.etags[span], self.classes[span])

    def extend(self, more: "Rows") -> None:
        """Add the rows that follow."""
        self.names += more.names
        self.sizes += more.sizes
        self.modified += more.modified
        self.etags += more.etags
        self.classes += more.classes

    def add_folder(self, name: str) -> None:
        """Add a child prefix."""
        self.extend(Rows([name], [0], [0], [""], [None]))

    def to_page(self, next_token: str | None) -> Page:
        """Return the rows as a page of blobs."""
        blobs, folders = [], []
        rows = zip(self.names, self.sizes, self.etags, self.modified, self.classes, strict=True)
        for name, size_bytes, etag, modified, stored in rows:
            if stored is None:
                folders.append(name)
            else:
                blobs.append(to_blob(listed(name, size_bytes, etag, modified, stored)))
        return Page(tuple(blobs), tuple(folders), next_token)

    def to_columns(self, prefix: str, next_token: str | None) -> ColumnPage:
        """Return the rows as a page in columns; the page lists `prefix`. A time before 1970 is none."""
        cut = len(prefix)
        folders = (place for place, stored in enumerate(self.classes) if stored is None)
        return ColumnPage(
            tuple([name[cut:] for name in self.names]), array("Q", self.sizes),
            array("q", [int(max(0, seconds) * 1000 + 0.5) for seconds in self.modified]),
            prefixes=array("I", folders if None in self.classes else ()), next_token=next_token,
        )  # fmt: skip
