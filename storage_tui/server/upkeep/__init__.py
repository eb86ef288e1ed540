"""Looking after a data directory, beside a running server or without one: verify, back up, restore.

| file | noun |
|---|---|
| named.py | what the database of a store, or of a backup, says is there |
| files.py | reading, copying and writing files whole, durably, and at low priority |
| rows.py, record_checks.py | rows and records that hold what they never could |
| repairing.py | these put right, or set aside |
| verifying.py | every blob read again, and what is wrong told |
| through_store.py | the same through a Store, for an engine whose files are not ours |
| snapshots.py | the layout of a backup, and the manifest of each of its snapshots |
| backing_up.py, restoring.py | into a backup, and out of one |
"""
