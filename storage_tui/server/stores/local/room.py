"""The reserve of free room on the disk, so that deletes and the database's log always have the room they need; and a
user's share of the room."""

import asyncio
import errno
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import TypeVar

import apsw

from storage_tui.contract.errors import QuotaExceededError, StorageError, StoreFullError, UnavailableError
from storage_tui.contract.moments import MILLISECOND
from storage_tui.server.stores.local.database import audit as local_audit
from storage_tui.server.stores.local.database.rows import BlobPlace
from storage_tui.server.stores.local.database.sessions import MAX_ENDED
from storage_tui.server.stores.local.database.totals import check_ceiling
from storage_tui.server.stores.local.files import NO_ROOM, Disk, SyncFailedError
from storage_tui.server.stores.local.trash import retention
from storage_tui.server.stores.local.trash.gone import Parting
from storage_tui.server.stores.totals import Ceilings, no_ceilings
from storage_tui.server.stores.trash import MOST_GONE, RETENTION

T = TypeVar("T")

RESERVE_BYTES = 1024**3  # or RESERVE_SHARE of the file system if that is less
RESERVE_SHARE = 0.02
LEAST_RESERVE_BYTES = 16 * 1024**2  # on a small disk: a delete may need so much for the database and its log
LEAST_RESERVE_SHARE = 0.25

FULL = "no room is left on the server's disk; delete something first"

SHORT_OF = (errno.EMFILE, errno.ENFILE, errno.ENOMEM)  # a process or machine runs out of these only for a time
_SYNCS = (apsw.SQLITE_IOERR_FSYNC, apsw.SQLITE_IOERR_DIR_FSYNC)


class NoRoomError(StoreFullError):
    """A write would use part of the reserve; `short_bytes` is how much room is missing."""

    def __init__(self, message: str, *, key: str | None = None, short_bytes: int = 0) -> None:
        super().__init__(message, key=key)
        self.short_bytes = short_bytes


@dataclass(frozen=True, slots=True)
class TraceBounds:
    """How much is kept of what one user did: ended uploads, the log of deletes of a user who has a quota, and the gone
    blobs of each storage type."""

    ended_uploads: int = MAX_ENDED
    log_bytes: int = local_audit.MOST_BYTES
    gone: int = MOST_GONE


TRACES = TraceBounds()


