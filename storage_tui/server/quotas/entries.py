"""The room that a user's entries in the catalog take. It counts against the quota for `products`, as the blobs there
do.

On an engine that one server owns, the entries are counted once, and their sum is exact from then on. Servers that share
an engine share sums, as they do for blobs (`counters.py`).
"""

import asyncio
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Literal, get_args

from storage_tui.contract.models import Usage
from storage_tui.server.limits.lanes import Lane
from storage_tui.server.quotas.counters import Counter
from storage_tui.server.quotas.sums import NOTHING, Amount, SharedSums
from storage_tui.server.stores.records import Records

Kind = Literal["products", "images", "uploads", "claims", "removals", "emptyings"]
KINDS: tuple[Kind, ...] = get_args(Kind)
ROOT = "catalog"  # entries are the records `catalog/KIND/NAMESPACE/NAME`
SUMMED = "catalog"  # takes the place of the storage type in the record of the sums

ENTRY_BYTES = 4096  # added to the content of each: a file takes a block and an inode, an object a row
MAX_IDLE_SHARES = 1000  # of the users seen last, approximately; a user who is dropped is counted again


class OwnSum:
    """The sum of a user's entries on an engine that this server owns."""

    def __init__(self, count: Callable[[], Amount], lane: Lane, namespace: str) -> None:
        self._count = count
        self._lane = lane
        self._namespace = namespace
        self._stored: Amount | None = None
        self._missed = NOTHING  # changes during the count; the count may contain some of them as well
        self._turn = asyncio.Lock()

    is_idle = True

    async def total(self) -> Amount:
        """Return the present sum. Once everything is counted, this does not yield to other requests."""
        if self._stored is not None:
            return self._stored
        async with self._turn:
            if self._stored is None:
                self._missed = NOTHING
                self._stored = await self._lane.run(self._namespace, self._count) + self._missed
            return self._stored

    def add(self, change: Amount) -> None:
        """Add a change."""
        if self._stored is None:
            self._missed += change.gain
        else:
            self._stored += change

    async def close(self) -> None:
        """Do nothing: there is no other server to inform."""


class SharedSum:
    """The sum of a user's entries on an engine that other servers use too."""

    def __init__(
        self, count: Callable[[], Amount], lane: Lane, shared: SharedSums, held: Callable[[], Amount], server: str
    ) -> None:  # fmt: skip
        self._count = count
        self._lane = lane
        self._server = server
        self._counter = Counter(shared, held)

    @property
    def is_idle(self) -> bool:
        """Return True when this server has nothing left to report."""
        return self._counter.is_idle

    async def total(self) -> Amount:
        """Return the sum of a moment ago, with the entries that other servers are writing."""
        stored, others = await self._counter.total(self, self._server)
        return stored + others

    def add(self, change: Amount) -> None:
        """Add a change that this server has made."""
        self._counter.add(change)

    async def recount(self, namespace: str, storage_type: str) -> Usage:
        """Count everything, as `Recounting` promises. Return the entries and their bytes."""
        found = await self._lane.run(namespace, self._count)
        return Usage("", found.count, found.size_bytes, None, None)

    async def close(self) -> None:
        """Report the remaining news to the other servers."""
        await self._counter.close()


@dataclass(eq=False)
class _Share:
    live: list[Amount] = field(default_factory=list)  # the changes being written here

    def held(self) -> Amount:
        return sum(self.live, NOTHING)


class Entries:
    """The entries of all users who have a quota; for one event loop. With `is_own` no other server writes any
    entries."""

    def __init__(self, records: Records, lane: Lane, server: str, *, is_own: bool) -> None:
        self._records = records
        self._lane = lane
        self._server = server
        self._is_own = is_own
        self._shares: OrderedDict[str, tuple[_Share, OwnSum | SharedSum]] = OrderedDict()

    async def total(self, namespace: str) -> Amount:
        """Return the stored entries and those being written."""
        share, entries = self._find(namespace)
        stored = await entries.total()
        return stored + share.held()

    def begin(self, namespace: str, change: Amount) -> None:
        """Add a change that is about to be written; from now on the total contains it."""
        share, _ = self._find(namespace)
        share.live.append(change.gain)

    def end(self, namespace: str, change: Amount, *, is_written: bool) -> None:
        """End a change that began; it was written or not."""
        share, entries = self._find(namespace)
        share.live.remove(change.gain)
        if is_written:
            entries.add(change)

    def gone(self, namespace: str, size_bytes: int) -> None:
        """Subtract an entry of `size_bytes` bytes that was removed."""
        _, entries = self._find(namespace)
        entries.add(change_of(size_bytes, None))

    def forget(self, namespace: str) -> None:
        """Forget the user, who has no quota now. With a new quota the user is counted again."""
        found = self._shares.get(namespace)
        if found is not None and not found[0].live and found[1].is_idle:
            del self._shares[namespace]

    async def close(self) -> None:
        """Report the remaining news to other servers."""
        await asyncio.gather(*(entries.close() for _, entries in self._shares.values()))

    def _find(self, namespace: str) -> tuple[_Share, OwnSum | SharedSum]:
        found = self._shares.get(namespace)
        if found is None:
            found = self._shares[namespace] = self._make(namespace)
            if len(self._shares) > MAX_IDLE_SHARES:
                self.forget(next(iter(self._shares)))
        self._shares.move_to_end(namespace)
        return found

    def _make(self, namespace: str) -> tuple[_Share, OwnSum | SharedSum]:
        share, count = _Share(), partial(_count, self._records, namespace)
        if self._is_own:
            return share, OwnSum(count, self._lane, namespace)
        shared = SharedSums(self._records, namespace, SUMMED, self._server)
        return share, SharedSum(count, self._lane, shared, share.held, self._server)


def change_of(before: int | None, after: int | None) -> Amount:
    """Return the change of the total when an entry of `before` bytes becomes one of `after` bytes; None means no
    entry."""
    return _amount(after) - _amount(before)


def _amount(size_bytes: int | None) -> Amount:
    return NOTHING if size_bytes is None else Amount(1, size_bytes + ENTRY_BYTES)


def _count(records: Records, namespace: str) -> Amount:
    found = NOTHING
    for kind in KINDS:
        for _, size_bytes in records.sizes(f"{ROOT}/{kind}/{namespace}/"):
            found += _amount(size_bytes)
    return found
