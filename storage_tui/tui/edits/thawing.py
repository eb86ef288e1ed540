"""Archived blobs of a bucket are asked back, after a question."""

from collections.abc import Sequence
from typing import Any

from textual.app import App

from storage_tui.client.buckets import WHY_NOT
from storage_tui.contract.counts import plural
from storage_tui.contract.models import DeleteResult
from storage_tui.contract.places import BUCKET_EXTRAS
from storage_tui.contract.visible import visible
from storage_tui.tui.desk import EXPECTED, Desk
from storage_tui.tui.dialogs.thaw import ThawScreen
from storage_tui.tui.look.archives import is_archived
from storage_tui.tui.rows.gathering import TooManyError, gather
from storage_tui.tui.state.listing import Row

ASKED_AT_MOST = 50  # blobs whose storage class is asked for one by one


async def thaw_rows(app: App[Any], desk: Desk, rows: Sequence[Row]) -> None:
    """Ask the archive for the archived blobs of the rows, after a question."""
    try:
        if BUCKET_EXTRAS not in (await desk.storage.describe()).features:
            desk.refuse(f"nothing to ask back: {WHY_NOT}")
            return
        found = [one.blob for one in await gather(desk, rows)]
        if len(found) <= ASKED_AT_MOST:  # a long list leaves the storage class out
            found = [one if one.storage_class else await desk.storage.stat(one.key, one.storage_type) for one in found]
    except (*EXPECTED, TooManyError) as exc:
        desk.fail("cannot count what would be asked back", exc)
        return
    blobs = [blob for blob in found if is_archived(blob)]
    if not blobs:
        desk.refuse("nothing to ask back: no blob here is archived")
        return
    answer = await app.push_screen_wait(ThawScreen(blobs))
    if answer is None:
        return
    days, tier = answer
    try:
        results: list[DeleteResult] = []
        for storage_type in dict.fromkeys(blob.storage_type for blob in blobs):
            keys = [blob.key for blob in blobs if blob.storage_type == storage_type]
            results += await desk.storage.bucket.thaw(keys, storage_type, days=days, tier=tier)
    except EXPECTED as exc:
        desk.fail("the archive was not asked", exc)
        return
    refused = [one for one in results if one.error is not None]
    for one in refused:
        desk.log.error(f"{visible(one.key)} was not asked back: {one.message or one.error}")
    if refused:
        first = refused[0].message or refused[0].error
        desk.fail(f"{len(refused):,} of {plural(len(blobs), 'blob')} not asked back: {first}")
    else:
        desk.say(f"asked the archive for {plural(len(blobs), 'blob')} for {plural(days, 'day')}; the details say when")
