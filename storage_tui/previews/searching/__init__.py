"""The search inside the contents of blobs: lines that match, read by ranges, in bounded memory.

The lines are matched in processes of their own, one a thread: a regular expression that runs for ever is killed, and
the browser stays responsive. `python -m storage_tui.previews.searching` is such a process.

| file | holds |
|---|---|
| __main__.py | the process that matches lines |
| contents.py | the search of many blobs at once, in their order, up to a number of bytes |
| lines.py | the lines of one blob: unpacked, decoded, matched |
| matcher.py | one process that matches lines, as its thread sees it |
| query.py | what is searched for, and what is found |
"""
