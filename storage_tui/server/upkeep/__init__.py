"""Maintenance of a store, beside a running server or without one: verify, repair, back up, restore, migrate.

| file | holds |
|---|---|
| backing_up.py | a backup: the database first, then the files that it names, which never change |
| files.py | files read, copied and written whole, durably, and at low priority |
| migration.py | the move of a local store into a bucket: every blob and record, checked by crc32c |
| named.py | the blobs that the database of a store, or of a backup, names |
| record_checks.py | a search for damaged records of an engine |
| repairing.py | the repair of impossible rows and damaged records, or their removal to a place aside |
| restoring.py | a restore from a backup into an empty directory, with every byte checked |
| rows.py | a search for rows that no program of ours writes |
| snapshots.py | the layout of a backup, and the manifest of each of its snapshots |
| through_store.py | verification through a Store, for an engine whose files are not ours |
| verifying.py | verification of a data directory: every blob is read again |
"""
