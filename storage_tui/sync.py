"""Folders and prefixes made equal, from a script: `from storage_tui.sync import sync, check, Rules`.

sync("maps", "data:maps/", delete=True)                    # the folder into the store
sync("data:maps/", "maps", rules=Rules.of(include=["*.tif"]))
for difference in check("maps", "data:maps/"):
    print(difference.difference, difference.relative)
"""

from storage_tui.client.sync.plan import Action
from storage_tui.client.sync.rules import Rules
from storage_tui.client.sync.run import Outcome, SyncResult
from storage_tui.client.sync.syncing import Found, check, sync

__all__ = ["Action", "Found", "Outcome", "Rules", "SyncResult", "check", "sync"]
