"""The job that moves or copies blobs and whole folders, in bounded memory however many blobs there are: on one server,
or from one store into another.

`Relocation(engine, origins, target).plan()` says how many blobs these are and what is there already; `run()` does it. A
stopped job leaves every blob at one of its two places. The same job again goes on: of a folder that moves, only what is
left is listed. The module knows no terminal and no event loop.
"""

import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Literal

from storage_tui.client import calls, folding
from storage_tui.client.batch.crossing import Crossing
from storage_tui.client.batch.origins import Origin, check_origins
from storage_tui.client.batch.plan import free_key
from storage_tui.client.batch.progress import BatchProgress, RateMeter
from storage_tui.client.control import TransferControl
from storage_tui.client.moves import BATCH_BYTES, COPY_FEATURE, MOVE_BATCH_FEATURE, Moves
from storage_tui.client.transfer.conflict import Conflict
from storage_tui.client.transfer.engine import TransferEngine
from storage_tui.contract.counts import plural
from storage_tui.contract.errors import CancelledError, NotFoundError, StorageError, TooLargeError
from storage_tui.contract.keys import Location
from storage_tui.contract.models import Blob
from storage_tui.contract.moves import Move, MoveResult, named
from storage_tui.contract.storage_types import find_storage_type

BATCH_MOVES = 1000  # of one request, where the server takes as many: about a tenth of a second of its time
JOBS = 2  # requests at once: the server works on one while the answer to the other is read
SINGLE_JOBS = 8  # at once, where each blob needs requests of its own: enough to hide round trips
EXAMPLES = 20  # of existing targets and of failures that are kept; the rest is counted
MOST_LOOKS = 1000  # blobs named one by one whose targets a plan looks for, a request each
RENAME_TRIES = 20  # each fails when somebody else takes the free key first

State = Literal["done", "skipped", "failed"]


@dataclass(frozen=True, slots=True)
class Relocated:
    """The end of one blob: `result` says where it was and where it is now. `note` is a remark for people."""

    result: MoveResult
    state: State
    size_bytes: int = 0
    note: str = ""


@dataclass(frozen=True, slots=True)
class RelocationPlan:
    """What a job will do: the number of blobs and their bytes, None where nobody counts them cheaply.

    `conflicts` is how many targets exist already, None where that was not looked for; `examples` are the first keys of
    them. `notes` are sentences on what the storage type of the target does to the blobs.
    """

    count: int | None = None
    size_bytes: int | None = None
    conflicts: int | None = None
    examples: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


@dataclass(slots=True)
class RelocationSummary:
    """What a job did so far. `failures` are the first failed results; `is_cancelled` says that the job was stopped."""

    done: int = 0
    skipped: int = 0
    failed: int = 0
    size_bytes: int = 0
    failures: list[Relocated] = field(default_factory=list)
    is_cancelled: bool = False

    @property
    def count(self) -> int:
        """Return how many blobs have ended."""
        return self.done + self.skipped + self.failed

    def take(self, row: Relocated) -> None:
        """Count one result."""
        self.done += row.state == "done"
        self.skipped += row.state == "skipped"
        self.failed += row.state == "failed"
        self.size_bytes += row.size_bytes if row.state == "done" else 0
        if row.state == "failed" and len(self.failures) < EXAMPLES:
            self.failures.append(row)


@dataclass(frozen=True, slots=True)
class Wanted:
    """One move, with the size of its blob in bytes (0 where it is not known). In a preview `is_there` says that the
    target exists."""

    move: Move
    size_bytes: int
    is_there: bool = False


