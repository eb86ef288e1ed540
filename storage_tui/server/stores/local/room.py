"""The reserve of free room on the disk, so that deletes and the database's log always have the room they need; and a
user's share of the room."""

import errno
from dataclasses import dataclass

import apsw

from storage_tui.contract.errors import StorageError, StoreFullError, UnavailableError
from storage_tui.server.stores.local.database import audit as local_audit
from storage_tui.server.stores.local.database.rows import BlobPlace
from storage_tui.server.stores.local.database.sessions import MAX_ENDED
from storage_tui.server.stores.local.database.totals import check_ceiling
from storage_tui.server.stores.local.files import NO_ROOM, Disk, SyncFailedError
from storage_tui.server.stores.totals import Ceilings, no_ceilings

RESERVE_BYTES = 1024**3  # or RESERVE_SHARE of the file system if that is less
RESERVE_SHARE = 0.02
LEAST_RESERVE_BYTES = 16 * 1024**2  # on a small disk: a delete may need so much for the database and its log
LEAST_RESERVE_SHARE = 0.25

FULL = "no room is left on the server's disk; delete something first"

SHORT_OF = (errno.EMFILE, errno.ENFILE, errno.ENOMEM)  # a process or machine runs out of these only for a time
_SYNCS = (apsw.SQLITE_IOERR_FSYNC, apsw.SQLITE_IOERR_DIR_FSYNC)


@dataclass(frozen=True, slots=True)
class TraceBounds:
    """How much is kept of what one user did: ended uploads, and the log of deletes of a user who has a quota."""

    ended_uploads: int = MAX_ENDED
    log_bytes: int = local_audit.MOST_BYTES


TRACES = TraceBounds()


class Room:
    """What may still be written to a disk. Its calls block for as long as statvfs does."""

    def __init__(self, disk: Disk, reserve_bytes: int | None = None, traces: TraceBounds = TRACES) -> None:
        self._disk = disk
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
        return self._disk.free_bytes() < self.reserve_bytes

    def check(self, size_bytes: int) -> None:
        """Raise StoreFullError when writing `size_bytes` would use part of the reserve."""
        free_bytes = self._disk.free_bytes()
        if free_bytes - size_bytes < self.reserve_bytes:
            raise StoreFullError(
                f"no room for {size_bytes} bytes: the server's disk has {free_bytes} free and keeps "
                f"{self.reserve_bytes} of them in reserve; delete something first"
            )

    def check_share(self, connection: apsw.Connection, place: BlobPlace, size_bytes: int, now: int) -> None:
        """Raise QuotaExceededError when a blob of that size at the place would exceed the user's quota. Called in the
        transaction that writes the blob."""
        ceiling = self.ceilings(place.row_key[0].hex(), place.storage_type.name)
        if ceiling is not None:
            check_ceiling(connection, place, size_bytes, ceiling, now)

    def trim_log(self, connection: apsw.Connection, namespace: str, storage_type: str) -> None:
        """Keep the audit log of a user who has a quota within its bound. Called in the transaction of a delete."""
        if self.ceilings(namespace, storage_type) is not None:
            local_audit.trim(connection, bytes.fromhex(namespace), self.traces.log_bytes)


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
