"""Download: count, ask for the folder and the choice for existing files, then queue."""

import asyncio
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from textual.app import App

from storage_tui.client.batch.folders import LocalName, local_names
from storage_tui.client.batch.kept_names import keep_names
from storage_tui.client.batch.name_rules import rules_at
from storage_tui.client.batch.plan import BatchPlan
from storage_tui.contract.counts import plural
from storage_tui.contract.keys import DELIMITER
from storage_tui.contract.sizes import size_text
from storage_tui.tui.desk import EXPECTED, Desk
from storage_tui.tui.rows.gathering import Gathered, TooManyError, gather
from storage_tui.tui.state.listing import Row
from storage_tui.tui.state.transfers import Transfer

if TYPE_CHECKING:
    from storage_tui.tui.dialogs.download import DownloadRequest


async def download_rows(app: App[Any], desk: Desk, rows: Sequence[Row]) -> None:
    """Ask for a folder, and queue the download of the rows."""
    request = await queue_downloads(app, desk, rows, desk.download_folder)
    if request is not None:
        desk.download_folder = request.folder


async def queue_downloads(
    app: App[Any],
    desk: Desk,
    rows: Sequence[Row],
    folder: Path,
    *,
    verb: str = "Download",
    warning: str = "",
    queued: Callable[[Sequence[Transfer]], object] = lambda transfers: None,
) -> "DownloadRequest | None":
    """Ask for the folder, beginning with `folder`, and queue the download of the rows; return None for no download.

    `warning` goes into the question. `queued` is called with the transfers before any of them begins.
    """
    if not rows:
        desk.refuse(f"nothing to {verb.lower()}: the cursor is on no row")
        return None
    from storage_tui.tui.dialogs.download import DownloadScreen  # with the list of local folders, loaded on demand

    try:
        gathered = await gather(desk, rows)
    except (*EXPECTED, TooManyError) as exc:
        desk.fail("cannot count what would be downloaded", exc)
        return None
    blobs = [one.blob for one in gathered]
    if not blobs:
        desk.say(f"nothing to {verb.lower()}: the folder is empty now")
        return None
    request = await app.push_screen_wait(DownloadScreen(blobs, folder, verb=verb, warning=warning))
    if request is None:
        return None
    try:
        transfers = await asyncio.to_thread(_planned, gathered, request, desk.storage.display_url)
    except EXPECTED as exc:
        desk.fail("cannot download", exc)
        return None
    queued(transfers)
    count = desk.queue.add(transfers)
    desk.runner.pump()
    desk.marks.discard(rows)
    total = sum(blob.size_bytes or 0 for blob in blobs)
    desk.say(f"downloading {plural(count, 'blob')}, {size_text(total)}, to {request.folder} (w shows them)")
    return request


def _planned(gathered: Sequence[Gathered], request: "DownloadRequest", server: str) -> list[Transfer]:
    """Return the transfers, or raise StorageError when the disk is too small. Blocks for some seconds at most."""
    names = _names(gathered, request.folder)
    transfers = plan_downloads(gathered, request, names)
    BatchPlan([transfer.item for transfer in transfers]).check_room(server, request.conflict)
    renamings = (row for name in names for row in name.renamings)
    keep_names(request.folder, renamings, (request.folder / name.path for name in names))
    return transfers


def _names(gathered: Sequence[Gathered], folder: Path) -> list[LocalName]:
    relative = [one.blob.key[len(one.home) :] or DELIMITER for one in gathered]
    rules = rules_at(folder, (part for key in relative for part in key.split(DELIMITER)))
    return list(local_names(relative, "", rules))


def plan_downloads(
    gathered: Sequence[Gathered], request: "DownloadRequest", names: Sequence[LocalName] | None = None
) -> list[Transfer]:
    """Return a transfer for each blob, each with its own local path below the requested folder."""
    transfers = []
    for one, name in zip(gathered, names or _names(gathered, request.folder), strict=True):
        blob, path = one.blob, request.folder / Path(name.path)
        transfer = Transfer("download", blob.storage_type, blob.key, path, blob.size_bytes, request.conflict)
        transfer.root, transfer.blob, transfer.note = request.folder, blob, name.note
        transfers.append(transfer)
    return transfers
