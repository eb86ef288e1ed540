"""Delete: count, show exactly what goes, ask, then delete in batches with the ETags that were seen."""

from collections.abc import Sequence
from typing import Any

from textual.app import App

from storage_tui.contract.models import Blob, DeleteResult
from storage_tui.contract.storage_types import STORAGE_TYPES
from storage_tui.tui.flows.gathering import TooManyError, gather
from storage_tui.tui.screens.delete import DeleteScreen
from storage_tui.tui.session import EXPECTED, Session
from storage_tui.tui.state.formats import plural
from storage_tui.tui.state.listing import Row

BATCH = 200  # progress in the status line a few times a second


async def delete_rows(app: App[Any], session: Session, rows: Sequence[Row]) -> bool:
    """Delete the rows after a yes; True when anything was deleted."""
    if not rows:
        session.fail("nothing to delete: the cursor is on no row")
        return False
    for name in dict.fromkeys(row.storage_type for row in rows):
        if not STORAGE_TYPES[name].may_delete:
            session.fail(f"cannot delete from {name}: {STORAGE_TYPES[name].way_out.rpartition(', or ')[2]}")
            return False
    try:
        blobs = [one.blob for one in await gather(session, rows)]
    except (*EXPECTED, TooManyError) as exc:
        session.fail("cannot count what would be deleted", exc)
        return False
    if not blobs:
        session.say("nothing to delete: the folder is empty by now")
        return False
    if not await app.push_screen_wait(DeleteScreen(blobs)):
        return False
    return await _delete(session, blobs)


async def _delete(session: Session, blobs: list[Blob]) -> bool:
    deleted = attempted = 0
    refused: list[DeleteResult] = []
    types = dict.fromkeys(blob.storage_type for blob in blobs)
    try:
        for name in types:
            chosen = [blob for blob in blobs if blob.storage_type == name]
            for start in range(0, len(chosen), BATCH):
                session.working = f"Deleting {attempted:,} of {len(blobs):,} (Esc stops)"
                results = await session.storage.delete_many(chosen[start : start + BATCH], storage_type=name)
                attempted += len(results)
                gone = [result.key for result in results if result.is_deleted]
                deleted += len(gone)
                refused += [result for result in results if not result.is_deleted]
                session.marks.discard_keys(name, gone)
    except EXPECTED as exc:
        session.fail(f"deleted {deleted:,} of {len(blobs):,}, then it stopped", exc)
    finally:
        session.working = ""
        for name in types:
            session.history.forget(name)
        if attempted == len(blobs):
            _report(session, deleted, len(blobs), refused)
        else:
            session.say(f"stopped: deleted at least {deleted:,} of {len(blobs):,}")
            session.changed.update(types)  # the batch on its way may have gone through
        session.marks.discard(row for row in list(session.marks) if not isinstance(row, Blob))
    return deleted > 0


def _report(session: Session, deleted: int, count: int, refused: list[DeleteResult]) -> None:
    if not refused:
        session.say(f"deleted {plural(deleted, 'blob')}")
        return
    for result in refused:
        session.log.error(f"{result.key!a} was kept: {result.message or result.error}")
    session.fail(f"deleted {deleted:,} of {count:,}, {len(refused):,} kept")
