"""The usage of a prefix out of rows.

Most rows are below one child prefix, or have the sums of the folders in them. The other rows are listed: those at the
two ends of the prefix, and rows of very many small folders. What such a list found is remembered until its row changes.
"""

from collections import OrderedDict
from dataclasses import dataclass, field
from datetime import UTC, datetime

from storage_tui.contract.errors import UnavailableError
from storage_tui.contract.models import CHILDREN_AT_MOST, Usage
from storage_tui.server.stores.s3.ledger.pairs import Pair
from storage_tui.server.stores.s3.ledger.relisting import Relisting
from storage_tui.server.stores.s3.ledger.rows import NOTHING, Found, Row, Sum
from storage_tui.server.stores.s3.ledger.sums import AT_ONCE, ATTEMPTS, LostLeafError, Sums, View
from storage_tui.server.stores.s3.names import PAST_ALL, name_to_prefix, prefix_to_name
from storage_tui.server.stores.s3.protocol.requests import RETRY_AFTER_S
from storage_tui.server.stores.s3.protocol.threads import Lane, gather_few

KEPT_BYTES = 10 * 1024 * 1024  # of the folders of rows that were listed, in memory
SUM_BYTES = 300  # of one folder, beside its name
ROWS_AT_ONCE = 16  # rows that are listed before their folders are added up: 16 MB with the longest names

_DELIMITER = "/"


@dataclass(slots=True)
class Adding:
    """The sums so far: of all blobs below a prefix, and by child prefix where these are asked for. `prefix` is coded,
    as all names here are."""

    prefix: str
    folds: bool
    total: Sum = NOTHING
    children: dict[str, Sum] = field(default_factory=dict)

    @property
    def wants_children(self) -> bool:
        """Return whether a further child prefix would be taken."""
        return self.folds and len(self.children) < CHILDREN_AT_MOST

    def add(self, child: str, part: Sum, *, is_earlier: bool = False) -> None:
        """Add the blobs of a child prefix; "" stands for the blobs that are in none. Blobs are added in order, but for
        those that are `is_earlier`: so the first child prefixes in byte order are among those kept."""
        self.total += part
        if self.folds and child and part.count and (child in self.children or self.wants_children or is_earlier):
            self.children[child] = self.children.get(child, NOTHING) + part

    def add_below(self, folder: str, part: Sum) -> bool:
        """Add blobs whose names all begin with `folder`. Return False when they are not all below the prefix, or may be
        below several child prefixes."""
        if not folder.startswith(self.prefix):
            return not self.prefix.startswith(folder)  # none of the blobs is below the prefix
        child = self.child_of(folder)
        if not child and self.wants_children:
            return False
        self.add(child, part)
        return True

    def add_row(self, row: Row) -> bool:
        """Add a row. Return False when its blobs must be listed for this."""
        if not row.total.count:
            return True
        if self.prefix.startswith(row.folder) and row.parts is not None:
            return self._add_parts(row.folder, row.parts or {"": row.total})
        return self.add_below(row.folder, row.total)

    def _add_parts(self, folder: str, parts: dict[str, Sum]) -> bool:
        """Add the parts of a row in whose folder the prefix is, if they say enough."""
        inside: list[tuple[str, Sum]] = []
        for name, part in parts.items():
            whole = folder + name
            if name and whole.startswith(self.prefix):
                child = self.child_of(whole)
                if not child and self.wants_children:
                    return False
                inside.append((child, part))
            elif name and self.prefix.startswith(whole):
                return False
            elif not name and self.prefix == folder:
                inside.append(("", part))
            elif not name and _DELIMITER not in self.prefix[len(folder) :]:
                return False  # some of these blobs may begin with the prefix
        for child, part in inside:
            self.add(child, part)
        return True

    def child_of(self, name: str) -> str:
        """Return the child prefix in a name below the prefix; "" for none."""
        cut = name.find(_DELIMITER, len(self.prefix)) if self.folds else -1
        return name[: cut + 1]


