"""The blobs that a user has in one storage type and those on their way there, so that uploads side by side cannot pass
a quota together.

On an engine that counts (`Counting`) the figures are always current, and the engine checks once more in the commit. On
any other engine the figures come from a `Counter`, which the servers on the engine share.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass, field

from storage_tui.server.limits.lanes import Lane
from storage_tui.server.quotas.counters import Counter
from storage_tui.server.quotas.open_uploads import OpenUploads
from storage_tui.server.quotas.sums import Amount, SharedSums
from storage_tui.server.stores.base import Store
from storage_tui.server.stores.records import Records
from storage_tui.server.stores.totals import Counting, Totals

SETTLED_S = 60.0  # no engine that counts takes longer than this to answer


@dataclass(eq=False)
class Reservation:
    """Room for one blob on its way.

    A reservation replaces the bytes that its upload session keeps. In the end it also replaces the `replaced_bytes` of
    a stored blob of that size.
    """

    upload_id: str = ""
    size_bytes: int = 0
    replaced_bytes: int | None = None


@dataclass
class Account:
    """One user's share of one storage type, in this process. `server` is the id of this process."""

    namespace: str
    storage_type: str
    records: Records
    lane: Lane
    server: str
    live: set[Reservation] = field(default_factory=set)
    creating: int = 0  # upload sessions about to be made
    clock: Callable[[], float] = time.monotonic
    _settled: list[tuple[float, int]] = field(default_factory=list)  # when, bytes; each is one blob

    def __post_init__(self) -> None:
        shared = SharedSums(self.records, self.namespace, self.storage_type, self.server)
        self.counter = Counter(shared, self._held)
        self.opened = OpenUploads(self.records, self.lane, self.namespace, self.storage_type)

    @property
    def is_idle(self) -> bool:
        """Return True when nothing is on its way."""
        return not self.live and not self.creating and self.counter.is_idle

    def is_counted(self, store: Store) -> bool:
        """Return False while the user was never counted, so that `totals` knows only the blobs stored since."""
        return isinstance(store, Counting) or self.counter.is_counted

    def live_bytes(self, mine: Reservation | None = None) -> int:
        """Return the bytes that are on their way in this process, without those of `mine`."""
        return sum(self.others(mine))

    def others(self, mine: Reservation | None = None) -> list[int]:
        """Return the bytes of each blob on its way in this process, without that of `mine`. Requests on the parts of
        one upload have a reservation each, all for the same blob."""
        sizes: dict[object, int] = {}
        for one in self.live:
            if mine is None or not (one is mine or (one.upload_id and one.upload_id == mine.upload_id)):
                name = one.upload_id or one
                sizes[name] = max(sizes.get(name, 0), one.size_bytes)
        return list(sizes.values())

    async def totals(self, store: Store) -> Totals:
        """Return the blobs stored so far, and those on their way to other servers, without those on their way here."""
        if isinstance(store, Counting):
            asked = self.clock()
            found = await store.totals(
                self.namespace, self.storage_type, without=[one.upload_id for one in self.live if one.upload_id]
            )
            later = [size for at, size in self._settled if at >= asked]
            return Totals(found.count + len(later), found.size_bytes + sum(later), found.open_uploads, found.open_bytes)
        await self.opened.refresh()
        stored, others = await self.counter.total(store, self.server)  # last: nothing may be stored after this answer
        opened = self.opened.total(without=[one.upload_id for one in self.live])
        open_bytes = others.size_bytes + opened.size_bytes
        return Totals(stored.count + others.count, stored.size_bytes, opened.count, open_bytes)

    def release(self, reservation: Reservation, store: Store, *, stored_bytes: int | None) -> None:
        """Return the room. `stored_bytes` is the size of the blob that was stored, None when none was."""
        self.live.discard(reservation)
        if stored_bytes is None:
            return
        if isinstance(store, Counting):
            now = self.clock()
            self._settled = [*((at, size) for at, size in self._settled if at >= now - SETTLED_S), (now, stored_bytes)]
        elif reservation.replaced_bytes is None:
            self.counter.add(Amount(1, stored_bytes))
        else:
            self.counter.add(Amount(0, stored_bytes - reservation.replaced_bytes))

    def _held(self) -> Amount:
        live = [size_bytes for size_bytes in self.others() if size_bytes]
        return Amount(len(live), sum(live))
