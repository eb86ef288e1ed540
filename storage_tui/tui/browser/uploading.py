"""Upload: ask for a path and a prefix, then queue."""

from typing import Any

from textual.app import App

from storage_tui.contract.counts import plural
from storage_tui.contract.keys import Location
from storage_tui.contract.sizes import size_text
from storage_tui.tui.desk import Desk
from storage_tui.tui.dialogs.upload import UploadScreen
from storage_tui.tui.state.transfers import Transfer


async def upload_to(app: App[Any], desk: Desk, location: Location) -> None:
    """Ask which local file or folder, and queue its upload into `location`."""
    request = await app.push_screen_wait(UploadScreen(location, desk.upload_folder))
    if request is None:
        return
    desk.upload_folder = request.path.parent
    queued = desk.queue.add(
        Transfer("upload", location.storage_type, file.key, file.path, file.size_bytes, request.conflict, request.root)
        for file in request.files
    )
    desk.runner.pump()
    total = sum(file.size_bytes for file in request.files)
    desk.say(f"uploading {plural(queued, 'file')}, {size_text(total)} (w shows them)")
