"""Another content type for the chosen blobs, whose bytes stay on the server."""

import asyncio
from collections.abc import Sequence
from typing import Any

from textual.app import App

from storage_tui.client.moves import CONTENT_TYPE_FEATURE, WHY_NO_TYPE
from storage_tui.contract.counts import plural
from storage_tui.contract.errors import TypeRuleError
from storage_tui.contract.models import Blob
from storage_tui.contract.storage_types import STORAGE_TYPES
from storage_tui.contract.visible import visible
from storage_tui.tui.desk import EXPECTED, Desk
from storage_tui.tui.dialogs.content_type import ContentTypeScreen
from storage_tui.tui.rows.gathering import TooManyError, gather
from storage_tui.tui.state.listing import Row
from storage_tui.tui.state.messages import explain

AT_ONCE = 8  # rewrites on the server are short; more at once gain nothing


async def change_content_type(app: App[Any], desk: Desk, rows: Sequence[Row]) -> None:
    """Ask for a content type, and give it to the blobs of the rows."""
    if not rows:
        desk.refuse("no content type to set: the cursor is on no row")
        return
    try:
        if CONTENT_TYPE_FEATURE not in (await desk.storage.describe()).features:
            desk.refuse(WHY_NO_TYPE)
            return
        _check_may_overwrite(rows)
        blobs = [one.blob for one in await gather(desk, rows)]
        if len(blobs) == 1:  # the list may be older than the blob
            blobs = [await desk.storage.stat(blobs[0].key, blobs[0].storage_type)]
    except TypeRuleError as exc:
        desk.refuse(exc.message)
        return
    except (*EXPECTED, TooManyError) as exc:
        desk.fail("cannot look at the content type", exc)
        return
    if not blobs:
        desk.say("no content type to set: the folder is empty now")
        return
    wanted = await app.push_screen_wait(ContentTypeScreen(blobs))
    if wanted is not None:
        await _change_all(desk, blobs, wanted)


def _check_may_overwrite(rows: Sequence[Row]) -> None:
    for name in dict.fromkeys(row.storage_type for row in rows):
        rule = STORAGE_TYPES[name]
        if not rule.may_overwrite:
            raise TypeRuleError(f"blobs of {rule.name} keep their content type: {rule.summary}")


async def _change_all(desk: Desk, blobs: Sequence[Blob], wanted: str) -> None:
    waiting, changed, failed = iter(blobs), list[tuple[Blob, Blob]](), 0
    first: Exception | None = None

    def say_count() -> None:
        desk.working = f"Content type of {len(changed):,} of {len(blobs):,} (Esc stops)"

    async def go_on() -> None:
        nonlocal failed, first
        for blob in waiting:
            try:
                after = await desk.storage.set_content_type(blob.key, wanted, blob.storage_type, etag=blob.etag)
                changed.append((blob, after))
            except EXPECTED as exc:
                failed, first = failed + 1, first or exc
                desk.log.error(f"{blob.key!a} keeps its content type: {explain(exc)}", exc)
            say_count()

    say_count()
    try:
        async with asyncio.TaskGroup() as tasks:
            for _ in range(AT_ONCE):
                tasks.create_task(go_on())
    finally:
        desk.working = ""
        desk.marks.discard([blob for blob, _ in changed])
        for name in dict.fromkeys(blob.storage_type for blob in blobs):
            desk.touch(name)
            here = [(old, new) for old, new in changed if old.storage_type == name]
            desk.undo.note_written(name, [(new.key, new.etag, old.etag) for old, new in here])
        _report(desk, changed, failed, wanted, first)


def _report(
    desk: Desk, changed: Sequence[tuple[Blob, Blob]], failed: int, wanted: str, first: Exception | None
) -> None:  # fmt: skip
    if not changed and not failed:  # Esc before the first answer
        desk.say("stopped: the server has confirmed no change of a content type")
        return
    if not changed:
        what = "the content type" if failed == 1 else f"the content type of {plural(failed, 'blob')}"
        desk.fail(f"{what} was not changed", first)
        return
    one = f"{visible(changed[0][0].key, limit=40)} is"
    words = f"{one if len(changed) == 1 else plural(len(changed), 'blob') + ' are'} {visible(wanted, limit=60)} now"
    if failed:
        desk.fail(f"{words}, {failed:,} failed", first)
    else:
        desk.say(words)