class Relocation:
    """One job: `origins` are moved, or copied, to `target`, a key or the beginning of keys. With `to_engine` the target
    is in that other store, and the origins are in the store of `engine`.

    `conflict` decides about a target that exists. `control` pauses, continues and cancels the job from any thread, and
    shows its bytes. `on_results` is called with the results of some blobs at a time, in their order, in the thread of
    `run`.

    The constructor asks the server nothing. `plan` and `run` raise what refuses the whole job before its first blob;
    see `check_origins`.
    """

    def __init__(
        self, engine: TransferEngine, origins: Iterable[Origin], target: Location, *, is_move: bool = True,
        conflict: Conflict = Conflict.REFUSE, control: TransferControl | None = None,
        on_results: Callable[[Sequence[Relocated]], object] = lambda _: None, batch_moves: int = BATCH_MOVES,
        to_engine: TransferEngine | None = None,
    ) -> None:  # fmt: skip
        self._engine, self._to_engine = engine, to_engine or engine
        self._crossing = None if to_engine is None else Crossing(engine, to_engine)
        self._origins = [replace(row, storage_type=find_storage_type(row.storage_type).name) for row in origins]
        self._target = Location(find_storage_type(target.storage_type).name, target.key)
        self._is_move = is_move
        self._conflict = conflict
        self.control = control or TransferControl()
        self._on_results = on_results
        self._batch_moves = batch_moves
        self._plan = RelocationPlan()
        self._summary = RelocationSummary()
        self._meter = RateMeter()
        self._naming = threading.Lock()
        self._taken: set[str] = set()  # keys that `rename` chose
        self._is_checked = False
        self._moving: dict[TransferControl, None] = {}  # of the blobs that go through this machine now

    def check(self) -> None:
        """Raise what refuses the whole job; see `check_origins`. Raise NotFoundError when nothing is named."""
        if self._is_checked:
            return
        if not self._origins:
            raise NotFoundError("nothing is named that could be moved or copied")
        if self._crossing is not None:
            self._crossing.check(is_move=self._is_move)
        self._to_engine.check_prefix(self._target.key)
        self._engine.check_names(calls.first_refusal(row.key for row in self._origins if not row.is_folder))
        self._origins = check_origins(
            self._origins, self._target, is_move=self._is_move, conflict=self._conflict,
            is_empty=lambda storage_type, prefix: next(self._listed(storage_type, prefix), None) is None,
            is_apart=self._crossing is not None,
        )  # fmt: skip
        self._is_checked = True

    def plan(self, *, looks: bool = True) -> RelocationPlan:
        """Return what the job will do, and remember its totals for `progress`. With `looks`, also look for targets that
        exist already, in one pass over both folders.

        Raise NotFoundError for a folder without blobs.
        """
        self.check()
        count: int | None = 0
        size_bytes: int | None = 0
        for origin in self._origins:
            found = self._usage(origin)
            count = None if found is None or count is None else count + found[0]
            size_bytes = None if found is None or size_bytes is None else size_bytes + found[1]
        conflicts, examples = self._conflicts() if looks else (None, ())
        self._plan = RelocationPlan(count, size_bytes, conflicts, examples, tuple(self._notes(conflicts or 0)))
        return self._plan

    def progress(self) -> BatchProgress:
        """Return how far the job is; totals of 0 are not known. Call it a few times a second, from any thread."""
        now, plan = self._summary, self._plan
        moving = [(row.done_bytes, row.total_bytes) for row in list(self._moving)]
        done_bytes = now.size_bytes + sum(done for done, _ in moving)
        known_bytes = now.size_bytes + sum(max(done, total or 0) for done, total in moving)
        self._meter.read(done_bytes, time.monotonic())
        count = max(plan.count or 0, now.count + len(moving))
        return BatchProgress(
            count, now.count, now.failed, done_bytes, max(plan.size_bytes or 0, known_bytes),
            self._meter.bytes_per_s,
        )  # fmt: skip

    @property
    def summary(self) -> RelocationSummary:
        """Return what the job has done so far."""
        return self._summary

    def run(self) -> RelocationSummary:
        """Move or copy everything, and return what was done; blocks. A cancelled job returns what it did.

        Raise NotFoundError for a folder without blobs, and the error of a server that is away for too long or lets the
        user do none of this. What was requested has its result in every case.
        """
        self.check()
        self.control.phase = "moving"
        carry_out, most, jobs = self._way()
        waiting: deque[Future[list[Relocated]]] = deque()
        with ThreadPoolExecutor(jobs, thread_name_prefix="relocation") as threads:
            try:
                for chunk in self._chunks(max(1, most)):
                    if self.control.is_cancelled:
                        break
                    waiting.append(threads.submit(carry_out, chunk))
                    if len(waiting) >= jobs:
                        self._take(waiting.popleft())
                while waiting:
                    self._take(waiting.popleft())
            except BaseException:
                self.control.cancel(keep=True)
                self._take_rest(waiting)
                raise
        self._summary.is_cancelled = self.control.is_cancelled
        self.control.phase = "finishing"
        return self._summary

    def _way(self) -> tuple[Callable[[Sequence[Wanted]], list[Relocated]], int, int]:
        """Return what carries out a chunk, the most blobs of a chunk, and how many chunks go at once."""
        if self._crossing is not None:
            return self._through, 1, SINGLE_JOBS
        info = self._engine.describe()
        if COPY_FEATURE not in info.features:
            return self._through, 1, SINGLE_JOBS // 2
        if MOVE_BATCH_FEATURE not in info.features:
            return self._on_server, 1, SINGLE_JOBS
        return self._on_server, min(self._batch_moves, info.limits.delete_batch), JOBS

    # What is moved, in chunks.

    def _chunks(self, most: int) -> Iterator[list[Wanted]]:
        """Yield the moves in lists that one request takes, each of one source type."""
        chunk: list[Wanted] = []
        size_bytes = 0
        for wanted in self._wanted():
            more = 2 * (len(wanted.move.key.encode()) + len(wanted.move.to_key.encode()))
            is_other = bool(chunk) and chunk[0].move.storage_type != wanted.move.storage_type
            if len(chunk) >= most or is_other or size_bytes + more > BATCH_BYTES:
                yield chunk
                chunk, size_bytes = [], 0
            chunk.append(wanted)
            size_bytes += more
        if chunk:
            yield chunk

    def _wanted(self) -> Iterator[Wanted]:
        is_empty = True
        for origin in self._origins:
            for wanted in self._wanted_of(origin):
                is_empty = False
                yield wanted
        if is_empty:
            raise NotFoundError(f"nothing is stored in the folder {self._origins[0]}", key=self._origins[0].key)

    def _wanted_of(self, origin: Origin) -> Iterator[Wanted]:
        overwrite = self._conflict is Conflict.OVERWRITE
        to_type, into = self._target.storage_type, self._target.key
        if not origin.is_folder:
            move = Move(origin.key, origin.target(into), origin.storage_type, to_type, origin.etag, overwrite)
            yield Wanted(move, origin.size_bytes or 0)
            return
        cut = len(origin.base)
        for key, size_bytes in self._listed(origin.storage_type, origin.key):
            yield Wanted(Move(key, into + key[cut:], origin.storage_type, to_type, None, overwrite), size_bytes)

    def _listed(
        self, storage_type: str, prefix: str, engine: TransferEngine | None = None
    ) -> Iterator[tuple[str, int]]:
        """Yield key and size of every blob below the prefix. The list goes on behind what was moved meanwhile."""
        token = None
        at = engine or self._engine
        while True:
            call = partial(folding.list_columns, at.service, prefix, storage_type, "", token, None)
            pages = at.patiently(lambda call=call: at.run(call()), self.control)  # type: ignore[misc]
            for page in pages:
                for name, size_bytes in zip(page.names, page.sizes, strict=True):
                    yield prefix + name, size_bytes
            token = pages[-1].next_token
            if token is None:
                return

    # The plan.

    def _usage(self, origin: Origin) -> tuple[int, int] | None:
        """Return count and bytes of an origin; None where a server does not count them."""
        if not origin.is_folder:
            return 1, origin.size_bytes or 0
        if "usage" in self._engine.describe().features:
            try:
                found = self._engine.run(folding.usage(self._engine.service, origin.key, origin.storage_type, ""))
            except TooLargeError:  # an engine that counts one by one
                return None
            if not found.count:
                raise NotFoundError(f"nothing is stored in the folder {origin}", key=origin.key)
            return found.count, found.size_bytes
        if next(self._listed(origin.storage_type, origin.key), None) is None:
            raise NotFoundError(f"nothing is stored in the folder {origin}", key=origin.key)
        return None

    def preview(self) -> Iterator[Wanted]:
        """Yield every move that `run` would ask for, in order, with whether its target exists; nothing is changed.

        Both lists of a folder are in byte order, so one pass finds the keys that are in both.
        """
        self.check()
        for origin in self._origins:
            if not origin.is_folder:
                [wanted] = self._wanted_of(origin)
                yield replace(wanted, is_there=self._exists(wanted.move))
                continue
            prefix = origin.target(self._target.key)
            theirs = self._listed(self._target.storage_type, prefix, self._to_engine)
            there = next(theirs, None)
            for wanted in self._wanted_of(origin):
                rest = wanted.move.key[len(origin.key) :].encode()
                while there is not None and there[0][len(prefix) :].encode() < rest:
                    there = next(theirs, None)
                yield replace(wanted, is_there=there is not None and there[0][len(prefix) :].encode() == rest)

    def _conflicts(self) -> tuple[int | None, tuple[str, ...]]:
        if sum(not origin.is_folder for origin in self._origins) > MOST_LOOKS:
            return None, ()
        count = 0
        examples: list[str] = []
        for wanted in self.preview():
            count += wanted.is_there
            if wanted.is_there and len(examples) < EXAMPLES:
                examples.append(wanted.move.to_key)
        return count, tuple(examples)

    def _exists(self, move: Move) -> bool:
        if self.is_onto_itself(move):
            return False
        return self._to_engine.run(calls.exists(move.to_key, move.target_type))

    def is_onto_itself(self, move: Move) -> bool:
        """Return whether source and target of a move are one blob."""
        return self._crossing is None and move.is_onto_itself

    def _notes(self, conflicts: int) -> Iterator[str]:
        target = find_storage_type(self._target.storage_type)
        comes_in = self._crossing is not None or any(row.storage_type != target.name for row in self._origins)
        if target.expires_after is not None and comes_in:
            what = "blobs" if self._is_move else "copies"
            yield f"{target.name} {target.summary}: the {what} will be gone after {target.expires_after.days} days"
        if not target.may_delete and comes_in:
            yield f"{target.name} is {target.summary}: what goes there is not moved or overwritten any more"
        if conflicts and not target.may_overwrite and self._conflict is Conflict.OVERWRITE:
            yield f"{plural(conflicts, 'blob')} that {target.name} has already cannot be overwritten"

    # One chunk, in a thread.

    def _on_server(self, chunk: Sequence[Wanted]) -> list[Relocated]:
        rows, ended = self._sorted_out(chunk)
        if not rows:
            return ended
        self.control.wait_while_paused()
        attempts = 0

        def attempt() -> list[MoveResult]:
            nonlocal attempts
            attempts += 1
            moves = Moves(self._engine)
            return (moves.move_many if self._is_move else moves.copy_many)([row.move for row in rows])

        results = self._engine.patiently(attempt, self.control)
        for row, result in zip(rows, results, strict=True):
            if attempts > 1 and not result.is_done:
                result = self._second_look(row, result)
            ended.append(self._settled(row, result))
        return ended

    def _through(self, chunk: Sequence[Wanted]) -> list[Relocated]:
        """Move or copy blob by blob: between two stores, or through this machine where the server cannot."""
        rows, ended = self._sorted_out(chunk)
        for row in rows:
            ended.append(self._settled(row, self._one_through(row.move)))
        return ended

    def _one_through(self, move: Move) -> MoveResult:
        while True:
            self.control.wait_while_paused()
            control = TransferControl()
            self._moving[control] = None
            with self.control.aborting(partial(control.cancel, keep=True)):  # the same job goes on later
                try:
                    return MoveResult(move, self._carry(move, control))
                except CancelledError:  # paused, or the job was cancelled
                    self.control.check()
                    continue
                except StorageError as exc:
                    if exc.status in (401, 403):
                        raise
                    return MoveResult(move, error=exc.code, message=exc.message)
                finally:
                    del self._moving[control]

    def _carry(self, move: Move, control: TransferControl) -> Blob:
        if self._crossing is not None:
            return (self._crossing.move if self._is_move else self._crossing.copy)(move, control)
        moves = Moves(self._engine, control)
        return moves.move(move) if self._is_move else moves.copy(move)

    def _sorted_out(self, chunk: Sequence[Wanted]) -> tuple[list[Wanted], list[Relocated]]:
        """Return the moves to ask for, and the ends of those that need no request."""
        rows: list[Wanted] = []
        ended: list[Relocated] = []
        for row in chunk:
            move = row.move
            try:
                self._to_engine.check_key(move.to_key)
            except StorageError as exc:
                message = f"{move.key!r} cannot be {move.to_key!r}: {exc.message}"
                ended.append(Relocated(MoveResult(move, error=exc.code, message=message), "failed"))
                continue
            if self._is_move and self.is_onto_itself(move):
                ended.append(Relocated(MoveResult(move), "skipped", note="it is there already"))
                continue
            rows.append(row)
        return rows, ended

    def _second_look(self, row: Wanted, result: MoveResult) -> MoveResult:
        """Return the result of a move that was asked for twice, as the first answer was lost: a source that is gone may
        be at its target, and a target that exists may be the copy."""
        move = row.move
        there = self._stat(move.to_key, move.target_type)
        here = self._stat(move.key, move.storage_type)
        if there is None or (self._is_move and here is not None):
            return result
        is_same = _are_same(here, there) if here is not None else there.size_bytes == row.size_bytes
        return MoveResult(move, there) if is_same else result

    def _settled(self, row: Wanted, result: MoveResult) -> Relocated:
        """Return the end of a blob; where its target exists, after what `conflict` says."""
        move = result.move
        is_there = result.error in ("conflict", "precondition_failed") and not move.overwrite
        if is_there and not (result.error == "precondition_failed" and move.etag is not None):
            match self._conflict:
                case Conflict.SKIP:
                    return Relocated(result, "skipped", note="the key exists")
                case Conflict.RENAME:
                    return self._renamed(row)
                case Conflict.OTHER_SIZE | Conflict.DIFFERENT:
                    return self._if_different(row)
                case _:
                    pass
        if not result.is_done:
            return Relocated(result, "failed")
        size_bytes = row.size_bytes if result.blob is None else result.blob.size_bytes or 0
        return Relocated(result, "done", size_bytes)

    def _renamed(self, row: Wanted) -> Relocated:
        move = row.move
        result = MoveResult(move)
        for _ in range(RENAME_TRIES):
            with self._naming:
                key = free_key(self._to_engine, move.to_key, move.target_type, self._taken)
                self._taken.add(key)
            try:
                result = self._one(replace(move, to_key=self._to_engine.check_key(key)))
            except StorageError as exc:
                result = MoveResult(move, error=exc.code, message=exc.message)
            finally:
                with self._naming:
                    self._taken.discard(key)  # the server has the key now, or nobody
            if result.error != "conflict":
                break
        if not result.is_done:
            return Relocated(result, "failed")
        return Relocated(result, "done", row.size_bytes, note="under another name: the first one is taken")

    def _if_different(self, row: Wanted) -> Relocated:
        move = row.move
        here = self._stat(move.key, move.storage_type)
        there = self._stat(move.to_key, move.target_type, self._to_engine)
        if here is not None and there is not None:
            is_by_size = self._conflict is Conflict.OTHER_SIZE
            if here.size_bytes == there.size_bytes and (is_by_size or _are_same(here, there)):
                note = "the key exists with the same size" if is_by_size else "the same bytes are there"
                return Relocated(MoveResult(move), "skipped", note=note)
        result = self._one(replace(move, overwrite=True))
        return Relocated(result, "done" if result.is_done else "failed", row.size_bytes)

    def _one(self, move: Move) -> MoveResult:
        if self._crossing is not None or COPY_FEATURE not in self._engine.describe().features:
            return self._one_through(move)
        moves = Moves(self._engine)
        [result] = (moves.move_many if self._is_move else moves.copy_many)([named(move)])
        return result

    def _stat(self, key: str, storage_type: str, engine: TransferEngine | None = None) -> Blob | None:
        try:
            return (engine or self._engine).run(calls.stat(key, storage_type))
        except NotFoundError:
            return None

    # The results, in the thread of `run`.

    def _take(self, chunk: Future[list[Relocated]]) -> None:
        """Wait for a chunk and report it. Chunks are taken in the order of the blobs, so that reports are too."""
        with suppress(CancelledError):  # of this chunk nothing was requested, or the server never answered
            self._report(chunk.result())

    def _take_rest(self, waiting: Iterable[Future[list[Relocated]]]) -> None:
        """Report what was requested already when the job breaks off."""
        for future in waiting:
            if future.cancel():
                continue
            try:
                rows = future.result()
            except BaseException:  # the job ends with its first error
                continue
            self._report(rows)

    def _report(self, rows: Sequence[Relocated]) -> None:
        for row in rows:
            self._summary.take(row)
        self.control.done_bytes = self._summary.size_bytes
        self.control.total_bytes = self._plan.size_bytes
        if rows:
            self._on_results(rows)


def _are_same(here: Blob, there: Blob) -> bool:
    """Return whether two blobs have the same bytes, as far as the server says."""
    return here.size_bytes == there.size_bytes and here.crc32c is not None and here.crc32c == there.crc32c
