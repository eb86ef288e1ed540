"""The blobs that uploads wrote, noted for undo: one change for each job, once all its transfers have ended."""

from collections.abc import Iterable, Sequence

from storage_tui.client.batch.mover import REPLACING
from storage_tui.client.undoing.undo import UndoLog
from storage_tui.contract.counts import plural
from storage_tui.contract.keys import Location
from storage_tui.contract.storage_types import STORAGE_TYPES
from storage_tui.contract.visible import place_text, visible
from storage_tui.tui.state.transfers import Transfer, TransferJob


class Uploads:
    """Takes the ended transfers of jobs that this browser asked for, and notes what they wrote."""

    def __init__(self, undo: UndoLog) -> None:
        self._undo = undo
        self._written: dict[TransferJob, list[Transfer]] = {}
        self._passed: dict[TransferJob, int] = {}  # transfers at the start of a job that are known to have ended

    def end(self, transfers: Iterable[Transfer]) -> None:
        """Take transfers that have ended."""
        for row in transfers:
            if row.job is not None and row.job.is_ours and row.direction == "upload" and row.state == "done":
                self._written.setdefault(row.job, []).append(row)
        self.look()

    def look(self) -> None:
        """Note the jobs that have ended since; a transfer that is cancelled ends without news."""
        for job in [job for job in self._written if self._is_over(job)]:
            self._note(self._written.pop(job))
            self._passed.pop(job, None)

    def _is_over(self, job: TransferJob) -> bool:
        at = self._passed.get(job, 0)
        while (row := job.rows.get(at)) is not None and not row.is_active:
            at += 1
        self._passed[job] = at
        return row is None

    def _note(self, rows: Sequence[Transfer]) -> None:
        name = rows[0].storage_type
        if any(row.is_move for row in rows):
            count = plural(len(rows), "file")
            self._undo.note_lasting(
                name, rows[0].key,
                f"{count} went from this machine to {_place(rows)}, and only the blobs are left; F6 brings them back",
            )  # fmt: skip
        elif not STORAGE_TYPES[name].may_delete:
            count = plural(len(rows), "file")
            why = f"{count} went to {_place(rows)}: {STORAGE_TYPES[name].summary}, so an upload to {name} stays"
            self._undo.note_lasting(name, rows[0].key, why)
        else:
            some = [(row.key, row.etag) for row in rows]
            self._undo.note_uploaded(name, some, may_replace=any(row.conflict in REPLACING for row in rows))


def _place(rows: Sequence[Transfer]) -> str:
    first = Location(rows[0].storage_type, rows[0].key)
    return visible(str(first), limit=60) if len(rows) == 1 else place_text(Location(first.storage_type, ""))
