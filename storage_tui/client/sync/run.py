"""A plan of a sync carried out: moves first, and deletes only when every move was made.

Killed at any point, a run leaves each file and blob as it was or whole as it should be. The next sync does the rest.
"""

import os
import shutil
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from itertools import islice
from pathlib import Path

from storage_tui.client import calls
from storage_tui.client.batch.kept_names import keep_names
from storage_tui.client.batch.plan import SPARE_BYTES, BatchItem
from storage_tui.client.batch.progress import BatchProgress
from storage_tui.client.batch.results import BatchResult
from storage_tui.client.batch.scheduler import JOBS, Batch
from storage_tui.client.control import TransferControl
from storage_tui.client.sync.checksums import Checksums
from storage_tui.client.sync.copies import copied
from storage_tui.client.sync.entries import LocalEntry, StoreEntry, entry_of, is_as_before
from storage_tui.client.sync.local_deletes import LocalDeletes
from storage_tui.client.sync.new_names import NewNames
from storage_tui.client.sync.plan import Action, SyncPlan
from storage_tui.client.sync.sides import LocalSide, StoreSide, check_rights
from storage_tui.client.transfer.conflict import Conflict
from storage_tui.client.transfer.content_types import guess_type
from storage_tui.client.transfer.local_tree import opened_below
from storage_tui.contract import checksum
from storage_tui.contract.counts import plural
from storage_tui.contract.errors import CancelledError, LocalFileError, StorageError
from storage_tui.contract.moments import to_millis

AT_ONCE = 1000  # actions in work: the next are taken from the plan when these have ended
WAKE_S = 0.2
NOT_FOUND = "not_found"


@dataclass(frozen=True, slots=True)
class Outcome:
    """How an action ended: `error` is None when it was done. `note` is a remark, such as `resumed at 1000 bytes`."""

    action: Action
    error: StorageError | None = None
    note: str = ""


@dataclass
class SyncResult:
    """What a sync has done.

    `done` has the number of each action that was done, also `same`. `failed` counts actions that failed, `left_out`
    the entries that cannot be moved though they should be, and `kept` the deletes, and the downloads in their place,
    that were not made because something failed. `moved_bytes` are the bytes of all moves.
    """

    done: dict[str, int] = field(default_factory=dict)
    failed: int = 0
    left_out: int = 0
    kept: int = 0
    moved_bytes: int = 0
    unchecked: int = 0

    @property
    def is_complete(self) -> bool:
        """Return whether the target is now as the source."""
        return not (self.failed or self.left_out or self.kept)


