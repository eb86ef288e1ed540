"""What is left of a move after its transfer: the source goes once the transfer ended whole, and not before.

A source is deleted only when its transfer is done and its checksum was compared, and when the source is still what was
transferred: a blob has the ETag that was seen, a file its size, time of change and inode. What failed, was skipped or
cancelled keeps its source; a failed transfer that is tried again goes on with its move. Nothing of this is kept for
another session: when the program ends first, all sources stay.
"""

import asyncio
import os
import stat
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from textual.app import App

from storage_tui.client.transfer.local_tree import opened_below
from storage_tui.contract.counts import plural
from storage_tui.contract.errors import LocalFileError
from storage_tui.contract.models import Blob
from storage_tui.previews.local_files import identity
from storage_tui.tui.background import run
from storage_tui.tui.desk import EXPECTED, Desk
from storage_tui.tui.state.transfers import LOST, Transfer
from storage_tui.tui.trash.terms import terms_of

BATCH = 250  # sources that are deleted between two looks at the screen
GROUP = "moves"


@dataclass(frozen=True, slots=True)
class Moving:
    """One transfer whose source goes after it: the blob that was seen, or the file with the ETag that was seen.

    `top` is the chosen folder above a file; folders that the move emptied go up to this one.
    """

    transfer: Transfer
    blob: Blob | None = None
    etag: str = ""
    top: Path | None = None


@dataclass(slots=True)
class _Outcome:
    gone: int = 0
    kept: list[str] = field(default_factory=list)


class Moves:
    """Deletes the sources of moves whose transfers have ended well. `changed` is called after sources are gone."""

    def __init__(self, app: App[Any], desk: Desk, *, changed: Callable[[], None]) -> None:
        self._app = app
        self._desk = desk
        self._changed = changed
        self._waiting: list[Moving] = []
        self._outcome = _Outcome()
        self._is_working = False
        self._told: set[int] = set()  # the numbers of transfers whose failure was counted in a report

    def expect(self, rows: Iterable[Moving]) -> None:
        """Delete the source of each row after its transfer."""
        fresh = [*rows]
        for row in fresh:
            row.transfer.is_move = True
        self._waiting += fresh

    def look(self) -> None:
        """Take the transfers that have ended; call this a few times a second."""
        has_news = self._outcome.gone or self._outcome.kept
        if self._is_working or not (self._waiting or has_news):
            return
        done = [row for row in self._waiting if row.transfer.state == "done"][:BATCH]
        skipped = [row for row in self._waiting if row.transfer.state == "skipped"]
        is_over = not any(row.transfer.is_active for row in self._waiting)
        for row in skipped:
            self._outcome.kept.append(f"{row.transfer.note or 'it was skipped'}: {_source(row)} stays")
        ended = {id(row) for row in (*done, *skipped)}
        self._waiting = [row for row in self._waiting if id(row) not in ended]
        if done:
            self._is_working = True
            run(self._app, partial(self._finish, done), group=GROUP)
        elif is_over and (self._outcome.gone or self._outcome.kept):
            self._report()

    async def _finish(self, rows: list[Moving]) -> None:
        try:
            whole = [row for row in rows if row.transfer.is_verified]
            for row in rows:
                if not row.transfer.is_verified:
                    why = LOST if row.transfer.note == LOST else "this server gives no checksum to compare"
                    self._outcome.kept.append(f"{why}: {_source(row)} stays")
            files = [row for row in whole if row.blob is None]
            if files:
                gone, kept = await asyncio.to_thread(_remove_files, files)
                self._outcome.gone += gone
                self._outcome.kept += kept
            await self._delete_blobs([row.blob for row in whole if row.blob is not None])
        finally:
            self._is_working = False
            self._changed()

    async def _delete_blobs(self, blobs: list[Blob]) -> None:
        keeps = bool(blobs) and (await terms_of(self._desk)).keeps
        for name in dict.fromkeys(blob.storage_type for blob in blobs):
            some = [blob for blob in blobs if blob.storage_type == name]
            try:
                results = await self._desk.storage.delete_many(some, storage_type=name)
            except EXPECTED as exc:
                self._outcome.kept += [f"{exc}: {name}:{blob.key} stays" for blob in some]
                continue
            gone: list[tuple[str, str | None]] = []
            for blob, result in zip(some, results, strict=True):
                if result.is_deleted:
                    self._outcome.gone += 1
                    gone.append((blob.key, blob.etag))
                else:
                    self._outcome.kept.append(f"{result.message or result.error}: {name}:{blob.key} stays")
            if keeps:
                self._desk.undo.note_deleted(name, gone)
            self._desk.touch(name)

    def _report(self) -> None:
        outcome, self._outcome = self._outcome, _Outcome()
        failed = {row.transfer.number for row in self._waiting if row.transfer.state in ("failed", "cancelled")}
        fresh, self._told = failed - self._told, failed
        for words in outcome.kept:
            self._desk.log.error(words)
        moved = f"moved {plural(outcome.gone, 'file')}"
        left = len(outcome.kept) + len(fresh)
        if left:
            first = f": {outcome.kept[0]}" if outcome.kept else ""
            self._desk.fail(f"{moved}, {left:,} stayed where they were{first}")
        else:
            self._desk.say(moved)


def _source(row: Moving) -> str:
    return f"{row.blob.storage_type}:{row.blob.key}" if row.blob is not None else str(row.transfer.path)


def _remove_files(rows: Iterable[Moving]) -> tuple[int, list[str]]:
    """Delete the files that are still what was uploaded, then the folders that this emptied; say what stays."""
    gone, kept = 0, list[str]()
    emptied: dict[Path, Path] = {}
    for row in rows:
        path = row.transfer.path
        try:
            _remove(path, row.top, row.etag)
        except FileNotFoundError:
            kept.append(f"gone already: {path}")
            continue
        except (OSError, LocalFileError) as exc:
            kept.append(f"{exc.strerror if isinstance(exc, OSError) else exc}: {path} stays")
            continue
        gone += 1
        if row.top is not None:
            emptied.setdefault(path.parent, row.top)
    for folder in sorted(emptied, key=lambda path: -len(path.parts)):
        _remove_empty(folder, emptied[folder])
    return gone, kept


def _remove(path: Path, top: Path | None, etag: str) -> None:
    """Delete a file if it is still the file with this ETag; no link below `top` is followed."""
    home = path.parent if top is None else top
    with opened_below(home, path.parent.relative_to(home)) as folder:
        info = os.stat(path.name, dir_fd=folder, follow_symlinks=False)
        if not stat.S_ISREG(info.st_mode) or identity(info) != etag:
            raise LocalFileError("it has changed since it was read")
        os.unlink(path.name, dir_fd=folder)


def _remove_empty(folder: Path, top: Path) -> None:
    """Delete a folder, and those above it up to `top`, as far as they are empty."""
    while True:
        try:
            folder.rmdir()
        except OSError:
            return  # something else is in it, or somebody else deleted it
        if folder == top:
            return
        folder = folder.parent
