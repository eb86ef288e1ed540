"""The folders of a prefix with count, bytes, oldest and newest, while they are being counted."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from storage_tui.contract.keys import DELIMITER
from storage_tui.contract.models import Blob, Usage

UsageSort = Literal["bytes", "count", "oldest", "name"]
USAGE_SORTS: tuple[UsageSort, ...] = ("bytes", "count", "oldest", "name")


@dataclass(slots=True)
class Branch:
    """A folder, or the blobs directly in the prefix (`is_own`).

    The one with `after` also covers the folders past `after` that the server does not list. An inexact count is a lower
    bound.
    """

    prefix: str
    is_own: bool = False
    count: int = 0
    size_bytes: int = 0
    oldest: datetime | None = None
    newest: datetime | None = None
    after: str = ""

    def add(self, blob: Blob) -> None:
        """Count one blob."""
        self.count += 1
        self.add_size(blob)

    def add_size(self, blob: Blob) -> None:
        """Add the size and time of a blob that was counted."""
        self.size_bytes += blob.size_bytes or 0
        if blob.modified is not None:
            self.oldest = min(self.oldest or blob.modified, blob.modified)
            self.newest = max(self.newest or blob.modified, blob.modified)


@dataclass(slots=True)
class UsageLevel:
    """One prefix with its branches."""

    storage_type: str
    prefix: str
    is_exact: bool = False
    error: str = ""
    branches: dict[str, Branch] = field(default_factory=dict)
    own: Branch = field(init=False)

    def __post_init__(self) -> None:
        self.own = Branch(self.prefix, is_own=True)

    def branch_of(self, key: str) -> Branch:
        """Return the branch that counts a key; create it for the first key."""
        cut = key.find(DELIMITER, len(self.prefix))
        if cut == -1:
            return self.own
        return self.branches.setdefault(key[: cut + 1], Branch(key[: cut + 1]))

    def expect(self, prefixes: Iterable[str]) -> None:
        """Add these folders without counts."""
        for prefix in prefixes:
            self.branches.setdefault(prefix, Branch(prefix))

    def take(self, usage: Usage) -> None:
        """Replace the counts with those of the server, which has counted all."""
        self.branches = {child.prefix: _branch(child) for child in usage.children}
        self.own = Branch(self.prefix, is_own=True, count=usage.count, size_bytes=usage.size_bytes)
        for child in usage.children:
            self.own.count -= child.count
            self.own.size_bytes -= child.size_bytes
        self.own.after = usage.children[-1].prefix if usage.is_cut else ""
        self.is_exact = True

    @property
    def count(self) -> int:
        """The number of blobs below the prefix."""
        return self.own.count + sum(branch.count for branch in self.branches.values())

    @property
    def size_bytes(self) -> int:
        """The bytes below the prefix."""
        return self.own.size_bytes + sum(branch.size_bytes for branch in self.branches.values())

    def rows(self, sort: UsageSort) -> list[Branch]:
        """Return the branches in order, with the blobs directly in the prefix as one row."""
        rows = [*self.branches.values(), *([self.own] if self.own.count else [])]
        if sort == "name":
            return sorted(rows, key=lambda row: row.prefix)
        if sort == "oldest":
            return sorted(rows, key=lambda row: (row.oldest is None, row.oldest, row.prefix))
        return sorted(rows, key=lambda row: (-(row.size_bytes if sort == "bytes" else row.count), row.prefix))


def _branch(usage: Usage) -> Branch:
    return Branch(usage.prefix, False, usage.count, usage.size_bytes, usage.oldest, usage.newest)