class Room:
    """What may still be written to a disk. Its calls block for as long as statvfs does.

    `kept_for` is how long deleted and overwritten blobs are kept while the room allows it; zero keeps none. `make` is
    set by the store: a call that removes what is not needed, of a write that lacks so many bytes, and returns whether
    there is more room now.
    """

    def __init__(
        self, disk: Disk, reserve_bytes: int | None = None, traces: TraceBounds = TRACES,
        kept_for: timedelta = RETENTION,
    ) -> None:  # fmt: skip
        self._disk = disk
        self.retention = kept_for // MILLISECOND
        self.make: Callable[[int], Awaitable[bool]] = _make_none
        self._reserve_bytes = reserve_bytes
        self.traces = traces
        self.ceilings: Ceilings = no_ceilings

    @property
    def reserve_bytes(self) -> int:
        """The bytes that are kept free."""
        if self._reserve_bytes is None:
            total_bytes = self._disk.total_bytes()
            least = min(LEAST_RESERVE_BYTES, int(total_bytes * LEAST_RESERVE_SHARE))
            self._reserve_bytes = max(least, min(RESERVE_BYTES, int(total_bytes * RESERVE_SHARE)))
        return self._reserve_bytes

    @property
    def is_short(self) -> bool:
        """True when nothing may be written. Then garbage is removed without a grace."""
        return self.short_bytes > 0

    @property
    def short_bytes(self) -> int:
        """How many bytes of the reserve are in use; 0 while the whole reserve is free."""
        return max(self.reserve_bytes - self._disk.free_bytes(), 0)

    def check(self, size_bytes: int) -> None:
        """Raise StoreFullError when writing `size_bytes` would use part of the reserve."""
        free_bytes = self._disk.free_bytes()
        if free_bytes - size_bytes < self.reserve_bytes:
            raise NoRoomError(
                f"no room for {size_bytes} bytes: the server's disk has {free_bytes} free and keeps "
                f"{self.reserve_bytes} of them in reserve; delete something first",
                short_bytes=self.reserve_bytes + size_bytes - free_bytes,
            )

    async def find(self, attempt: Callable[[], Awaitable[T]]) -> T:
        """Try. While the store is full, remove what is not needed, and try again."""
        while True:
            try:
                return await attempt()
            except QuotaExceededError:
                raise  # room on the disk does not lower a user's totals
            except StoreFullError as exc:
                if not await self.make(exc.short_bytes if isinstance(exc, NoRoomError) else 0):
                    raise

    def claim(self, size_bytes: int, loop: asyncio.AbstractEventLoop) -> None:
        """Do what `check` does, and first remove what is not needed. For a thread beside the event loop."""
        while True:
            try:
                return self.check(size_bytes)
            except NoRoomError as exc:
                if not asyncio.run_coroutine_threadsafe(self._made(exc.short_bytes), loop).result():
                    raise

    async def _made(self, short_bytes: int) -> bool:
        return await self.make(short_bytes)

    def check_share(self, connection: apsw.Connection, place: BlobPlace, size_bytes: int, now: int) -> None:
        """Raise QuotaExceededError when a blob of that size at the place would exceed the user's quota. Called in the
        transaction that writes the blob."""
        ceiling = self.ceilings(place.row_key[0].hex(), place.storage_type.name)
        if ceiling is not None:
            check_ceiling(connection, place, size_bytes, ceiling, now)

    def parting(self) -> Parting:
        """Return what happens to the blobs that the present request removes or replaces."""
        return Parting.of_request(is_kept=self.retention > 0)

    def fit(self, connection: apsw.Connection, namespace: str, storage_type: str, now: int) -> None:
        """Keep what a user has in the trash within its bounds, the oldest going first. Called in the transaction of a
        change."""
        if self.retention > 0:
            ceiling = self.ceilings(namespace, storage_type)
            retention.fit(connection, bytes.fromhex(namespace), storage_type, ceiling, now, self.traces.gone)

    def trim_log(self, connection: apsw.Connection, namespace: str, storage_type: str) -> None:
        """Keep the audit log of a user who has a quota within its bound. Called in the transaction of a delete."""
        if self.ceilings(namespace, storage_type) is not None:
            local_audit.trim(connection, bytes.fromhex(namespace), self.traces.log_bytes)


async def _make_none(_: int) -> bool:
    return False


def write_error(exc: OSError) -> StoreFullError | UnavailableError:
    """Return the error for a failed write of bytes: a full disk, or a disk that cannot be written."""
    if exc.errno in NO_ROOM:
        return StoreFullError(FULL)
    return UnavailableError(f"the server's disk cannot be written: {exc}")


def passing_error(
    exc: apsw.Error | OSError, *, system_errno: int = 0, is_checkpoint: bool = False
) -> StorageError | None:
    """Return the error to answer with when a commit failed and the disk still holds what it held before. Return None
    for an error that leaves this unknown, such as a failed sync.

    `system_errno` is the last error of the system that SQLite noted. A checkpoint may also fail at its sync when that
    finds no room: the log is cut only after a sync that succeeded, and until then all pages are written again.
    """
    if isinstance(exc, SyncFailedError):
        return None
    if isinstance(exc, OSError):
        return write_error(exc) if exc.errno in (*NO_ROOM, *SHORT_OF) else None
    if isinstance(exc, apsw.FullError):
        return StoreFullError(FULL)
    if isinstance(exc, apsw.IOError) and system_errno in NO_ROOM:
        return StoreFullError(FULL) if is_checkpoint or getattr(exc, "extendedresult", None) not in _SYNCS else None
    if isinstance(exc, apsw.BusyError):
        return UnavailableError("another program is using the store's database; try again when it has ended")
    return None
