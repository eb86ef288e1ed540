"""What a user has in one storage type and what is on its way there, so that uploads side by side cannot pass a quota
together.

On an engine that counts (`Counting`) the figures are those of the moment, and the engine looks once more in the commit.
Any other is asked for its usage now and then, which walks all keys. The last answer is a record, which all servers on
the engine begin with and the next answer corrects: `usage/NAMESPACE/TYPE`. Between two answers what this server stored
is added; what other servers stored or anybody deleted is not yet seen.
"""

import asyncio
import json
import logging
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from storage_tui.contract.errors import StorageError
from storage_tui.server.responses import one_line
from storage_tui.server.stores.base import Store
from storage_tui.server.stores.counting import Counting, Recounting, Totals
from storage_tui.server.stores.records import Records

RECORD = "usage/"
FIRST_COUNT_S = (
    5.0  # a user who was never counted before waits so long; then nothing is held against them until it ends
)
USAGE_GOOD_S = 10.0  # how long an answer of `usage` is taken for the truth …
USAGE_SHARE = 20  # … or so many times what it took, where that is longer
SETTLED_S = 60.0  # no answer takes longer than this

log = logging.getLogger("storage_tui.server")


@dataclass(eq=False)
class Reservation:
    """Room that is kept for one blob on its way. It takes the place of what is kept of its upload session."""

    upload_id: str = ""
    size_bytes: int = 0


@dataclass
class Account:
    """One user's share of one storage type, in this process."""

    namespace: str
    storage_type: str
    records: Records
    live: set[Reservation] = field(default_factory=set)
    creating: int = 0  # upload sessions about to be made
    clock: Callable[[], float] = time.monotonic
    _settled: list[tuple[float, int]] = field(default_factory=list)  # when, bytes; each is one blob
    _known: Totals | None = None
    _asked: float = 0.0  # when the answer that is known was asked for
    _good_until: float = 0.0
    _asking: asyncio.Task[None] | None = None

    @property
    def is_idle(self) -> bool:
        """True when nothing is on its way."""
        return not self.live and not self.creating and self._asking is None

    def is_counted(self, store: Store) -> bool:
        """False while nobody has ever counted, and `totals` knows only what was stored since."""
        return isinstance(store, Counting) or self._known is not None

    async def totals(self, store: Store) -> Totals:
        """What is there and what has just been stored, without what is on its way."""
        if isinstance(store, Counting):
            asked = self.clock()
            found = await store.totals(
                self.namespace, self.storage_type, without=[one.upload_id for one in self.live if one.upload_id]
            )
            return self._with_settled(found, asked)
        if self._known is None:
            self._known = await asyncio.to_thread(self._remembered)
        if self._asking is None and (self._known is None or self.clock() >= self._good_until):
            self._asking = asyncio.ensure_future(self._ask(store))
        if self._known is None and self._asking is not None:
            await asyncio.wait((self._asking,), timeout=FIRST_COUNT_S)
        return self._with_settled(self._known or Totals(), self._asked)

    def release(self, reservation: Reservation, *, stored_bytes: int | None) -> None:
        """Give the room back; `stored_bytes` are what was stored instead, None when nothing was."""
        self.live.discard(reservation)
        if stored_bytes is not None:
            now = self.clock()
            oldest = min(self._asked or now, now - SETTLED_S)
            self._settled = [*((at, size) for at, size in self._settled if at >= oldest), (now, stored_bytes)]

    def _with_settled(self, found: Totals, asked: float) -> Totals:
        later = [size for at, size in self._settled if at >= asked]
        return Totals(found.count + len(later), found.size_bytes + sum(later), found.open_uploads, found.open_bytes)

    async def _ask(self, store: Store) -> None:
        asked = self.clock()
        try:
            count = store.recount if isinstance(store, Recounting) else store.usage
            usage = await count(self.namespace, self.storage_type)
            self._known, self._asked = Totals(usage.count, usage.size_bytes), asked
            await asyncio.to_thread(self._remember, self._known)
        except StorageError as exc:  # what is known goes on counting
            log.error("cannot count what a user has: %s", one_line(exc.message))
        finally:
            self._asking = None
            self._good_until = self.clock() + max(USAGE_GOOD_S, USAGE_SHARE * (self.clock() - asked))

    @property
    def _record(self) -> str:
        return f"{RECORD}{self.namespace}/{self.storage_type}"

    def _remembered(self) -> Totals | None:
        record = self.records.read(self._record)
        try:
            raw = json.loads(record.content) if record is not None else None
            return None if raw is None else Totals(int(raw["count"]), int(raw["bytes"]))
        except (ValueError, KeyError, TypeError):
            return None  # the next count writes it anew

    def _remember(self, found: Totals) -> None:
        self.records.write(self._record, json.dumps({"count": found.count, "bytes": found.size_bytes}).encode("ascii"))
