"""The message at the start about edits that an earlier session did not write back."""

import asyncio

from storage_tui.contract.counts import plural
from storage_tui.contract.visible import visible
from storage_tui.machine import directories
from storage_tui.tui.desk import EXPECTED, Desk


async def say_left_edits(desk: Desk) -> None:
    """Name each edited copy that waits on this machine, in the log; the status line names the first."""

    def find() -> list[tuple[str, str]]:
        from storage_tui.client.editing.copies import EditCopies  # not before the first list is on the screen

        copies = EditCopies(directories.state_dir())
        return [(str(record.location), str(path)) for record, path in copies.paths(desk.storage.engine.account())]

    try:
        found = await asyncio.to_thread(find)
    except EXPECTED as exc:
        desk.log.error("cannot find out whether edits wait", exc)
        return
    for place, path in found[1:]:
        desk.log.error(f"the edit of {visible(place)} was not written back; its copy is {visible(path)}")
    if found:
        place, path = found[0]
        more = f" ({plural(len(found) - 1, 'more')} in the log)" if len(found) > 1 else ""
        desk.fail(
            f"the edit of {visible(place)} was not written back: e on it goes on; its copy is {visible(path)}{more}"
        )
