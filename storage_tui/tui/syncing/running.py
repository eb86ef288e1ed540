"""The run of a plan: the moves go through the transfer queue; the deletes come last, after a question."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from textual.app import App

from storage_tui.client.batch.kept_names import Renaming, keep_names
from storage_tui.client.sync.local_deletes import LocalDeletes
from storage_tui.client.sync.new_names import NewNames
from storage_tui.client.transfer.conflict import Conflict
from storage_tui.contract.counts import plural
from storage_tui.contract.keys import Location
from storage_tui.contract.models import Blob
from storage_tui.contract.moments import from_millis
from storage_tui.contract.sizes import size_text
from storage_tui.contract.visible import visible
from storage_tui.tui.desk import EXPECTED, Desk
from storage_tui.tui.dialogs.delete import DeleteScreen
from storage_tui.tui.dialogs.replace_files import ReplaceFilesScreen
from storage_tui.tui.rows.deleting import delete_blobs
from storage_tui.tui.rows.dry_run import write_list
from storage_tui.tui.state.transfers import Transfer
from storage_tui.tui.syncing.rows import Difference, Direction
from storage_tui.tui.trash.terms import delete_words, terms_of

WAIT_S = 0.2  # between two looks at the transfers


@dataclass(frozen=True, slots=True)
class Chosen:
    """The ticked rows of one run, in the order of their keys, and the two sides."""

    location: Location
    folder: Path
    direction: Direction
    moves: Sequence[Difference]
    deletes: Sequence[Difference]


async def run_plan(app: App[Any], desk: Desk, chosen: Chosen, begun: Callable[[], None]) -> bool:
    """Queue the moves and call `begun`. Then, if there are deletes: wait until all moves have ended well, ask, and
    delete. Return whether all of that has ended, so that the two sides can be compared again.

    Local files are overwritten after a question only: nothing brings their bytes back.
    """
    replaced = sum(row.local is not None for row in chosen.moves) if chosen.direction == "down" else 0
    if replaced and not await app.push_screen_wait(ReplaceFilesScreen(replaced, chosen.folder)):
        return False
    try:
        transfers = await asyncio.to_thread(_transfers, chosen)
    except EXPECTED as exc:
        desk.fail("cannot sync", exc)
        return False
    desk.queue.add(transfers)
    desk.runner.pump()
    if transfers:
        verb = "uploading" if chosen.direction == "up" else "downloading"
        total = size_text(sum(transfer.size_bytes or 0 for transfer in transfers))
        desk.say(f"{verb} {plural(len(transfers), 'file')}, {total} (w shows them)")
    begun()
    if not chosen.deletes:
        return False
    await _wait(desk, transfers)
    left = sum(transfer.state != "done" for transfer in transfers)
    if left:
        desk.refuse(f"{plural(left, 'transfer')} did not end well, so nothing was deleted (w shows them)")
        return True
    await (_delete_blobs if chosen.direction == "up" else _delete_files)(app, desk, chosen)
    return True


async def _wait(desk: Desk, transfers: Sequence[Transfer]) -> None:
    try:
        while any(transfer.is_active for transfer in transfers):
            desk.working = "Deletes wait for the transfers (Esc drops the deletes)"
            await asyncio.sleep(WAIT_S)
    finally:
        desk.working = ""


def _transfers(chosen: Chosen) -> list[Transfer]:
    """Return a transfer for each move, and note the local names that are not the keys' own. Blocks."""
    place, folder = chosen.location, chosen.folder
    names = NewNames(folder, place.key, clears_way=False)
    renamings: list[Renaming] = []
    transfers = []
    for row in chosen.moves:
        key = place.key + row.relative
        note = ""
        if row.local is not None:
            path = Path(row.local.path)
        else:
            name = names.choose(row.relative)
            path, note = folder / name.path, name.note
            renamings += name.renamings
        is_up = chosen.direction == "up"
        size_bytes = row.size_bytes(chosen.direction)
        transfer = Transfer(
            "upload" if is_up else "download", place.storage_type, key, path, size_bytes, Conflict.OVERWRITE, folder
        )  # fmt: skip
        transfer.blob = None if is_up or row.stored is None else row.stored.blob
        transfer.note = note
        transfers.append(transfer)
    keep_names(folder, renamings)
    return transfers


async def _delete_blobs(app: App[Any], desk: Desk, chosen: Chosen) -> None:
    blobs = [row.stored.blob for row in chosen.deletes if row.stored is not None]
    after = delete_words(await terms_of(desk))
    if await app.push_screen_wait(DeleteScreen(blobs, partial(write_list, blobs, desk.download_folder), after=after)):
        await delete_blobs(desk, blobs)


async def _delete_files(app: App[Any], desk: Desk, chosen: Chosen) -> None:
    entries = [row.local for row in chosen.deletes if row.local is not None]
    rows = [
        Blob(entry.path, chosen.location.storage_type, entry.size_bytes, from_millis(entry.mtime_ns // 1_000_000))
        for entry in entries
    ]
    title = f"Delete {plural(len(entries), 'local file')} from {visible(str(chosen.folder), limit=60)}?"
    if not await app.push_screen_wait(DeleteScreen(rows, partial(write_list, rows, desk.download_folder), title=title)):
        return

    def work() -> list[str]:
        with LocalDeletes(chosen.folder) as deletes:
            found = [deletes.remove(entry) for entry in entries]
        return [error.message for error in found if error is not None]

    problems = await asyncio.to_thread(work)
    for words in problems:
        desk.log.error(words)
    done = f"deleted {plural(len(entries) - len(problems), 'local file')}"
    if problems:
        desk.fail(f"{done}, {len(problems):,} failed; L shows why")
    else:
        desk.say(done)