class SyncRun:
    """Carries out a plan, once. `tell` receives each outcome, never two at once, from several threads.

    Poll `progress` a few times a second. `control` stops the run when it is cancelled; large files that have begun are
    continued by the next run.
    """

    def __init__(
        self, plan: SyncPlan, *, jobs: int = JOBS, tell: Callable[[Outcome], object] = lambda outcome: None,
        control: TransferControl | None = None, checksums: Checksums | None = None,
    ) -> None:  # fmt: skip
        self._plan, self._jobs, self._tell = plan, jobs, tell
        self._control = control or TransferControl()
        self._checksums = checksums
        self._result = SyncResult(
            {"same": plan.counts["same"]}, left_out=plan.left_out.failures, unchecked=plan.unchecked
        )  # fmt: skip
        self._lock = threading.Condition()
        self._batch: Batch | None = None
        self._ended_files = self._ended_bytes = 0

    def run(self, *, max_delete: int | None = None) -> SyncResult:
        """Move, then delete; return what was done. Failures of single actions are told and counted.

        Raise ConflictError for too many deletes (see `SyncPlan.check_deletes`), ForbiddenError without the right to
        write or delete, LocalFileError when the disk has no room, CancelledError after the control was cancelled: the
        first three before anything is changed.
        """
        plan = self._plan
        plan.check_deletes(max_delete)
        count = plan.moves.count + plan.deletes.count + plan.late.count
        if isinstance(plan.target, StoreSide) and count:
            target = plan.target
            info = target.engine.patiently(target.engine.describe, self._control)
            check_rights(target, info, delete=bool(plan.deletes.count))
        self._check_room()
        if plan.moves.count:
            self._move(plan.moves)
        self._control.check()
        if self._result.failed or self._result.left_out:
            self._result.kept = plan.deletes.count + plan.late.count
            return self._result
        self._delete()
        if self._result.failed:
            self._result.kept = plan.late.count
        elif plan.late.count:
            self._move(self._late())
        return self._result

    def progress(self) -> BatchProgress:
        """Return the progress of the moves: the totals are those of the plan."""
        plan, batch = self._plan, self._batch
        now = None if batch is None else batch.progress()
        files, size_bytes = plan.moves.count + plan.late.count, plan.moves.size_bytes + plan.late.size_bytes
        if now is None:
            with self._lock:
                return BatchProgress(files, self._ended_files, self._result.failed, self._ended_bytes, size_bytes, 0.0)
        return replace(now, files=files, total_bytes=max(size_bytes, now.done_bytes))

    # Moves

    def _move(self, actions: Iterable[Action]) -> None:
        rows = iter(actions)
        is_copy = isinstance(self._plan.source, StoreSide) and isinstance(self._plan.target, StoreSide)
        self._copy(rows) if is_copy else self._transfer(rows)

    def _copy(self, rows: Iterator[Action]) -> None:
        source, target = self._plan.source, self._plan.target
        assert isinstance(source, StoreSide) and isinstance(target, StoreSide)
        while some := list(islice(rows, AT_ONCE)):
            self._control.check()
            for action, error in zip(some, copied(source, target, some, self._control, jobs=self._jobs), strict=True):
                self._end(Outcome(action, error))

    def _transfer(self, rows: Iterator[Action]) -> None:
        """Give the actions to a batch, some at a time, and wait until all have ended."""
        side = self._plan.source if isinstance(self._plan.source, StoreSide) else self._plan.target
        assert isinstance(side, StoreSide)
        handed: dict[int, tuple[Action, int]] = {}
        count = 0
        defects: list[BaseException] = []

        def ended(results: Iterable[tuple[int, BatchResult]]) -> None:
            for number, result in results:
                with self._lock:
                    action, handed_ns = handed.pop(number)
                self._end_transfer(action, result, handed_ns)
            with self._lock:
                self._lock.notify_all()

        batch = self._batch = Batch(side.engine, conflict=Conflict.OVERWRITE, jobs=self._jobs, on_end=ended)

        def run() -> None:
            try:
                batch.run()
            except BaseException as exc:
                defects.append(exc)
            with self._lock:
                self._lock.notify_all()

        mover = threading.Thread(target=run, name="storage-tui-sync")
        mover.start()
        try:
            while some := list(islice(rows, AT_ONCE)):
                self._wait(lambda: len(handed) < AT_ONCE or not mover.is_alive())
                self._keep_names(some)
                items = [self._item(action) for action in some]
                now_ns = time.time_ns()
                with self._lock:
                    handed.update((count + place, (action, now_ns)) for place, action in enumerate(some))
                count += len(batch.add(items))
            batch.close()
            self._wait(lambda: not mover.is_alive())
        except ValueError:
            if not defects:  # else the batch ended by a defect, which is why it takes no more items
                raise
        except BaseException:
            batch.cancel(keep=True)
            raise
        finally:
            mover.join()
        if defects:
            raise defects[0]
        self._write_sums()

    def _wait(self, is_over: Callable[[], bool]) -> None:
        """Wait, and look out for a signal or a cancelled control."""
        with self._lock:
            while not is_over():
                self._control.check()
                self._lock.wait(WAKE_S)
        self._control.check()
        self._write_sums()

    def _write_sums(self) -> None:
        if self._checksums is not None:
            self._checksums.write_many()

    def _keep_names(self, actions: Iterable[Action]) -> None:
        if isinstance(self._plan.target, LocalSide):
            keep_names(self._plan.target.root, (row for action in actions for row in action.renamings))

    def _item(self, action: Action) -> BatchItem:
        assert action.path is not None and action.key is not None and action.storage_type is not None
        path = Path(action.path)
        if action.action == "upload":
            assert isinstance(self._plan.source, LocalSide)
            return BatchItem(
                "upload", action.storage_type, action.key, path, action.size_bytes, self._plan.source.root,
                content_type=guess_type(action.key, path.name),
            )  # fmt: skip
        assert isinstance(self._plan.target, LocalSide) and isinstance(action.source, StoreEntry)
        return BatchItem(
            "download", action.storage_type, action.key, path, action.size_bytes, self._plan.target.root,
            action.source.blob,
        )  # fmt: skip

    def _late(self) -> Iterator[Action]:
        """Yield the downloads whose place the deletes have freed, each with the path that is free now."""
        target, source = self._plan.target, self._plan.source
        assert isinstance(target, LocalSide) and isinstance(source, StoreSide)
        names = NewNames(target.root, source.prefix, clears_way=False)
        for action in self._plan.late:
            name = names.choose(action.relative)
            path = str(target.root / name.path)
            yield replace(action, path=path, renamings=name.renamings, note=name.note, is_late=False)

    def _check_room(self) -> None:
        plan = self._plan
        if not isinstance(plan.target, LocalSide):
            return
        needed = plan.moves.size_bytes + plan.late.size_bytes - plan.freed_bytes
        folder = plan.target.root
        while not folder.exists() and folder != folder.parent:
            folder = folder.parent
        free = shutil.disk_usage(folder).free
        if needed > 0 and needed + SPARE_BYTES > free:
            raise LocalFileError(
                f"no room in {str(folder)!a}: {needed:,} bytes are needed for "
                f"{plural(plan.moves.count + plan.late.count, 'file')} and {free:,} are free; nothing was changed"
            )

    # Ends

    def _end_transfer(self, action: Action, result: BatchResult, handed_ns: int) -> None:
        error = result.error
        if error is None and result.state != "done":
            error = CancelledError(f"the transfer of {action.key!a} was stopped", key=action.key)
        elif error is None:
            self._settle(action, result, handed_ns)
        note = "; ".join(filter(None, (action.note, result.note)))
        self._end(Outcome(action, error, note), result.size_bytes)

    def _settle(self, action: Action, result: BatchResult, handed_ns: int) -> None:
        """Give a downloaded file the time of its blob, and keep the checksum of a file that was moved."""
        entry: LocalEntry | None = None
        try:
            if isinstance(action.source, LocalEntry):
                is_same = is_as_before(action.source, os.lstat(action.source.path))
                entry = action.source if is_same else None
            elif isinstance(self._plan.target, LocalSide) and isinstance(action.source, StoreEntry):
                entry = _dated(self._plan.target.root, action, result.path)
        except (OSError, StorageError):
            return  # it was changed or removed since; the next sync reads it
        if self._checksums is not None and entry is not None and result.crc32c is not None and result.is_verified:
            crc = checksum.decode(result.crc32c)
            self._checksums.keep(entry, crc, read_at_ns=handed_ns, etag=result.etag)

    def _end(self, outcome: Outcome, size_bytes: int | None = None) -> None:
        name = outcome.action.action
        with self._lock:
            self._ended_files += 1
            self._ended_bytes += outcome.action.size_bytes or 0
            if outcome.error is None:
                self._result.done[name] = self._result.done.get(name, 0) + 1
                if name != "delete":
                    self._result.moved_bytes += (outcome.action.size_bytes or 0) if size_bytes is None else size_bytes
            else:
                self._result.failed += 1
            self._tell(outcome)

    # Deletes

    def _delete(self) -> None:
        if isinstance(self._plan.target, LocalSide):
            with LocalDeletes(self._plan.target.root) as deletes:
                for action in self._plan.deletes:
                    self._control.check()
                    assert isinstance(action.target, LocalEntry)
                    self._end(Outcome(action, deletes.remove(action.target)))
            return
        rows = iter(self._plan.deletes)
        while some := list(islice(rows, AT_ONCE)):
            self._control.check()
            self._delete_blobs(self._plan.target, some)

    def _delete_blobs(self, side: StoreSide, actions: list[Action]) -> None:
        pairs = [
            (row.target.blob.key, row.target.blob.etag) for row in actions if isinstance(row.target, StoreEntry)
        ]  # fmt: skip
        engine = side.engine
        results = engine.patiently(
            lambda: engine.run(calls.delete_batch(engine.service, pairs, side.storage_type)), self._control
        )
        for action, result in zip(actions, results, strict=True):
            is_gone = result.is_deleted or result.error == NOT_FOUND
            words = result.message or f"cannot delete {result.key!a}: {result.error}"
            self._end(Outcome(action, None if is_gone else StorageError(words, key=result.key)))


def _dated(root: Path, action: Action, path: Path) -> LocalEntry | None:
    """Give the file the time at which its blob was stored, and return the entry for the file."""
    assert isinstance(action.source, StoreEntry)
    modified = action.source.blob.modified
    relative = path.relative_to(root)
    with opened_below(root, relative.parent) as folder:
        if modified is not None:
            now_ns = time.time_ns()
            times = (now_ns, to_millis(modified) * 1_000_000)
            os.utime(relative.name, ns=times, dir_fd=folder, follow_symlinks=False)
        info = os.stat(relative.name, dir_fd=folder, follow_symlinks=False)
    found = entry_of(action.relative, str(path), info)
    return found if found.size_bytes == action.source.blob.size_bytes else None
