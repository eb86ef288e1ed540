"""Rescue: copy blobs that will expire to a storage type that keeps them, on the server, and report their new places."""

import asyncio
from collections.abc import Sequence
from typing import Any

from textual.app import App

from storage_tui.client.batch.plan import numbered
from storage_tui.contract.counts import plural
from storage_tui.contract.errors import ConflictError, PreconditionFailedError
from storage_tui.contract.keys import Location, parent_prefix
from storage_tui.contract.models import Blob
from storage_tui.contract.storage_types import STORAGE_TYPES
from storage_tui.tui.desk import EXPECTED, Desk
from storage_tui.tui.dialogs.rescue import RescueScreen
from storage_tui.tui.rows.gathering import TooManyError, gather
from storage_tui.tui.state.listing import Row
from storage_tui.tui.state.messages import explain

TARGET = "data"
AT_ONCE = 8  # copies on the server are short; more at once gain nothing
ASKED_FROM = 11  # up to ten are copied without a question: a copy loses nothing
NAMES_TRIED = 100
TAKEN = (ConflictError, PreconditionFailedError)  # our server reports the second error, a plain one the first


async def rescue_rows(app: App[Any], desk: Desk, rows: Sequence[Row]) -> None:
    """Copy the blobs of the rows to data under the same keys. A taken key gets a number."""
    if not rows or any(STORAGE_TYPES[row.storage_type].expires_after is None for row in rows):
        desk.refuse("nothing to rescue: only what expires is copied, and the rest is kept as it is")
        return
    try:
        blobs = [one.blob for one in await gather(desk, rows)]
    except (*EXPECTED, TooManyError) as exc:
        desk.fail("cannot count what would be rescued", exc)
        return
    if len(blobs) >= ASKED_FROM and not await app.push_screen_wait(RescueScreen(blobs, TARGET)):
        return
    await _copy_all(desk, blobs)


async def _copy_all(desk: Desk, blobs: Sequence[Blob]) -> None:
    waiting = iter(blobs)
    copied: list[tuple[Blob, str]] = []
    made: list[tuple[str, str | None]] = []
    failed = 0
    first: Exception | None = None

    async def copy_on() -> None:
        nonlocal failed, first
        for blob in waiting:
            try:
                copy = await _copy(desk, blob)
                copied.append((blob, copy.key))
                made.append((copy.key, copy.etag))
            except EXPECTED as exc:
                failed, first = failed + 1, first or exc
                desk.log.error(f"{blob.key!a} was not rescued: {explain(exc)}", exc)
            desk.working = f"Copying {len(copied):,} of {len(blobs):,} to {TARGET} (Esc stops)"

    try:
        async with asyncio.TaskGroup() as tasks:
            for _ in range(AT_ONCE):
                tasks.create_task(copy_on())
    finally:
        desk.working = ""
        desk.marks.discard(blob for blob, _ in copied)
        desk.touch(TARGET)
        desk.undo.note_created(TARGET, made)
        _report(desk, copied, len(blobs), failed, first)


async def _copy(desk: Desk, blob: Blob) -> Blob:
    key = blob.key
    for number in range(2, NAMES_TRIED):
        try:
            return await desk.storage.copy(
                blob.key, key, storage_type=blob.storage_type, to_storage_type=TARGET, overwrite=False
            )
        except TAKEN:
            folder = parent_prefix(blob.key)
            key = folder + numbered(blob.key[len(folder) :], number)
    raise ConflictError(f"no free key beside {blob.key!r} in {TARGET}", key=blob.key)


def _report(
    desk: Desk, copied: list[tuple[Blob, str]], count: int, failed: int, first: Exception | None
) -> None:  # fmt: skip
    for blob, key in copied:
        desk.log.note(f"rescued {Location(blob.storage_type, blob.key)} to {Location(TARGET, key)}")
    renamed = [key for blob, key in copied if key != blob.key]
    if len(copied) == 1:
        words = f"rescued to {Location(TARGET, copied[0][1])}"
    else:
        folders = {parent_prefix(key) for _, key in copied}
        where = Location(TARGET, folders.pop() if len(folders) == 1 else "")
        words = f"rescued {len(copied):,} of {plural(count, 'blob')} to {where}"
    words += f", {len(renamed):,} under a new name: the first was taken" if renamed else ""
    if failed or not copied:
        desk.fail(f"{words}, {failed:,} failed" if copied else f"rescued none of {plural(count, 'blob')}", first)
    else:
        desk.say(words)
