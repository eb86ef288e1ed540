"""Delete: count, show the exact list, ask, then delete in batches with the ETags that were seen."""

from collections.abc import Sequence
from functools import partial
from typing import Any

from textual.app import App

from storage_tui.contract.catalog import CATALOG_FEATURE, STORED_IN
from storage_tui.contract.counts import plural
from storage_tui.contract.models import Blob
from storage_tui.contract.storage_types import STORAGE_TYPES
from storage_tui.tui.desk import EXPECTED, Desk
from storage_tui.tui.dialogs.delete import DeleteScreen
from storage_tui.tui.rows.deleting_images import delete_images
from storage_tui.tui.rows.dry_run import write_list
from storage_tui.tui.rows.gathering import TooManyError, gather
from storage_tui.tui.rows.outcome import Outcome
from storage_tui.tui.state.listing import Row
from storage_tui.tui.state.messages import explain
from storage_tui.tui.trash.terms import delete_words, terms_of

BATCH = 250  # progress in the status line a few times a second, and Esc waits for at most one batch


async def delete_rows(app: App[Any], desk: Desk, rows: Sequence[Row]) -> Outcome | None:
    """Ask, and delete the rows after a yes. Return None when nothing was tried."""
    if not rows:
        desk.refuse("nothing to delete: the cursor is on no row")
        return None
    types = dict.fromkeys(row.storage_type for row in rows)
    try:
        if [*types] == [STORED_IN] and CATALOG_FEATURE in (await desk.storage.describe()).features:
            return await delete_images(app, desk, rows)
    except EXPECTED as exc:
        desk.fail("cannot ask the server whether it has a catalog", exc)
        return None
    for name in types:
        if not STORAGE_TYPES[name].may_delete:
            desk.refuse(f"cannot delete from {name}: {STORAGE_TYPES[name].way_out.rpartition(', or ')[2]}")
            return None
    try:
        blobs = [one.blob for one in await gather(desk, rows)]
    except (*EXPECTED, TooManyError) as exc:
        desk.fail("cannot count what would be deleted", exc)
        return None
    if not blobs:
        desk.say("nothing to delete: the folder is empty now")
        return None
    after = delete_words(await terms_of(desk))
    write = partial(write_list, blobs, desk.download_folder)
    if not await app.push_screen_wait(DeleteScreen(blobs, write, after=after)):
        return None
    return await delete_blobs(desk, blobs)


async def delete_blobs(desk: Desk, blobs: Sequence[Blob]) -> Outcome:
    """Delete in batches and show the progress in the status line. Keep the failed blobs for another try."""
    outcome = Outcome(len(blobs))
    types = dict.fromkeys(blob.storage_type for blob in blobs)
    waiting = [blob for name in types for blob in blobs if blob.storage_type == name]
    desk.failed_deletes = []
    is_stopped, why = True, ""
    try:
        while waiting:
            desk.working = f"Deleting {outcome.count - len(waiting):,} of {outcome.count:,} (Esc stops)"
            name = waiting[0].storage_type
            batch = [blob for blob in waiting[:BATCH] if blob.storage_type == name]
            results = await desk.storage.delete_many(batch, storage_type=name)
            for blob, result in zip(batch, results, strict=True):
                outcome.take(blob, result)
                if outcome.failed and outcome.failed[-1] is blob:
                    why = why or result.message or result.error or ""
                    desk.log.error(f"{blob.key!a} was not deleted: {result.message or result.error}")
            del waiting[: len(batch)]
            desk.marks.discard_keys(name, [key for _, key in outcome.gone])
        is_stopped = False
    except EXPECTED as exc:
        desk.log.error("deleting stopped", exc)
        outcome.failed += waiting
        why = why or explain(exc)
        is_stopped = False
    finally:
        desk.working = ""
        desk.failed_deletes = outcome.failed
        for name in types:
            desk.history.forget(name)
            if desk.keeps_deleted:
                gone = [(blob.key, blob.etag) for blob in outcome.by_us if blob.storage_type == name]
                desk.undo.note_deleted(name, gone)
        if is_stopped:
            desk.say(f"stopped: deleted at least {outcome.deleted:,} of {outcome.count:,}")
            desk.changed.update(types)  # the batch in flight may have succeeded
        else:
            _report(desk, outcome, why)
        desk.marks.discard(row for row in list(desk.marks) if not isinstance(row, Blob))
    return outcome


def _report(desk: Desk, outcome: Outcome, why: str) -> None:
    for result in outcome.kept:
        desk.log.error(f"{result.key!a} was kept: {result.message or result.error}")
    before = len(outcome.gone) - outcome.deleted
    parts = [f"deleted {outcome.deleted:,} of {outcome.count:,}"]
    parts += [f"{before:,} gone before"] if before else []
    parts += [f"{len(outcome.kept):,} kept: overwritten since"] if outcome.kept else []
    parts += [f"{len(outcome.failed):,} failed (gR retries)"] if outcome.failed else []
    if outcome.kept or outcome.failed:
        desk.fail(", ".join(parts) + (f": {why}" if why else ""))
    else:
        words = ", ".join(parts) if before else f"deleted {plural(outcome.deleted, 'blob')}"
        desk.say(words + (" (Z takes it back)" if desk.keeps_deleted and outcome.deleted else ""))
