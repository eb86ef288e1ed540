"""A blob that a person changes in an editor: the copy on this machine, and the way back without overwriting anybody.

| file | holds |
|---|---|
| copies.py | the private copy that the editor gets; it outlives a crash and a power cut |
| refusals.py | the blobs that no editor should open, with the reason |
| steps.py | the steps of an edit, each blocking: look, fetch, compare, write back |
| touching.py | another seven days for blobs that expire: a rewrite on the server |
"""
