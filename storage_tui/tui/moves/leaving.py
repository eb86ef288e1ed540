"""Blobs that were moved from one open store into another: what the store that they left must note."""

from collections.abc import Sequence

from storage_tui.contract.counts import plural
from storage_tui.contract.moves import MoveResult
from storage_tui.tui.desk import Desk


def note_gone(desk: Desk, results: Sequence[MoveResult]) -> None:
    """Drop the marks of blobs that have gone into another store, let their lists be read again, and note that the move
    cannot be taken back here."""
    if not results:
        return
    for name in {result.move.storage_type for result in results}:
        desk.touch(name)
        desk.marks.discard_keys(name, [result.move.key for result in results if result.move.storage_type == name])
    first = results[0].move
    words = f"{plural(len(results), 'blob')} went into another store; take them there with X, and paste them here"
    desk.undo.note_lasting(first.storage_type, first.key, words)
