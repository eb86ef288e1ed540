"""The engine of one machine: SQLite says which keys exist, files hold the bytes.

| file | holds |
|---|---|
| ballast.py | ballast: a file that only takes up room, given up when the disk is full |
| blocks.py | checksums of the blocks of a blob file, so that a part of it can be checked without reading all of it |
| commit.py | the one thread that changes a local store: it takes what is ready, renames, syncs folders |
| files.py | the bytes of a local store on disk: where each file is, and the order in which they become durable |
| lock.py | who owns a data directory: one process at a time, by flock, on a file system where that can be relied on |
| opening.py | how a local store takes its directory: to write |
| reader.py | reading one blob of a local store: from memory for a small value, from an open file for the rest |
| records.py | records of the local engine: a file each below DATA_DIR/records, replaced by rename |
| recovery.py | what a local store puts right when it starts, before anyone may write |
| room.py | room on the disk: a reserve is kept free |
| seed.py | a local store filled at once, for demos and measurements: no session, no group |
| store.py | a Store on one machine: SQLite says which keys exist, files hold the bytes of all but small values |
| summing.py | the block checksums of a blob, found in the database |
| sweep.py | what a local store clears away: expired blobs and sessions, files that no key names any more, orphans |
| uploads.py | the upload sessions of a local store: begun, found, written by one writer at a time, cancelled |
| writer.py | the writer of one upload session: small pieces gather in memory, go to the part file in a thread |
| database/ | the database of a local store: its tables, and the rows of keys, upload sessions, sums and deletes |
"""
