"""Upload: ask for a path and a prefix, then queue."""

from typing import Any

from textual.app import App

from storage_tui.contract.counts import plural
from storage_tui.contract.keys import Location
from storage_tui.contract.sizes import size_text
from storage_tui.tui.desk import Desk


async def upload_to(app: App[Any], desk: Desk, location: Location) -> None:
    """Ask which local files or folders, and queue their upload into `location`."""
    from storage_tui.tui.dialogs.upload import UploadScreen  # with the list of local files, loaded on demand

    request = await app.push_screen_wait(UploadScreen(location, desk.upload_folder, await desk.key_rules(), desk.place))
    if request is None:
        return
    chosen = request.chosen
    desk.upload_folder = chosen.paths[0].parent
    queued = desk.queue.add(chosen.transfers(location.storage_type, request.conflict))
    desk.runner.pump()
    desk.say(f"uploading {plural(queued, 'file')}, {size_text(chosen.size_bytes)} (w shows them)")
