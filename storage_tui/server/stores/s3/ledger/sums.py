"""The sums of a pair: stale rows are found, listed again and stored, by any server.

The root is replaced under the condition that it is unchanged, and a leaf is never changed. So of two servers that
change the rows of one pair at once, the later one finds out and begins again from the new root. What was listed is
stored every PAGES lists, so a count that is stopped goes on there.
"""

import asyncio
import secrets
from bisect import bisect_left
from collections import OrderedDict
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from weakref import WeakValueDictionary

from storage_tui.contract.errors import UnavailableError
from storage_tui.server.stores.s3.ledger import touched
from storage_tui.server.stores.s3.ledger.journal import SUMS, Journal, root_name
from storage_tui.server.stores.s3.ledger.pairs import Pair
from storage_tui.server.stores.s3.ledger.relisting import Relisting, Run, is_past, runs_of
from storage_tui.server.stores.s3.ledger.rows import (
    Branch,
    Root,
    Row,
    cut,
    format_rows,
    parse_root,
    parse_rows,
    stale,
)
from storage_tui.server.stores.s3.names import PAST_ALL
from storage_tui.server.stores.s3.protocol.bucket import Bucket, Condition
from storage_tui.server.stores.s3.protocol.requests import RETRY_AFTER_S, ConditionError, MissingError
from storage_tui.server.stores.s3.protocol.threads import Lane, gather_few

PAGES = 64  # lists between two stores of the root, so that a killed server loses some seconds of a count
AT_ONCE = 8  # of these: half of the threads for lists
KEPT_BYTES = 4 * 1024 * 1024  # of leaves as they are stored, in memory: some 15 MB for all pairs
ATTEMPTS = 20  # each fails through another server that changes the rows of the pair
STRAY = timedelta(hours=1)  # a leaf of this age that no root names was left by a killed server


@dataclass
class View:
    """The rows of a pair as of one root: the version of its object, and by the number of the branch the rows of the
    leaves that were read or changed."""

    root: Root
    version: str
    rows: dict[int, list[Row]] = field(default_factory=dict)
    changed: set[int] = field(default_factory=set)

    def start(self, number: int) -> str:
        """Return the name after which a branch begins."""
        return self.root.branches[number - 1].end if number else ""

    def within(self, low: str, high: str) -> Iterator[tuple[int, Branch]]:
        """Yield the branches, with their numbers, that hold names from `low` on and before `high`."""
        for number, branch in enumerate(self.root.branches):
            if branch.end >= low and self.start(number) < high:
                yield number, branch


class LostLeafError(Exception):
    """The rows of a branch are gone: another server has replaced them, or the leaf was lost. `end` is the end of the
    branch."""

    def __init__(self, end: str) -> None:
        super().__init__(end)
        self.end = end


