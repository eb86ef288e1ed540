"""Rows moved, renamed and copied on the server, and what was deleted or replaced brought back.

| file | holds |
|---|---|
| actions.py | the commands: rename, take, paste, move or copy to, undo, trash |
| name_list.py | the list of names for a batch rename: written, read back, ordered so that swaps work |
| relocating.py | one job: move or copy many blobs, with progress, conflicts and what failed |
| renaming.py | one row renamed after a question, many in an editor |
| targets.py | from rows and a target to moves, with what no folder may do |
"""
