"""Looking after a store, beside a running server or without one: verify, repair, back up, restore, migrate.

| file | holds |
|---|---|
| backing_up.py | into a backup: the database first, then the files that it names, which never change |
| files.py | reading, copying and writing files whole, durably, and at low priority |
| migration.py | moving a local store into a bucket: every blob and record, checked by crc32c |
| named.py | what the database of a store, or of a backup, says is there |
| record_checks.py | records of an engine that hold something else than records of their name do |
| repairing.py | these put right, or set aside |
| restoring.py | out of a backup, into an empty directory: every byte checked on its way |
| rows.py | rows that no program of ours writes (`local_possible.py`): found, and named in one line |
| snapshots.py | the layout of a backup, and the manifest of each of its snapshots |
| through_store.py | the same through a Store, for an engine whose files are not ours |
| verifying.py | every blob read again, and what is wrong told |
"""
