"""One job that moves or copies blobs and folders on the server, with its progress in the status line.

The job itself is `Relocation` of the client, in a thread. What it did is noted here: marks of rows that went are
dropped, failures go to the log, and the undo of the session gets what was moved, also when the job was stopped.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from textual.app import App

from storage_tui.client.batch.origins import Origin
from storage_tui.client.batch.relocation import Relocated, Relocation
from storage_tui.client.control import TransferControl
from storage_tui.client.transfer.conflict import Conflict
from storage_tui.client.undoing.undo import MOST_BLOBS
from storage_tui.contract.counts import plural
from storage_tui.contract.keys import Location, parent_prefix
from storage_tui.contract.models import Blob
from storage_tui.contract.moves import Move, MoveResult
from storage_tui.contract.sizes import size_text
from storage_tui.contract.visible import visible
from storage_tui.tui.background import in_thread
from storage_tui.tui.desk import EXPECTED, Desk
from storage_tui.tui.state.listing import Row
from storage_tui.tui.state.taken import Taken

PROGRESS_S = 0.25
FAILURES_LOGGED = 1000  # of one job; the log itself is bounded, and the rest is counted


@dataclass(slots=True)
class Outcome:
    """What became of the blobs of a job. `moved` are the ends that undo needs, `failures` the first failed ones."""

    moved: list[tuple[Move, str | None, str | None]] = field(default_factory=list)
    done: int = 0
    skipped: int = 0
    failed: int = 0
    failures: list[MoveResult] = field(default_factory=list)
    first: Location | None = None  # the new place of the first blob
    is_stopped: bool = False
    error: Exception | None = None

    def take(self, rows: Sequence[Relocated]) -> None:
        """Count some results; called in the thread of the job."""
        for row in rows:
            self.take_result(row.result, row.state == "skipped")

    def take_result(self, result: MoveResult, is_skipped: bool = False) -> None:
        """Count one result."""
        if is_skipped:
            self.skipped += 1
        elif not result.is_done:
            self.failed += 1
            if len(self.failures) < FAILURES_LOGGED:
                self.failures.append(result)
        else:
            self.done += 1
            self.first = self.first or Location(result.move.target_type, result.move.to_key)
            if len(self.moved) <= MOST_BLOBS:  # one more than the undo takes: then it says that these are too many
                etag = None if result.blob is None else result.blob.etag
                self.moved.append((result.move, etag, result.overwritten))

    def note(self, desk: Desk, *, is_move: bool, away: Taken | None = None) -> None:
        """Note failures in the log and the rest for undo, and let the changed lists be read again. What was moved from
        another store, `away`, is taken back by nobody."""
        verb = "moved" if is_move else "copied"
        for result in self.failures:
            desk.log.error(f"{result.move.key!a} was not {verb}: {result.message or result.error}")
        if self.failed > len(self.failures):
            desk.log.error(f"{self.failed - len(self.failures):,} more were not {verb}")
        for name in {move.target_type for move, _, _ in self.moved}:
            desk.touch(name)
            if not is_move:
                made = [(move.to_key, etag, before) for move, etag, before in self.moved if move.target_type == name]
                desk.undo.note_written(name, made)
        if away is not None:
            if is_move:
                self._note_arrived(desk, away)
        elif is_move:
            desk.undo.note_moved(self.moved)
            for name in {move.storage_type for move, _, _ in self.moved}:
                desk.touch(name)
                keys = [move.key for move, _, _ in self.moved if move.storage_type == name]
                desk.marks.discard_keys(name, keys)

    def _note_arrived(self, desk: Desk, away: Taken) -> None:
        away.left([MoveResult(move) for move, _, _ in self.moved])
        if self.moved:
            move, where = self.moved[0][0], visible(away.where, limit=60)
            words = f"{plural(self.done, 'blob')} came from {where}; take them with X, and paste them there"
            desk.undo.note_lasting(move.target_type, move.to_key, words)


def origins_of(rows: Iterable[Row]) -> list[Origin]:
    """Return the origins that go into a folder under their own names; a blob goes in the version that was listed."""
    return [
        Origin.of(row, base=parent_prefix(row.key))
        if isinstance(row, Blob)
        else Origin(row.storage_type, row.key, is_folder=True, base=parent_prefix(row.key))
        for row in rows
    ]


def origin_of_rename(row: Row) -> Origin:
    """Return the origin of a row that gets exactly the target as its key or prefix."""
    if isinstance(row, Blob):
        return Origin.of(row, base=row.key)
    return Origin(row.storage_type, row.key, is_folder=True, base=row.key)


async def relocate(
    app: App[Any], desk: Desk, origins: Sequence[Origin], to: Location, *, is_move: bool, conflict: Conflict,
    away: Taken | None = None,
) -> Outcome:  # fmt: skip
    """Move or copy as a job; Esc stops it between two batches, and what was moved stays moved. Rows that were taken
    `away`, in another store, come through this machine, or inside the engine that has both stores.

    An error of the server is in the outcome. A cancelled task notes what was done, too.
    """
    outcome, control = Outcome(), TransferControl()
    source = desk.storage if away is None else away.storage
    job = Relocation(
        source.engine, origins, to, is_move=is_move, conflict=conflict, control=control, on_results=outcome.take,
        to_engine=None if away is None else desk.storage.engine,
    )  # fmt: skip
    verb = "Moving" if is_move else "Copying"

    def say_progress() -> None:
        now = job.progress()
        bytes_ = f", {size_text(now.done_bytes)} of {size_text(now.total_bytes)}" if now.total_bytes else ""
        failed = f", {now.files_failed:,} failed" if now.files_failed else ""
        desk.working = f"{verb} {now.files_done:,} of {plural(now.files, 'blob')}{bytes_}{failed} (Esc stops)"
        desk.front.on_message()

    desk.working = f"{verb}… (Esc stops)"
    timer = app.set_interval(PROGRESS_S, say_progress)

    def work() -> None:
        job.plan(looks=False)
        job.run()

    try:
        await in_thread(control, work)
    except EXPECTED as exc:
        outcome.error = exc
    finally:
        timer.stop()
        desk.working = ""
        outcome.is_stopped = control.is_cancelled and outcome.error is None  # an error stops the job, too
        outcome.note(desk, is_move=is_move, away=away)
        if outcome.is_stopped:
            report(desk, outcome, to, is_move=is_move)
    return outcome


async def rename_in_order(desk: Desk, moves: Sequence[Move], outcome: Outcome) -> None:
    """Rename blobs one after the other, in requests of many; add what became of them to the outcome."""
    try:
        for result in await desk.storage.move_many(moves):
            outcome.take_result(result)
    except EXPECTED as exc:
        outcome.error = outcome.error or exc


def report(
    desk: Desk, outcome: Outcome, to: Location, *, is_move: bool, is_rename: bool = False, what: str = "",
    is_lasting: bool = False,
) -> None:  # fmt: skip
    """Show in the status line what a job did; `what` is the name of the only row of the job. A job that `is_lasting`
    cannot be taken back."""
    verb = "renamed" if is_rename else "moved" if is_move else "copied"
    done, is_whole = outcome.done, not (outcome.skipped or outcome.failed or outcome.error or outcome.is_stopped)
    count = done + outcome.skipped + outcome.failed
    where = f" to {desk.spell(to)}" if done else ""
    if what and is_whole:
        words = f"{verb} {visible(what, limit=60)}{where}"
        words += f", {plural(done, 'blob')}" if done > 1 else ""
    else:
        words = f"{verb} {plural(done, 'blob')}{where}" if done == count else f"{verb} {done:,} of {count:,}{where}"
    words += f", {outcome.skipped:,} skipped: something has their name there" if outcome.skipped else ""
    words += f", {outcome.failed:,} failed (L shows why)" if outcome.failed else ""
    if outcome.is_stopped:
        desk.say(f"stopped: {words}")
    elif outcome.error is not None:
        desk.fail(words, outcome.error)
    elif outcome.failed:
        first = outcome.failures[0]
        desk.fail(f"not {verb}: {first.message or first.error}" if count == 1 else words)
    elif outcome.skipped and not done:
        desk.refuse(words)
    else:
        desk.say(words + (" (Z takes it back)" if done and not is_lasting else ""))
