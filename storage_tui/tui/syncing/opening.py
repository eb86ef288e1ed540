"""The way to a comparison: the question for the folder, then the screen."""

import asyncio
from typing import Any

from textual.app import App

from storage_tui.contract.keys import Location
from storage_tui.machine import directories
from storage_tui.tui.desk import Desk
from storage_tui.tui.dialogs.local_folder import FolderQuestion
from storage_tui.tui.syncing.folders import ComparedFolders
from storage_tui.tui.syncing.screen import SyncScreen


async def compare_with_folder(app: App[Any], desk: Desk, location: Location) -> None:
    """Ask which local folder, the last one of this place first, and show what differs."""
    folders = ComparedFolders(directories.state_dir(), desk.storage.display_url)
    known = await asyncio.to_thread(folders.find, location)
    folder = await app.push_screen_wait(FolderQuestion(desk.spell(location), known or desk.upload_folder))
    if folder is not None:
        await asyncio.to_thread(folders.keep, location, folder)
        app.push_screen(SyncScreen(desk, location, folder))
