"""The one thread that changes a local store: it takes the waiting changes, publishes their files, syncs folders, and
commits all of the changes at once.

While one group is on its way to the disk, the next group gathers. So the cost of a durable commit is shared by all
changes that arrive meanwhile. No change is answered before its COMMIT has returned with synchronous=FULL.
"""

import asyncio
import logging
import queue
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, TypeVar

import apsw

from storage_tui.contract.errors import ReadOnlyError, ServerError, StorageError, StoreFullError, UnavailableError
from storage_tui.server.stores.local.database.schema import BUSY_MS
from storage_tui.server.stores.local.files import Disk
from storage_tui.server.stores.local.room import passing_error, write_error

T = TypeVar("T")

GROUP_SIZE = 256  # changes in one COMMIT: bounds how long the first change waits for the last
IDLE_S = 2.0  # after so long without a change the WAL is copied into the database and truncated
CUT_BYTES = 8 * 1024 * 1024  # with less free room, another program might take the room of a cut log
CHECKPOINT_BUSY_MS = 100  # how long an idle checkpoint may wait for a reader

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Staged:
    """A part file that is published before the COMMIT. When the change is refused, the file becomes a part again if
    `is_kept`, so that the upload can continue; otherwise the file is removed."""

    blob_id: str
    is_kept: bool = False


class _Change:
    """One change on its way, and the future of its caller."""

    __slots__ = ("apply", "error", "future", "is_done", "result", "staged")

    def __init__(self, apply: Callable[[apsw.Connection], Any], staged: Staged | None) -> None:
        self.apply = apply
        self.staged = staged
        self.future: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self.result: Any = None
        self.error: StorageError | None = None
        self.is_done = False


