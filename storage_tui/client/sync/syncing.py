"""`sync` and `check`: the calls of scripts. Both block, and hold little memory for any number of files."""

from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from storage_tui.client.batch.folders import LeftOut
from storage_tui.client.batch.scheduler import JOBS
from storage_tui.client.control import TransferControl
from storage_tui.client.sync.checksums import Checksums
from storage_tui.client.sync.compare import By
from storage_tui.client.sync.entries import LocalEntry
from storage_tui.client.sync.plan import EXTRA, Action, compared, make_plan
from storage_tui.client.sync.rules import Rules
from storage_tui.client.sync.run import Outcome, SyncResult, SyncRun
from storage_tui.client.sync.sides import Side, check_sides, side_of
from storage_tui.contract.errors import NotFoundError
from storage_tui.machine import directories

if TYPE_CHECKING:
    from storage_tui.client.async_storage import AsyncStorage
    from storage_tui.client.storage import Storage

Difference = Literal["missing", "differing", "extra", "unreadable"]


@dataclass(frozen=True, slots=True)
class Found:
    """One difference of two sides: `missing` from the target, `extra` in the target, `differing`, or `unreadable`.

    `path` is the local file, None where neither side has one.
    """

    difference: Difference
    relative: str
    reason: str
    size_bytes: int | None = None
    path: str | None = None

    def to_json(self) -> dict[str, Any]:
        """Return the difference as an object for scripts."""
        return {
            "difference": self.difference, "relative": self.relative, "path": self.path, "size": self.size_bytes,
            "reason": self.reason,
        }  # fmt: skip


def sync(
    source: str | Path, target: str | Path, *, storage: "Storage | AsyncStorage | None" = None,
    target_storage: "Storage | AsyncStorage | None" = None, delete: bool = False, max_delete: int | None = None,
    rules: Rules | None = None, by: By = "checksum", dry_run: bool = False, jobs: int = JOBS,
    on_action: Callable[[Action], object] | None = None, on_outcome: Callable[[Outcome], object] | None = None,
    control: TransferControl | None = None,
) -> SyncResult:  # fmt: skip
    """Make the target as the source, and return what was done. Blocks.

    A side is a place of a store, as `data:maps/`, or a local folder; a Path is always a local folder. Both sides mean
    what is in the folder. `storage` is the client of the store, by default the default client; `target_storage` is that
    of the target, where it is another server.

    Files and blobs of one size are compared by crc32c (`by="checksum"`): of a file that did not change since its last
    sync, the checksum that was kept. `by="read"` reads every file again, and `by="size"` compares sizes only. `delete`
    removes from the target what the source does not have, after all moves and only when none failed, at most
    `max_delete` of them; without a number nothing is deleted for an empty source. `rules` leave files out on both
    sides: they are neither moved nor deleted. A download gets the time at which its blob was stored; the store keeps no
    time, permission or link of a file.

    `on_action` receives the whole plan, also keys that are the same. With `dry_run` nothing else happens. `on_outcome`
    receives the end of each action. Failures of single files are counted in the result.

    Raise ConflictError for sides that overlap and for too many deletes, NotFoundError for a source prefix without
    blobs, TypeRuleError and ForbiddenError for a target that takes no deletes or writes, LocalFileError for a folder
    that cannot be read or a full disk, BadRequestError for two local folders.
    """
    control = control or TransferControl()
    ours, theirs = _sides(source, target, storage, target_storage)
    with closing(Checksums(directories.state_dir())) as checksums, make_plan(
        ours, theirs, rules=rules or Rules(), delete=delete, by=by, control=control, on_action=on_action,
        removes_orphans=not dry_run, checksums=checksums,
    ) as plan:  # fmt: skip
        if dry_run:
            plan.check_deletes(max_delete)
            counts = dict.fromkeys(plan.counts, 0)
            return SyncResult(
                {**counts, "same": plan.counts["same"]}, left_out=plan.left_out.failures, unchecked=plan.unchecked
            )
        run = SyncRun(plan, jobs=jobs, tell=on_outcome or _ignore, control=control, checksums=checksums)
        return run.run(max_delete=max_delete)


def check(
    source: str | Path, target: str | Path, *, storage: "Storage | AsyncStorage | None" = None,
    target_storage: "Storage | AsyncStorage | None" = None, rules: Rules | None = None, by: By = "checksum",
    control: TransferControl | None = None, leave_out: Callable[[LeftOut], object] | None = None,
) -> Iterator[Found]:  # fmt: skip
    """Yield every difference of two sides, in the order of the keys; nothing is moved. Two equal sides yield nothing.

    The arguments and errors are those of `sync`. `leave_out` receives the entries of a folder that cannot be compared.
    """
    ours, theirs = _sides(source, target, storage, target_storage)
    yield from differences(ours, theirs, rules or Rules(), by=by, control=control, leave_out=leave_out or _ignore)


def differences(
    source: Side, target: Side, rules: Rules, *, by: By = "checksum", control: TransferControl | None = None,
    leave_out: Callable[[LeftOut], object], same: Callable[[str], object] | None = None,
) -> Iterator[Found]:  # fmt: skip
    """Yield every difference of two sides; see `check`. `same` receives the reason for each pair that is the same.

    Raise NotFoundError when neither side has anything.
    """
    check_sides(source, target, rules, moves=False, delete=False)
    count = 0
    for pair in compared(source, target, rules, leave_out, by=by, control=control):
        count += 1
        if pair.is_same:
            if same is not None:
                same(pair.reason)
            continue
        measured = pair.source or pair.target
        local = next((row for row in (pair.source, pair.target) if isinstance(row, LocalEntry)), None)
        ends = (pair.relative, None if measured is None else measured.size_bytes, None if local is None else local.path)
        if pair.problem:
            yield _found("unreadable", pair.problem, *ends)
        elif pair.source is None:
            yield _found("extra", EXTRA, *ends)
        elif pair.target is None:
            yield _found("missing", "not in the target", *ends)
        else:
            yield _found("differing", pair.reason, *ends)
    if not count and not rules:
        raise NotFoundError(f"neither {source} nor {target} has anything to compare")


def _found(difference: Difference, reason: str, relative: str, size_bytes: int | None, path: str | None) -> Found:
    return Found(difference, relative, reason, size_bytes, path)


def _sides(
    source: str | Path, target: str | Path, storage: "Storage | AsyncStorage | None",
    target_storage: "Storage | AsyncStorage | None",
) -> tuple[Side, Side]:  # fmt: skip
    if storage is None:
        from storage_tui.client.storage import Storage

        storage = Storage.get_default_client()
    return side_of(source, storage.engine), side_of(target, (target_storage or storage).engine)


def _ignore(row: object) -> None:
    """Take a row and do nothing with it."""
