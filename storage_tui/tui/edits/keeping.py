"""Another seven days: the chosen blobs of tmp are written again on the server, and their time begins anew."""

import asyncio
from collections.abc import Sequence
from functools import partial
from typing import Any

from textual.app import App

from storage_tui.client.editing import touching
from storage_tui.contract.counts import plural
from storage_tui.contract.errors import StorageError
from storage_tui.contract.models import Blob
from storage_tui.contract.visible import visible
from storage_tui.tui.desk import EXPECTED, Desk
from storage_tui.tui.dialogs.keep_longer import KeepLongerScreen
from storage_tui.tui.rows.gathering import TooManyError, gather
from storage_tui.tui.state.listing import Row
from storage_tui.tui.state.messages import explain

AT_ONCE = 8  # rewrites on the server are short; more at once gain nothing
ASKED_FROM = 11  # up to ten are kept without a question: nothing is lost


async def keep_longer(app: App[Any], desk: Desk, rows: Sequence[Row]) -> None:
    """Keep the blobs of the rows for seven days from now; refuse storage types whose blobs do not expire."""
    if not rows:
        desk.refuse("nothing to keep: the cursor is on no row")
        return
    try:
        for name in dict.fromkeys(row.storage_type for row in rows):
            touching.check_expires(name)
        blobs = [one.blob for one in await gather(desk, rows)]
    except StorageError as exc:
        desk.refuse(exc.message)
        return
    except (*EXPECTED, TooManyError) as exc:
        desk.fail("cannot count what would be kept", exc)
        return
    if not blobs:
        desk.say("nothing to keep: the folder is empty now")
        return
    if len(blobs) >= ASKED_FROM and not await app.push_screen_wait(KeepLongerScreen(blobs)):
        return
    await _keep_all(desk, blobs)


async def _keep_all(desk: Desk, blobs: Sequence[Blob]) -> None:
    waiting, kept, failed = iter(blobs), list[Blob](), 0
    first: Exception | None = None

    def say_count() -> None:
        desk.working = f"Keeping {len(kept):,} of {len(blobs):,} longer (Esc stops)"

    async def keep_on() -> None:
        nonlocal failed, first
        for blob in waiting:
            try:
                kept.append(await asyncio.to_thread(partial(touching.touch, desk.storage.engine, blob)))
            except EXPECTED as exc:
                failed, first = failed + 1, first or exc
                desk.log.error(f"{blob.key!a} was not kept longer: {explain(exc)}", exc)
            say_count()

    say_count()
    try:
        async with asyncio.TaskGroup() as tasks:
            for _ in range(AT_ONCE):
                tasks.create_task(keep_on())
    finally:
        desk.working = ""
        desk.marks.discard(kept)
        for name in dict.fromkeys(blob.storage_type for blob in blobs):
            desk.touch(name)
        one = f"{visible(kept[0].key, limit=40)} is" if len(kept) == 1 else f"{plural(len(kept), 'blob')} are"
        words = f"{one} kept for seven days from now"
        if failed:
            none = f"{plural(failed, 'blob')} could not be kept longer"
            desk.fail(f"{words}, {failed:,} failed" if kept else none, first)
        elif not kept:  # Esc before the first answer
            desk.say("stopped: the server has confirmed no blob as kept longer")
        else:
            desk.say(words)