class Totals:
    """Makes usages from the sums of one bucket."""

    def __init__(self, sums: Sums, relisting: Relisting) -> None:
        self._sums = sums
        self._relisting = relisting
        self._listed: OrderedDict[tuple[str, str, str, bool], dict[str, Sum]] = OrderedDict()
        self._kept_bytes = 0

    async def usage(self, pair: Pair, prefix: str, *, delimiter: str, lane: Lane) -> Usage:
        """Return the totals below the prefix, and of each child prefix with a delimiter."""
        coded = prefix_to_name("", prefix)
        lost: tuple[str, ...] = ()
        for _ in range(ATTEMPTS):
            view = await self._sums.fresh(pair, coded, coded + PAST_ALL if coded else PAST_ALL, lane=lane, also=lost)
            try:
                found = await self._add_up(pair, view, Adding(coded, bool(delimiter)), lane)
            except LostLeafError as exc:
                lost = (exc.end,)
                continue
            first = sorted(found.children.items())[:CHILDREN_AT_MOST]
            children = ((name_to_prefix("", name), part) for name, part in first)
            return _usage(
                prefix, found.total, tuple(_usage(child, part) for child, part in children if child is not None)
            )
        raise UnavailableError(
            "too many servers change the sums of one user at once; try again", retry_after_s=RETRY_AFTER_S
        )

    async def _add_up(self, pair: Pair, view: View, adding: Adding, lane: Lane) -> Adding:
        waiting: list[tuple[str, str, Row]] = []  # rows to be listed, each with its leaf and the name before it
        high = adding.prefix + PAST_ALL
        for number, branch in view.within(adding.prefix, high):
            if not branch.total.count or adding.add_below(branch.folder, branch.total):
                continue
            start = view.start(number)
            for row in await self._sums.rows_of(pair, view, number, lane=lane):
                if row.end >= adding.prefix and start < high and not adding.add_row(row):
                    waiting.append((branch.leaf, start, row))
                    if len(waiting) >= ROWS_AT_ONCE:
                        await self._add_listed(pair, waiting, adding, lane)
                        waiting = []
                start = row.end
        await self._add_listed(pair, waiting, adding, lane)
        return adding

    async def _add_listed(
        self, pair: Pair, waiting: list[tuple[str, str, Row]], adding: Adding, lane: Lane
    ) -> None:  # fmt: skip
        found = await gather_few((self._parts(pair, *row, adding, lane) for row in waiting), at_once=AT_ONCE)
        for parts in found:
            for child, part in parts.items():
                adding.add(child, part, is_earlier=True)

    async def _parts(
        self, pair: Pair, leaf: str, start: str, row: Row, adding: Adding, lane: Lane
    ) -> dict[str, Sum]:  # fmt: skip
        """Return the sums of a row by child prefix, "" for the blobs in none, out of lists of its names."""
        name = (leaf, row.end, adding.prefix, adding.folds)
        known = self._listed.get(name)
        if known is not None:
            self._listed.move_to_end(name)
            return known
        parts: dict[str, Sum] = {}
        while start != row.end:
            found, start = await self._relisting.page(pair, start, row.end, lane=lane)
            await lane.run(_fold, found, adding, parts)
        self._kept_bytes += _size_bytes(parts) - _size_bytes(self._listed.get(name, {}))
        self._listed[name] = parts
        while self._kept_bytes > KEPT_BYTES:
            self._kept_bytes -= _size_bytes(self._listed.popitem(last=False)[1])
        return parts


def _size_bytes(parts: dict[str, Sum]) -> int:
    return sum(SUM_BYTES + len(name) for name in parts)


def _fold(found: list[Found], adding: Adding, parts: dict[str, Sum]) -> None:
    for one in found:
        if one.name.startswith(adding.prefix):
            child = adding.child_of(one.name)
            parts[child] = parts.get(child, NOTHING) + one.total


def _usage(prefix: str, total: Sum, children: tuple[Usage, ...] = ()) -> Usage:
    return Usage(prefix, total.count, total.size_bytes, _time(total.oldest), _time(total.newest), children)


def _time(moment: float | None) -> datetime | None:
    return None if moment is None else datetime.fromtimestamp(moment, UTC)
