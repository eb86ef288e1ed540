"""Download: count, ask where to and what to do with files that are there, then queue."""

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from textual.app import App

from storage_tui.client.batch.folders import local_names
from storage_tui.client.batch.plan import BatchPlan
from storage_tui.contract.counts import plural
from storage_tui.contract.keys import DELIMITER
from storage_tui.contract.sizes import size_text
from storage_tui.tui.flows.gathering import Gathered, TooManyError, gather
from storage_tui.tui.screens.download import DownloadRequest, DownloadScreen
from storage_tui.tui.session import EXPECTED, Session
from storage_tui.tui.state.listing import Row
from storage_tui.tui.state.transfers import Transfer


async def download_rows(app: App[Any], session: Session, rows: Sequence[Row]) -> None:
    """Queue the download of the rows after asking where to."""
    if not rows:
        session.fail("nothing to download: the cursor is on no row")
        return
    try:
        gathered = await gather(session, rows)
    except (*EXPECTED, TooManyError) as exc:
        session.fail("cannot count what would be downloaded", exc)
        return
    blobs = [one.blob for one in gathered]
    if not blobs:
        session.say("nothing to download: the folder is empty by now")
        return
    request = await app.push_screen_wait(DownloadScreen(blobs, session.download_folder))
    if request is None:
        return
    session.download_folder = request.folder
    try:
        transfers = await asyncio.to_thread(_planned, gathered, request, session.storage.display_url)
    except EXPECTED as exc:
        session.fail("cannot download", exc)
        return
    queued = session.queue.add(transfers)
    session.runner.pump()
    session.marks.discard(rows)
    total = sum(blob.size_bytes or 0 for blob in blobs)
    session.say(f"downloading {plural(queued, 'blob')}, {size_text(total)}, to {request.folder} (w shows them)")


def _planned(gathered: Sequence[Gathered], request: DownloadRequest, server: str) -> list[Transfer]:
    """The transfers, where there is room for them: seconds of work for the most that is taken. Raises StorageError."""
    transfers = plan_downloads(gathered, request)
    BatchPlan([transfer.item for transfer in transfers]).check_room(server, request.conflict)
    return transfers


def plan_downloads(gathered: Sequence[Gathered], request: DownloadRequest) -> list[Transfer]:
    """One transfer a blob, each with a local path of its own below the folder asked for."""
    relative = [one.blob.key[len(one.home) :] or DELIMITER for one in gathered]
    transfers = []
    for one, name in zip(gathered, local_names(relative, ""), strict=True):
        blob, path = one.blob, request.folder / Path(name.path)
        transfer = Transfer("download", blob.storage_type, blob.key, path, blob.size_bytes, request.conflict)
        transfer.root, transfer.blob, transfer.note = request.folder, blob, name.note
        transfers.append(transfer)
    return transfers
