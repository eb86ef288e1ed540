"""What a sync will do: each action with its reason, counted before anything moves.

The actions are in a temporary file, so that a plan of millions takes little memory.
"""

import pickle
import tempfile
from collections import Counter
from collections.abc import Callable, Generator, Iterator
from contextlib import ExitStack, closing
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import IO, Any, Literal, Self

from storage_tui.client.batch.folders import LeftOut
from storage_tui.client.batch.kept_names import Renaming
from storage_tui.client.control import TransferControl
from storage_tui.client.sync.checksums import Checksums
from storage_tui.client.sync.compare import UNKNOWN_CHECKSUM, By, Comparison, Pair
from storage_tui.client.sync.entries import Entry, LocalEntry, StoreEntry
from storage_tui.client.sync.local_walk import LocalWalk
from storage_tui.client.sync.new_names import NewNames
from storage_tui.client.sync.rules import Rules
from storage_tui.client.sync.sides import LocalSide, Side, StoreSide, check_sides
from storage_tui.client.sync.store_list import store_entries
from storage_tui.contract.counts import plural
from storage_tui.contract.errors import ConflictError, InvalidKeyError, NotFoundError
from storage_tui.contract.keys import Location
from storage_tui.contract.storage_types import find_storage_type
from storage_tui.machine import directories

ActionName = Literal["upload", "download", "copy", "delete", "same"]
NEW, EXTRA = "new", "not in the source"
SPOOL_BYTES = 4 * 1024 * 1024  # of actions in memory; more go to a temporary file
LEFT_OUT_KEPT = 1000  # entries left out that are kept with their reasons; of more the number is kept


@dataclass(frozen=True, slots=True)
class Action:
    """One step of a sync, or one key that needs none.

    `key` and `path` are the ends: the key in the store (of a copy the new one) and the path of the local file, None
    where a side has none. `relative` is the part of the key after the prefix, the same on both sides.
    """

    action: ActionName
    relative: str
    reason: str
    size_bytes: int | None
    storage_type: str | None = None
    key: str | None = None
    path: str | None = None
    source: Entry | None = None
    target: Entry | None = None
    renamings: tuple[Renaming, ...] = ()
    note: str = ""  # when the local name is not the key's own
    is_late: bool = False  # something that the sync deletes is in the way

    @property
    def origin(self) -> str | None:
        """The place that a copy is made from; None for other actions."""
        if self.action != "copy" or not isinstance(self.source, StoreEntry):
            return None
        return str(Location(self.source.blob.storage_type, self.source.blob.key))

    def to_json(self) -> dict[str, Any]:
        """Return the action as an object for scripts."""
        origin = self.origin
        return {
            "action": self.action, "storage_type": self.storage_type, "key": self.key, "path": self.path,
            **({} if origin is None else {"from": origin}), "size": self.size_bytes, "reason": self.reason,
        }  # fmt: skip


class Actions:
    """Actions kept in their order, in memory or in a temporary file that nobody else can open."""

    def __init__(self) -> None:
        self._file: IO[bytes] = tempfile.SpooledTemporaryFile(SPOOL_BYTES)  # noqa: SIM115 - closed by `close`
        self.count = self.size_bytes = 0

    def add(self, action: Action) -> None:
        """Add an action at the end."""
        pickle.dump(action, self._file, pickle.HIGHEST_PROTOCOL)
        self.count += 1
        self.size_bytes += action.size_bytes or 0

    def __iter__(self) -> Iterator[Action]:
        place = 0
        for _ in range(self.count):
            self._file.seek(place)
            yield pickle.load(self._file)
            place = self._file.tell()
        self._file.seek(0, 2)

    def close(self) -> None:
        """Drop the actions."""
        self._file.close()


@dataclass
class LeftOuts:
    """The entries of folders that no sync moves: the first LEFT_OUT_KEPT with their reasons, and their number.

    `failures` is the number of those that should be moved and cannot.
    """

    rows: list[LeftOut] = field(default_factory=list)
    count: int = 0
    failures: int = 0

    def add(self, row: LeftOut) -> None:
        """Note an entry that no sync moves."""
        self.count += 1
        self.failures += row.is_failure
        if len(self.rows) < LEFT_OUT_KEPT:
            self.rows.append(row)


