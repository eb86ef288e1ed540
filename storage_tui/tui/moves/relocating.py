"""One job that moves or copies many blobs on the server: in batches, with progress, conflicts, and what failed."""

from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

from storage_tui.client.batch.plan import numbered
from storage_tui.client.transfer.conflict import Conflict
from storage_tui.contract.counts import plural
from storage_tui.contract.keys import Location, parent_prefix
from storage_tui.contract.models import Blob
from storage_tui.contract.moves import Move, MoveResult
from storage_tui.contract.sizes import size_text
from storage_tui.contract.visible import place_text, visible
from storage_tui.tui.desk import EXPECTED, Desk

BATCH = 250  # progress in the status line a few times a second, and Esc waits for at most one batch
BATCH_THROUGH = 4  # of blobs that go through this machine, where the server cannot copy
BATCH_BYTES = 1024**3  # of a batch; an engine may have to copy the bytes
NAMES_TRIED = 100
TAKEN = ("conflict", "precondition_failed")  # the codes for a target that exists; the second is of older servers


@dataclass(slots=True)
class Relocated:
    """What became of the blobs of a job."""

    count: int
    done: list[MoveResult] = field(default_factory=list)
    skipped: list[MoveResult] = field(default_factory=list)
    failed: list[MoveResult] = field(default_factory=list)
    error: Exception | None = None

    @property
    def changed(self) -> list[MoveResult]:
        """The blobs that now have another key or type, or a copy."""
        return self.done


async def relocate(
    desk: Desk, moves: Sequence[Move], sizes: Sequence[int | None], *, is_move: bool, conflict: Conflict
) -> Relocated:
    """Move or copy; a blob that is in the way is kept, replaced or evaded, as `conflict` says. Never raises EXPECTED.

    The progress is in the status line, and Esc stops between two batches: what was moved stays moved.
    """
    result = Relocated(len(moves))
    waiting = deque(zip(moves, sizes, strict=True))
    verb, total = ("Moving" if is_move else "Copying"), sum(size or 0 for size in sizes)
    call = desk.storage.move_many if is_move else desk.storage.copy_many
    moved_bytes, tries = 0, dict[tuple[str, str], int]()
    try:
        most = BATCH if "copy" in (await desk.storage.describe()).features else BATCH_THROUGH
        while waiting:
            count = len(result.done) + len(result.skipped) + len(result.failed)
            desk.working = (
                f"{verb} {count:,} of {plural(len(moves), 'blob')}, {size_text(moved_bytes)} of {size_text(total)} "
                "(Esc stops)"
            )
            batch = _next_batch(waiting, most)
            for wanted, outcome in zip(batch, await call([move for move, _ in batch]), strict=True):
                move, size = wanted
                if outcome.is_done:
                    result.done.append(outcome)
                    moved_bytes += size or 0
                elif not _is_taken(outcome):
                    result.failed.append(outcome)
                elif conflict is not Conflict.RENAME:
                    result.skipped.append(outcome)
                elif (again := _evaded(move, tries)) is not None:
                    waiting.append((again, size))
                else:
                    result.failed.append(outcome)
    except EXPECTED as exc:
        result.error = exc
    finally:
        desk.working = ""
        _note(desk, result, is_move=is_move)
    return result


def _next_batch(waiting: "deque[tuple[Move, int | None]]", most: int) -> list[tuple[Move, int | None]]:
    batch, size_bytes = [waiting.popleft()], 0
    while waiting and len(batch) < most and size_bytes < BATCH_BYTES:
        batch.append(waiting.popleft())
        size_bytes += batch[-1][1] or 0
    return batch


def _is_taken(result: MoveResult) -> bool:
    """Return whether something was in the way. The code is also that of a source that has changed."""
    return result.error in TAKEN and not result.move.overwrite and "changed" not in (result.message or "")


def _evaded(move: Move, tries: dict[tuple[str, str], int]) -> Move | None:
    """Return the move to the next free name: `a (2).tif`, `a (3).tif` …; None after many."""
    number = tries.get((move.storage_type, move.key), 1) + 1
    tries[move.storage_type, move.key] = number
    if number > NAMES_TRIED:
        return None
    folder = parent_prefix(move.to_key)
    name = move.to_key[len(folder) :]
    if number > 2:  # the name has a number already
        end = f" ({number - 1})"
        stem, dot, suffix = name.rpartition(".")
        name = f"{stem.removesuffix(end)}{dot}{suffix}" if dot and stem else name.removesuffix(end)
    return replace(move, to_key=folder + numbered(name, number))


def _note(desk: Desk, result: Relocated, *, is_move: bool) -> None:
    """Note each blob that was not moved in the log, drop the marks of moved rows, and let lists be read again."""
    for outcome in result.failed:
        verb = "moved" if is_move else "copied"
        desk.log.error(f"{outcome.move.key!a} was not {verb}: {outcome.message or outcome.error}")
    for name in dict.fromkeys(one.move.target_type for one in result.done):
        desk.touch(name)
    made = [(one.move, one.blob.etag if one.blob is not None else None, one.overwritten) for one in result.done]
    if is_move:
        desk.undo.note_moved(made)
        for name in dict.fromkeys(one.move.storage_type for one in result.done):
            desk.touch(name)
            desk.marks.discard_keys(name, [one.move.key for one in result.done if one.move.storage_type == name])
    else:
        for name in dict.fromkeys(one.move.target_type for one in result.done):
            desk.undo.note_written(
                name, [(move.to_key, etag, before) for move, etag, before in made if move.target_type == name]
            )


def report(
    desk: Desk, result: Relocated, to: Location, *, is_move: bool, is_rename: bool = False, what: str = ""
) -> None:
    """Show in the status line what a job did; `what` is the name of a folder that was renamed."""
    verb = "renamed" if is_rename else "moved" if is_move else "copied"
    done, left = len(result.done), result.count - len(result.done) - len(result.skipped) - len(result.failed)
    where = f" to {place_text(to)}" if done else ""
    if what and done == result.count:
        words = f"{verb} {visible(what, limit=60)}{where}, {plural(done, 'blob')}"
    elif done == 1 and result.count == 1:
        words = f"{verb} {visible(result.done[0].move.key, limit=60)}{where}"
    else:
        words = f"{verb} {done:,} of {plural(result.count, 'blob')}{where}"
        words = f"{verb} {plural(done, 'blob')}{where}" if done == result.count else words
    words += f", {len(result.skipped):,} skipped: something has their name there" if result.skipped else ""
    words += f", {len(result.failed):,} failed (L shows why)" if result.failed else ""
    words += f", {left:,} not reached" if left else ""
    if result.error is not None:
        desk.fail(words, result.error)
    elif result.failed:
        desk.fail(f"{words}: {result.failed[0].message or result.failed[0].error}" if result.count == 1 else words)
    elif result.skipped and not done:
        desk.refuse(words)
    else:
        desk.say(words + (" (Z takes it back)" if done else ""))


def blobs_and_sizes(blobs: Iterable[Blob]) -> list[int | None]:
    """Return the size of each blob."""
    return [blob.size_bytes for blob in blobs]