class Sums:
    """The sums in one bucket, for the event loop of one server."""

    def __init__(
        self, bucket: Bucket, journal: Journal, relisting: Relisting, now: Callable[[], datetime], *,
        pages: int = PAGES,
    ) -> None:  # fmt: skip
        self._bucket = bucket
        self._journal = journal
        self._relisting = relisting
        self._now = now
        self._pages = pages
        self._leaves: OrderedDict[str, tuple[list[Row], int]] = OrderedDict()
        self._kept_bytes = 0
        self._turns: WeakValueDictionary[Pair, asyncio.Lock] = WeakValueDictionary()

    async def fresh(self, pair: Pair, low: str, high: str, *, lane: Lane, also: Collection[str] = ()) -> View:
        """Return the rows of a pair, of which those with names from `low` on and before `high` are not stale. The rows
        hold every change of this server, and every change of another that was noted before this call. The names `also`
        count as touched."""
        async with self._turns.setdefault(pair, asyncio.Lock()):
            await self._journal.flush()
            return await self._renew(pair, low, high, lane, set(also))

    async def mark(self, pair: Pair, *, lane: Lane) -> None:
        """Make the rows stale that notes name, and remove the notes, without any list of blobs."""
        async with self._turns.setdefault(pair, asyncio.Lock()):
            notes = await lane.run(touched.read_notes, self._bucket, pair)
            if await self._read(pair, lane) is None:  # so the first list of the pair begins after these changes
                await lane.run(touched.drop_notes, self._bucket, notes)
            else:
                await self._renew(pair, "", "", lane, set())

    async def check(self, pair: Pair, after: str, *, most: int, lane: Lane) -> tuple[str | None, int]:
        """List the next rows after a name again, stale or not, `most` of them at most, and store what is found. Return
        the name after which to go on, None at the end and for a pair without sums, and the number of rows."""
        async with self._turns.setdefault(pair, asyncio.Lock()):
            view = await self._read(pair, lane)
            if view is None:
                return None, 0
            if not after:
                await self._drop_strays(pair, view, lane)
            number = bisect_left([branch.end for branch in view.root.branches], after + "\0")
            rows = await self._rows(pair, view, number, lane) or [stale(view.root.branches[number].end)]
            ends = [row.end for row in rows if row.end > after][:most]
            await self._renew(pair, after, ends[-1], lane, set(), is_forced=True)
            return None if ends[-1] == PAST_ALL else ends[-1], len(ends)

    async def rows_of(self, pair: Pair, view: View, number: int, *, lane: Lane) -> list[Row]:
        """Return the rows of a branch. Raise LostLeafError when its leaf is lost or damaged."""
        rows = await self._rows(pair, view, number, lane)
        if rows is None:
            raise LostLeafError(view.root.branches[number].end)
        return rows

    async def _renew(
        self, pair: Pair, low: str, high: str, lane: Lane, names: set[str], *, is_forced: bool = False
    ) -> View:  # fmt: skip
        """Apply all notes, and list the due rows with names from `low` on and before `high`; with `is_forced` all of
        these rows are due once."""
        attempts = 0
        while attempts < ATTEMPTS:
            notes = await lane.run(touched.read_notes, self._bucket, pair)
            names |= notes.touched
            view = await self._read(pair, lane) or await self._begin(pair, lane)
            if view is None:
                attempts += 1
                continue
            await self._touch(pair, view, names, lane)
            is_done = await self._relist(pair, view, low, high, lane, is_forced=is_forced)
            if view.changed or notes.objects:  # a root is stored also for notes alone: see `touched.py`
                stored = await self._store(pair, view, lane)
                if stored is None:
                    attempts += 1
                    continue
                view = stored
                await lane.run(touched.drop_notes, self._bucket, notes)
            if is_done and notes.is_all:
                return view
            names, is_forced, attempts = set(), False, 0
        raise UnavailableError(
            "too many servers change the sums of one user at once; try again", retry_after_s=RETRY_AFTER_S
        )

    async def _touch(self, pair: Pair, view: View, names: Iterable[str], lane: Lane) -> None:
        """Make the rows of the names stale."""
        ends = [branch.end for branch in view.root.branches]
        by_branch: dict[int, list[str]] = {}
        for name in names:
            if name <= PAST_ALL:
                by_branch.setdefault(bisect_left(ends, name), []).append(name)
        for number, some in by_branch.items():
            rows = await self._due_rows(pair, view, number, lane)
            row_ends = [row.end for row in rows]
            for at in {bisect_left(row_ends, name) for name in some}:
                if not rows[at].is_stale:
                    rows[at] = stale(rows[at].end, rows[at].total)
                    view.changed.add(number)

    async def _relist(
        self, pair: Pair, view: View, low: str, high: str, lane: Lane, *, is_forced: bool
    ) -> bool:  # fmt: skip
        """List due rows again, with about as many lists as there may be between two stores. Return whether no due row
        is left."""
        now, small = self._now(), self._relisting.shape.small

        def is_due(start: str, row: Row) -> bool:
            if row.end < low or start >= high:
                return False
            return row.is_stale or is_past(pair, row.total, now) or (is_forced and start >= low and row.end <= high)

        wanted: list[tuple[int, Run]] = []
        for number, branch in view.within(low, high):
            if is_forced or number in view.changed or branch.stale_rows or is_past(pair, branch.total, now):
                rows = await self._due_rows(pair, view, number, lane)
                wanted += [(number, run) for run in runs_of(rows, view.start(number), is_due, small=small)]
        chosen = wanted[: self._pages]
        pages = max(self._pages // max(len(chosen), 1), 2)
        found = await gather_few(
            (self._relisting.rows(pair, run.start, run.end, pages=pages, lane=lane) for _, run in chosen),
            at_once=AT_ONCE,
        )
        for (number, run), rows in reversed([*zip(chosen, found, strict=True)]):
            if view.rows[number][run.first : run.last] != rows:
                view.rows[number][run.first : run.last] = rows
                view.changed.add(number)
        return len(chosen) == len(wanted) and not any(rows[-1].is_stale for rows in found)

    async def _due_rows(self, pair: Pair, view: View, number: int, lane: Lane) -> list[Row]:
        """Return the rows of a branch, which the caller may change. Where the leaf is lost, everything in the branch is
        to be listed."""
        rows = await self._rows(pair, view, number, lane)
        if rows is None:
            rows = [stale(view.root.branches[number].end)]
            view.changed.add(number)
        view.rows[number] = list(rows)
        return view.rows[number]

    async def _read(self, pair: Pair, lane: Lane) -> View | None:
        """Return the stored root; None when there is none. A damaged root is one branch of which everything is to be
        listed."""
        found = await lane.run(self._bucket.read, root_name(pair))
        if found is None:
            return None
        root = parse_root(found[1]) or Root((Branch.of("", [stale(PAST_ALL)]),))
        return View(root, found[0].etag)

    async def _begin(self, pair: Pair, lane: Lane) -> View | None:
        """Store the first root of a pair, before anything is listed for it. From now on servers note the changes of the
        pair. Return None when another server was first."""
        root = Root((Branch.of("", [stale(PAST_ALL)]),))
        try:
            made = await lane.run(
                self._bucket.put, root_name(pair), root.to_json(), condition=Condition(if_absent=True)
            )
        except ConditionError:
            return None
        return View(root, made.etag)

    async def _rows(self, pair: Pair, view: View, number: int, lane: Lane) -> list[Row] | None:
        """Return the rows of a branch; None when its leaf is lost or damaged."""
        if number in view.rows:
            return view.rows[number]
        branch = view.root.branches[number]
        known = self._leaves.get(branch.leaf)
        if known is not None:
            self._leaves.move_to_end(branch.leaf)
            return known[0]
        found = await lane.run(self._bucket.read, _leaf_name(pair, branch.leaf)) if branch.leaf else None
        rows = None if found is None else await lane.run(parse_rows, found[1], branch.end)
        if found is not None and rows is not None:
            self._remember(branch.leaf, rows, len(found[1]))
        return rows

    async def _store(self, pair: Pair, view: View, lane: Lane) -> View | None:
        """Store the changed leaves, then the root. Return the rows as stored; None when another server has changed the
        root meanwhile."""
        branches: list[Branch] = []
        gone: list[str] = []
        made: dict[str, list[Row]] = {}
        for number, branch in enumerate(view.root.branches):
            if number not in view.changed:
                branches.append(branch)
                continue
            gone += [branch.leaf] if branch.leaf else []
            changed = view.rows[number]
            for rows in cut(changed, -(-len(changed) // self._relisting.shape.leaf_rows)):
                leaf = secrets.token_hex(8)
                made[leaf] = list(rows)
                branches.append(Branch.of(leaf, rows))
        root = Root(tuple(branches), tuple(gone))
        sizes = await gather_few(
            lane.run(_write, self._bucket, _leaf_name(pair, leaf), rows) for leaf, rows in made.items()
        )
        try:
            stored = await lane.run(
                self._bucket.put, root_name(pair), root.to_json(), condition=Condition(if_match=view.version)
            )
        except (ConditionError, MissingError):
            found = await self._read(pair, lane)  # the engine may have taken a first try whose answer was lost
            if found is None or found.root != root:
                await gather_few(lane.run(self._bucket.delete, _leaf_name(pair, leaf)) for leaf in made)
                return None
            version = found.version
        else:
            version = stored.etag
        for (leaf, rows), size_bytes in zip(made.items(), sizes, strict=True):
            self._remember(leaf, rows, size_bytes)
        await gather_few(lane.run(self._bucket.delete, _leaf_name(pair, leaf)) for leaf in view.root.gone)
        return View(root, version)

    async def _drop_strays(self, pair: Pair, view: View, lane: Lane) -> None:
        """Remove leaves that a killed server has left."""
        kept = {root_name(pair), *(_leaf_name(pair, branch.leaf) for branch in view.root.branches)}
        kept.update(_leaf_name(pair, leaf) for leaf in view.root.gone)
        before = self._now() - STRAY
        for found in (await lane.run(self._bucket.list, SUMS + pair.folder)).objects:
            if found.name not in kept and found.modified < before:
                await lane.run(self._bucket.delete, found.name)

    def _remember(self, leaf: str, rows: list[Row], size_bytes: int) -> None:
        self._kept_bytes += size_bytes - self._leaves.pop(leaf, ([], 0))[1]
        self._leaves[leaf] = (rows, size_bytes)
        while self._kept_bytes > KEPT_BYTES:
            self._kept_bytes -= self._leaves.popitem(last=False)[1][1]


def _leaf_name(pair: Pair, leaf: str) -> str:
    return f"{SUMS}{pair.folder}leaf-{leaf}"


def _write(bucket: Bucket, name: str, rows: list[Row]) -> int:
    content = format_rows(rows)
    bucket.put(name, content)
    return len(content)