@dataclass
class SyncPlan:
    """What a sync will do. Close a plan, or use it in a `with` block.

    `counts` has the number of each action. Nothing is deleted when `left_out` has failures. `unchecked` is the number
    of pairs of one size for which the server has no checksum.
    """

    source: Side
    target: Side
    delete: bool = False
    counts: Counter[str] = field(default_factory=Counter)
    moves: Actions = field(default_factory=Actions)
    late: Actions = field(default_factory=Actions)
    deletes: Actions = field(default_factory=Actions)
    left_out: LeftOuts = field(default_factory=LeftOuts)
    unchecked: int = 0
    found: int = 0  # entries of the source
    freed_bytes: int = 0  # of the local files that downloads replace

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Drop the actions."""
        for rows in (self.moves, self.late, self.deletes):
            rows.close()

    def note_same(self, pair: Pair) -> None:
        """Count a pair that is the same."""
        self.found += 1
        self.counts["same"] += 1
        self.unchecked += pair.reason == UNKNOWN_CHECKSUM

    def actions(self) -> Iterator[Action]:
        """Yield everything that will be done, in its order: moves, then deletes, then what the deletes make room
        for."""
        for rows in (self.moves, self.deletes, self.late):
            yield from rows

    def check_deletes(self, most: int | None) -> None:
        """Raise ConflictError when the plan deletes more than `most`, or when it would empty the target because the
        source is empty and no number was given."""
        count = self.deletes.count
        if most is not None and count > most:
            raise ConflictError(
                f"{plural(count, 'delete')} in {self.target}, more than the {most:,} allowed; nothing was changed"
            )
        if count and not self.found and most is None:
            raise ConflictError(
                f"{self.source} is empty, and all {count:,} of {self.target} would be deleted; nothing was changed. "
                f"Give --max-delete {count} if that is meant"
            )


def make_plan(
    source: Side, target: Side, *, rules: Rules, delete: bool = False, by: By = "checksum",
    control: TransferControl | None = None, on_action: Callable[[Action], object] | None = None,
    removes_orphans: bool = False, checksums: Checksums | None = None,
) -> SyncPlan:  # fmt: skip
    """Compare the sides and return the plan that makes the target as the source; nothing is moved.

    `on_action` is called with every action, also `same`, in the order of the keys. With `removes_orphans` what a killed
    download left in the target is removed. See `check_sides` for sides that are refused; raise NotFoundError for a
    prefix without blobs as the source (unless `delete`), LocalFileError for a folder that cannot be read, and the
    errors of a list.
    """
    check_sides(source, target, rules, moves=True, delete=delete)
    plan = SyncPlan(source, target, delete)
    maker = _Maker(plan)
    try:
        for pair in compared(
            source, target, rules, plan.left_out.add, by=by, control=control, removes_orphans=removes_orphans,
            checksums=checksums,
        ):  # fmt: skip
            if pair.is_same and on_action is None:  # nearly all pairs of most syncs
                plan.note_same(pair)
                continue
            action = maker.action(pair)
            if action is not None:
                if action.action != "same":
                    plan.counts[action.action] += 1
                if on_action is not None:
                    on_action(action)
    except BaseException:
        plan.close()
        raise
    if not plan.found and not plan.deletes.count and isinstance(source, StoreSide) and not rules:
        plan.close()
        raise NotFoundError(f"nothing is stored in the folder {source}", key=source.prefix)
    return plan


def compared(
    source: Side, target: Side, rules: Rules, leave_out: Callable[[LeftOut], object], *, by: By = "checksum",
    control: TransferControl | None = None, removes_orphans: bool = False, checksums: Checksums | None = None,
) -> Generator[Pair, None, None]:  # fmt: skip
    """Yield a pair for each key of the two sides, in order. Raise the errors of a list and of a walk."""
    control = control or TransferControl()
    with ExitStack() as stack:
        kept = checksums or stack.enter_context(closing(Checksums(directories.state_dir())))
        comparison = Comparison(kept, control, by=by, source=_place(source), target=_place(target))
        ours = _entries(source, target, rules, leave_out, control, is_source=True)
        theirs = _entries(target, source, rules, leave_out, control, is_source=False, removes_orphans=removes_orphans)
        stack.enter_context(closing(ours))
        stack.enter_context(closing(theirs))
        yield from stack.enter_context(closing(comparison.pairs(ours, theirs)))


def _entries(
    side: Side, other: Side, rules: Rules, leave_out: Callable[[LeftOut], object], control: TransferControl, *,
    is_source: bool, removes_orphans: bool = False,
) -> Any:  # fmt: skip
    if isinstance(side, StoreSide):
        return store_entries(side.engine, side.storage_type, side.prefix, rules, control)
    assert isinstance(other, StoreSide)
    return LocalWalk(
        side.root, other.prefix, rules, leave_out, is_source=is_source, removes_orphans=removes_orphans,
        check_key=other.engine.check_key,
    ).entries()  # fmt: skip


def _place(side: Side) -> Any:
    return side.root if isinstance(side, LocalSide) else side.engine


class _Maker:
    """Makes an action of each pair, and puts it into the plan."""

    def __init__(self, plan: SyncPlan) -> None:
        self._plan = plan
        self._root = plan.target.root if isinstance(plan.target, LocalSide) else None
        prefix = plan.source.prefix if isinstance(plan.source, StoreSide) else ""
        self._names = None if self._root is None else NewNames(self._root, prefix, clears_way=plan.delete)

    def action(self, pair: Pair) -> Action | None:
        """Return the action for a pair; None where nothing can or must be done."""
        plan = self._plan
        if pair.source is None:
            return self._deleted(pair) if pair.target is not None and plan.delete else None
        if pair.is_same:
            plan.note_same(pair)
            return self._of("same", pair)
        plan.found += 1
        if pair.problem:
            plan.left_out.add(LeftOut(_path_of(pair.source), pair.problem, is_failure=True))
            return None
        action = self._moved(pair)
        if action is not None:
            (plan.late if action.is_late else plan.moves).add(action)
        return action

    def _moved(self, pair: Pair) -> Action | None:
        target = self._plan.target
        if isinstance(target, LocalSide):
            return self._downloaded(pair)
        key = target.prefix + pair.relative
        try:
            target.engine.check_key(key)
        except InvalidKeyError as exc:
            assert pair.source is not None
            self._plan.left_out.add(LeftOut(_path_of(pair.source), f"{key!a} cannot be a key: {exc}", is_failure=True))
            return None
        if pair.target is not None and not find_storage_type(target.storage_type).may_overwrite:
            why = f"{Location(target.storage_type, key)} has {pair.reason}, and {target.storage_type} keeps what it has"
            self._plan.left_out.add(LeftOut(Path(key), why, is_failure=True))
            return None
        return self._of("upload" if isinstance(pair.source, LocalEntry) else "copy", pair)

    def _downloaded(self, pair: Pair) -> Action:
        assert self._root is not None and self._names is not None
        action = self._of("download", pair)
        if isinstance(pair.target, LocalEntry):
            self._plan.freed_bytes += pair.target.size_bytes
            return action
        name = self._names.choose(pair.relative)
        return replace(
            action, path=str(self._root / name.path), renamings=name.renamings, note=name.note, is_late=name.is_late
        )

    def _deleted(self, pair: Pair) -> Action:
        action = self._of("delete", pair)
        self._plan.deletes.add(action)
        return action

    def _of(self, name: ActionName, pair: Pair) -> Action:
        reason = pair.reason or (NEW if pair.target is None else EXTRA)
        source, target = pair.source, pair.target
        measured = target if source is None else source
        places = (target, source) if name == "delete" else (source, target)
        local = next((row for row in places if isinstance(row, LocalEntry)), None)
        plan = self._plan
        store = plan.target if isinstance(plan.target, StoreSide) else plan.source
        assert isinstance(store, StoreSide)
        return Action(
            name, pair.relative, reason, None if measured is None else measured.size_bytes, store.storage_type,
            store.prefix + pair.relative, None if local is None else local.path, source, target,
        )  # fmt: skip


def _path_of(entry: Entry) -> Path:
    return Path(entry.path if isinstance(entry, LocalEntry) else entry.blob.key)
