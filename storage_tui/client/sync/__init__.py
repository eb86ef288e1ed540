"""Two sides made equal: a local folder and a prefix of a store, or two prefixes. `storage_tui.sync` has the calls.

A sync compares two sorted lists, makes a plan, moves what differs, and deletes last.

| file | holds |
|---|---|
| syncing.py | `sync` and `check`, the calls of scripts |
| plan.py | what a sync will do: each action with its reason |
| run.py | a plan carried out: moves first, deletes last and only when nothing failed |
| copies.py, local_deletes.py | one copy between two places of stores; files removed from a local folder |
| compare.py | the merge of two sorted lists, by size and checksum |
| entries.py, sides.py | a file or blob to compare; the two sides, and which of them cannot be synced |
| local_walk.py, store_list.py | the entries of a local folder and of a prefix, in the byte order of their keys |
| rules.py | which files and keys a sync looks at, as rclone's filters |
| checksums.py | the checksums of local files that have not changed since they were read |
| new_names.py | the local paths of keys that a download brings for the first time |
"""
