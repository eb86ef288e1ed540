"""The changes of one server, on their way to the bucket: names that were touched, and blobs that expire.

A change is noted in memory when it has been made, and in the bucket within PAUSE_S. So no call waits for a note. A
server that is killed in between loses the notes of that time: until the scan in the background comes by, the sums lack
these changes, and a blob of these that has expired stays in the bucket, hidden.
"""

import asyncio
import logging
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import datetime
from threading import Lock

from storage_tui.contract.errors import StorageError
from storage_tui.contract.visible import one_line
from storage_tui.server.stores.s3.ledger import due, touched
from storage_tui.server.stores.s3.ledger.pairs import Pair, pair_of
from storage_tui.server.stores.s3.protocol.bucket import Bucket, written_time
from storage_tui.server.stores.s3.protocol.requests import MissingError
from storage_tui.server.stores.s3.protocol.threads import Threads, gather_few

SUMS = "sums/"
PAUSE_S = 2.0  # between two notes of a server
GATHERED_BYTES = 16 * 1024 * 1024  # of names that wait for an engine which does not answer
NAME_BYTES = 200  # of one of them, beside its characters
KNOWN_AT_MOST = 10_000  # pairs with sums that are remembered
FAILURES = (StorageError, MissingError)  # of an engine that takes no notes now

_log = logging.getLogger(__name__)


def root_name(pair: Pair) -> str:
    """Return the name of the root of the sums of a pair."""
    return f"{SUMS}{pair.folder}root"


class Journal:
    """The journal of one server. `start` and `close` belong to the event loop; changes are noted from any thread."""

    def __init__(
        self, bucket: Bucket, threads: Threads, now: Callable[[], datetime], *, pause_s: float = PAUSE_S
    ) -> None:
        self._bucket = bucket
        self._threads = threads
        self._now = now
        self._pause_s = pause_s
        self._guard = Lock()  # of the next four
        self._touched: dict[Pair, set[str]] = {}
        self._due: dict[str, datetime] = {}
        self._gathered_bytes = 0
        self._left_out = 0
        self._has_left_out = False
        self._summed: set[Pair] = set()  # pairs whose sums have a root
        self._turn = asyncio.Lock()
        self._has_news = asyncio.Event()

    def start(self) -> None:
        """Note all changes from now on."""
        self._loop = asyncio.get_running_loop()
        self._bucket.listeners.append(self._changed)
        self._noting = asyncio.create_task(self._keep_noting())

    async def close(self) -> bool:
        """Note what has gathered, and end. Return whether every change of this server is noted."""
        self._noting.cancel()
        await asyncio.wait((self._noting,))
        self._bucket.listeners.remove(self._changed)
        try:
            await self.flush()
        except FAILURES:
            return False
        return not self._has_left_out

    async def flush(self) -> None:
        """Return when every change that was made before this call is noted in the bucket. Raise StorageError when the
        engine does not take the notes; they stay in the journal."""
        await asyncio.shield(asyncio.ensure_future(self._flush()))

    async def _flush(self) -> None:
        async with self._turn:
            with self._guard:
                changed, self._touched = self._touched, {}
                expiring, self._due = self._due, {}
                left_out, self._left_out = self._left_out, 0
                gathered_bytes, self._gathered_bytes = self._gathered_bytes, 0
            if left_out:
                self._has_left_out = True
                _log.warning("%d changes are not noted: sums lack them until the scan in the background", left_out)
            try:
                if expiring:
                    await self._threads.upkeep.run(due.write_lists, self._bucket, expiring)
                    expiring = {}
                await gather_few(self._threads.upkeep.run(self._note, *item) for item in changed.items())
            except BaseException:  # a note that is written twice does no harm
                with self._guard:
                    for pair, names in changed.items():
                        self._touched.setdefault(pair, set()).update(names)
                    self._due = expiring | self._due
                    self._gathered_bytes += gathered_bytes
                self._has_news.set()
                raise

    def _note(self, pair: Pair, changed: set[str]) -> None:
        if self._is_summed(pair):
            names = sorted(changed)
            for start in range(0, len(names), touched.NAMES_AT_MOST):
                touched.write_note(self._bucket, pair, names[start : start + touched.NAMES_AT_MOST], self._now())

    def _is_summed(self, pair: Pair) -> bool:
        """Return whether the pair has sums. When it has none now, its first sums come from lists that begin later, and
        find the changes that were made before."""
        if pair in self._summed:
            return True
        if self._bucket.head(root_name(pair)) is None:
            return False
        if len(self._summed) >= KNOWN_AT_MOST:
            self._summed.clear()
        self._summed.add(pair)
        return True

    def _changed(self, name: str, meta: Mapping[str, str] | None) -> None:
        place = pair_of(name)
        if place is None:
            return
        pair, rest = place
        expires = None if meta is None else due.expiry(pair.rule, written_time(meta, self._now()))
        with self._guard:
            if self._gathered_bytes >= GATHERED_BYTES:
                self._left_out += 1
                return
            self._gathered_bytes += NAME_BYTES + len(name)
            is_first = not self._touched
            self._touched.setdefault(pair, set()).add(rest)
            if expires is not None:
                self._due[name] = expires
        if is_first:
            with suppress(RuntimeError):  # the loop is closed: a call that took too long ended after its server
                self._loop.call_soon_threadsafe(self._has_news.set)

    async def _keep_noting(self) -> None:
        is_told = False
        while True:
            await self._has_news.wait()
            await asyncio.sleep(self._pause_s)
            self._has_news.clear()
            try:
                await self.flush()
                is_told = False
            except FAILURES as exc:
                if not is_told:
                    _log.warning("changes cannot be noted yet, and usages lack them: %s", one_line(str(exc)))
                is_told = True
