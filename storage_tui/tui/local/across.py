"""The commands that copy or move to the other side, and the upload of pasted paths."""

import asyncio
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from storage_tui.contract.counts import plural
from storage_tui.contract.errors import StorageError
from storage_tui.contract.sizes import size_text
from storage_tui.contract.storage_types import STORAGE_TYPES
from storage_tui.contract.visible import visible
from storage_tui.tui.browser.place import OpenPlace
from storage_tui.tui.command_screen import CommandScreen
from storage_tui.tui.desk import Desk
from storage_tui.tui.local.dropped import read_dropped
from storage_tui.tui.local.moves import Moves, Moving
from storage_tui.tui.rows.downloading import queue_downloads
from storage_tui.tui.rows.job import Job
from storage_tui.tui.state.listing import Row
from storage_tui.tui.state.transfers import Transfer

if TYPE_CHECKING:
    from storage_tui.tui.local.side import LocalSide

BLOBS_GO = "The blobs are deleted here after they have arrived whole and their checksums agree; changed ones stay."
FILES_GO = "The files are deleted here after they have arrived whole and their checksums agree; changed ones stay."
SHOWN = 60  # characters of a pasted text that is no path


class Across:
    """Downloads into the local folder, uploads into the open place, and the moves among these."""

    def __init__(
        self, screen: CommandScreen[Any], desk: Desk, job: Job, place: OpenPlace, *, changed: Callable[[], None]
    ) -> None:
        self._screen = screen
        self._desk = desk
        self._job = job
        self._place = place
        self._changed = changed
        self._side: LocalSide | None = None
        self.moves = Moves(screen.app, desk, changed=self._sources_gone)

    def meet(self, side: "LocalSide") -> None:
        """Work with this local side from now on."""
        self._side = side

    # From the store to the local folder

    def download(self, rows: Sequence[Row], *, is_move: bool) -> None:
        """Copy or move rows of the store into the local folder, after a question."""
        if self._side is None or self._job.is_busy():
            return
        refusal = self._refusal(rows) if is_move else ""
        if refusal:
            self._desk.refuse(refusal)
        else:
            self._job.start(partial(self._download, list(rows), self._side.walking.folder, is_move=is_move))

    def _refusal(self, rows: Sequence[Row]) -> str:
        """Return why these rows cannot be moved away; empty when they can."""
        for name in dict.fromkeys(row.storage_type for row in rows):
            if not STORAGE_TYPES[name].may_delete:
                return f"cannot move out of {name}: nothing is deleted there by key; F5 copies"
        return f"cannot move: {self._desk.read_only}" if self._desk.read_only else ""

    async def _download(self, rows: list[Row], folder: Path, *, is_move: bool) -> None:
        verb, warning = ("Move", BLOBS_GO) if is_move else ("Download", "")
        queued = self._expect_downloads if is_move else _nothing
        await queue_downloads(self._screen.app, self._desk, rows, folder, verb=verb, warning=warning, queued=queued)
        self._tell_changed()

    def _expect_downloads(self, transfers: Sequence[Transfer]) -> None:
        named = [row for row in transfers if row.blob is not None and row.blob.etag is not None]
        self.moves.expect(Moving(row, blob=row.blob) for row in named)
        if len(named) < len(transfers):
            left = plural(len(transfers) - len(named), "blob")
            self._desk.fail(f"{left} will stay: this server names no versions, so a change could not be seen")

    # From the local folder to the store

    def action_copy_across(self) -> None:
        """Copy the local rows to the open place of the store."""
        self._send(is_move=False)

    def action_move_across(self) -> None:
        """Move the local rows to the open place of the store."""
        self._send(is_move=True)

    def _send(self, *, is_move: bool) -> None:
        if self._side is None:
            return
        paths = [Path(row.key) for row in self._side.chosen()]
        if not paths:
            self._desk.refuse("nothing to copy: the cursor is on no row")
        elif not self._job.is_busy():
            self._job.start(partial(self._upload, paths, is_move=is_move))

    async def _upload(self, paths: Sequence[Path], *, is_move: bool = False, note: str = "") -> None:
        from storage_tui.tui.dialogs.send import SendScreen

        location = self._place.location
        verb, warning = ("Move", FILES_GO) if is_move else ("Upload", "")
        question = SendScreen(
            location,
            paths,
            verb=verb,
            warning=warning,
            note=note,
            rules=await self._desk.key_rules(),
            place=self._desk.place,
        )
        request = await self._screen.app.push_screen_wait(question)
        if request is None:
            return
        chosen = request.chosen
        transfers = chosen.transfers(location.storage_type, request.conflict)
        if is_move:
            self.moves.expect(
                Moving(transfer, etag=row.etag, top=row.root)
                for transfer, row in zip(transfers, chosen.files, strict=True)
            )
        count = self._desk.queue.add(transfers)
        self._desk.runner.pump()
        if self._side is not None:
            taken = {str(path) for path in chosen.paths}
            self._side.desk.marks.discard(
                row for row in list(self._side.desk.marks) if row.key.rstrip("/") in taken or row.key in taken
            )
            self._side.view.refresh()
        doing = "moving" if is_move else "uploading"
        self._desk.say(f"{doing} {plural(count, 'file')}, {size_text(chosen.size_bytes)} (w shows them)")
        self._tell_changed()

    # Pasted text

    def take_pasted(self, text: str) -> None:
        """Offer the paths of a pasted text as an upload; a text without paths is told in one line."""
        if self._desk.refusal is not None:
            self._desk.refuse(self._desk.refusal)
        elif not self._job.is_busy():
            self._job.start(partial(self._take_pasted, text))

    async def _take_pasted(self, text: str) -> None:
        found = await asyncio.to_thread(read_dropped, text)
        if not found.paths:
            words = visible(" ".join(text.split()), limit=SHOWN)
            why = "that path is not there" if found.missing else "no path of a file"
            self._desk.hint(f"pasted text is ignored, {why}: {words}" if words else "the pasted text is empty")
            return
        try:
            (await self._desk.key_rules()).check_prefix(self._place.location.key)
        except StorageError as exc:
            self._desk.fail(f"cannot upload to {self._desk.spell(self._place.location)}", exc)
            return
        note = f"{plural(found.missing, 'pasted path')} not there, left out" if found.missing else ""
        await self._upload(found.paths, note=note)

    def _sources_gone(self) -> None:
        if self._side is not None and self._side.view.is_attached:
            self._side.reload()
        self._tell_changed()

    def _tell_changed(self) -> None:
        if self._screen.has_lines:
            self._changed()


def _nothing(transfers: Sequence[Transfer]) -> None:
    """Expect nothing after the transfers."""