class Committer:
    """The writer thread. Call `start` before the first `run`, and `stop` after the last. `broken` says why changes are
    refused."""

    def __init__(self, connection: apsw.Connection, disk: Disk, *, broken: str | None = None) -> None:
        self.broken = broken
        self._connection = connection
        self._disk = disk
        self._queue: queue.SimpleQueue[_Change | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._serve, name="storage-commit", daemon=True)
        self._loop = asyncio.get_running_loop()
        self._is_stopping = False
        self._is_shrink_wanted = False
        self._is_log_long = False  # a checkpoint found no room

    def start(self) -> None:
        """Start the thread, which then takes changes."""
        self._thread.start()

    async def stop(self) -> None:
        """Commit the changes that are waiting, then end the thread. Later changes are refused."""
        self._is_stopping = True
        self._queue.put(None)
        await asyncio.to_thread(self._thread.join)

    async def run(self, apply: Callable[[apsw.Connection], T], staged: Staged | None = None) -> T:
        """Apply the change in a transaction and return its result once the change is durable.

        A StorageError of `apply` is raised here; `apply` must raise it before its first change to the tables. A
        cancelled caller stops waiting, but the change itself continues.
        """
        self.check()
        change = _Change(apply, staged)
        self._queue.put(change)
        result: T = await change.future
        return result

    async def shrink(self) -> None:
        """Return to the disk the room that the database and its log no longer need."""
        self._is_shrink_wanted = True
        await self.run(lambda _: None)

    def check(self) -> None:
        """Raise UnavailableError when nothing can be written any more."""
        self._check_broken()
        if self._is_stopping:
            raise UnavailableError("the store is closed")

    def fail(self, what: str, exc: BaseException) -> ReadOnlyError:
        """Make the store read-only, and return the error to raise. After a failed sync nobody knows what is on the
        disk, until the next start reads the disk."""
        if self.broken is None:
            self.broken = (
                f"the store is read-only since {what} failed ({exc}); check the disk under {self._disk.data_dir}, "
                "then restart the server"
            )
            _log.critical("%s", self.broken)
        return ReadOnlyError(self.broken)

    def _serve(self) -> None:
        is_tidy = True
        while True:
            try:
                first = self._queue.get(timeout=None if is_tidy else IDLE_S)
            except queue.Empty:
                self._tidy()
                is_tidy = not self._is_log_long
                continue
            if first is None:
                return
            is_tidy = False
            group, is_last = self._gather(first)
            self._commit(group)
            if self._is_shrink_wanted:
                self._is_shrink_wanted = False
                self._checkpoint()
            self._answer(group)
            if is_last:
                return

    def _gather(self, first: _Change) -> tuple[list[_Change], bool]:
        group = [first]
        while len(group) < GROUP_SIZE:
            try:
                change = self._queue.get_nowait()
            except queue.Empty:
                break
            if change is None:
                return group, True
            group.append(change)
        return group, False

    def _commit(self, group: list[_Change]) -> None:
        try:
            self._check_broken()
            self._publish([change for change in group if change.staged is not None])
            try:
                self._transact(group)
            except apsw.Error as exc:
                if not self._find_room(exc):
                    raise
                self._transact(group)
        except StorageError as exc:
            _refuse(group, exc)
        except (apsw.Error, OSError) as exc:
            passing = passing_error(exc, system_errno=self._connection.system_errno)
            _refuse(group, passing or self.fail("a commit", exc))
        except Exception as exc:  # a defect in one change: refuse its group and continue with the next group
            _log.exception("a change failed")
            _refuse(group, ServerError(f"the change failed on the server: {exc!r}"))
        if self.broken is None:
            self._retract(change for change in group if change.error is not None and change.staged is not None)

    def _transact(self, group: list[_Change]) -> None:
        self._connection.execute("BEGIN IMMEDIATE")
        try:
            for change in group:
                if change.error is None:
                    self._apply(change)
            self._connection.execute("COMMIT")
        except BaseException:
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")
            raise

    def _find_room(self, exc: apsw.Error) -> bool:
        """Make room for a transaction that found no room and was rolled back; return whether this worked. Once the log
        is copied into the database, the log is written from its beginning again."""
        if not isinstance(passing_error(exc, system_errno=self._connection.system_errno), StoreFullError):
            return False
        is_copied = self._checkpoint(apsw.SQLITE_CHECKPOINT_RESTART)
        self._check_broken()
        return is_copied

    def _check_broken(self) -> None:
        if self.broken is not None:
            raise ReadOnlyError(self.broken)

    def _apply(self, change: _Change) -> None:
        try:
            change.result = change.apply(self._connection)
        except StorageError as exc:
            change.error = exc

    def _publish(self, changes: list[_Change]) -> None:
        folders = set()
        for change in changes:
            assert change.staged is not None
            try:
                self._disk.publish(change.staged.blob_id)
            except FileNotFoundError:
                change.error = UnavailableError("the bytes of this upload are gone from the server's disk; start over")
                change.staged = None
            except OSError as exc:
                if passing_error(exc) is None:
                    raise
                change.error = write_error(exc)
            else:
                folders.add(self._disk.blob_path(change.staged.blob_id).parent)
        for folder in sorted(folders):
            self._disk.sync_dir(folder)

    def _retract(self, changes: Iterable[_Change]) -> None:
        for change in changes:
            assert change.staged is not None
            try:
                if change.staged.is_kept:
                    self._disk.withdraw(change.staged.blob_id)
                else:
                    self._disk.unlink(self._disk.blob_path(change.staged.blob_id))
            except FileNotFoundError:
                continue  # the file was not published yet
            except OSError as exc:
                _log.warning("a refused blob stays as an orphan until the next start: %s", exc)

    def _answer(self, group: list[_Change]) -> None:
        try:
            self._loop.call_soon_threadsafe(_resolve, group)
        except RuntimeError:
            _log.debug("the event loop ended before %d changes were answered", len(group))

    def _tidy(self) -> None:
        """Copy the log into the database and truncate the log. On a disk that is nearly full the log keeps its room,
        for deletes."""
        try:
            is_full = self._disk.free_bytes() < CUT_BYTES
        except OSError:  # the directory was moved or replaced
            is_full = True
        self._checkpoint(apsw.SQLITE_CHECKPOINT_RESTART if is_full else apsw.SQLITE_CHECKPOINT_TRUNCATE)

    def _checkpoint(self, mode: int = apsw.SQLITE_CHECKPOINT_TRUNCATE) -> bool:
        """Copy the log into the database. Return False when that has to wait."""
        try:
            self._connection.set_busy_timeout(CHECKPOINT_BUSY_MS)
            self._connection.wal_checkpoint(mode=mode)
            self._is_log_long = False
            return True
        except apsw.BusyError:
            _log.debug("a reader holds the WAL; it is truncated later")
        except apsw.Error as exc:
            if passing_error(exc, system_errno=self._connection.system_errno, is_checkpoint=True) is None:
                self._is_log_long = False
                self.fail("a checkpoint", exc)
            elif not self._is_log_long:  # logged once; tried again every IDLE_S
                self._is_log_long = True
                _log.warning("the database's log is not cut until the disk has room again: %s", exc)
        finally:
            self._connection.set_busy_timeout(BUSY_MS)
        return False


def _refuse(group: list[_Change], error: StorageError) -> None:
    for change in group:
        change.error = change.error or error


def _resolve(group: list[_Change]) -> None:
    for change in group:
        if change.future.done():
            continue
        if change.error is not None:
            change.future.set_exception(change.error)
        else:
            change.future.set_result(change.result)
