"""Rows moved, renamed and copied on the server, and what was deleted or replaced brought back.

| file | holds |
|---|---|
| actions.py | the commands: rename, take, paste, move or copy to |
| counting.py | how many blobs and bytes rows are |
| leaving.py | blobs that went from one open store into another: what the store that they left notes |
| name_list.py | the list of names for a batch rename: written, read back, ordered so that swaps work |
| relocating.py | one job on the server, its progress, and what became of its blobs |
| renaming.py | one row renamed after a question, many in an editor |
| targets.py | what a storage type and a folder do not allow for rows that move |
"""
