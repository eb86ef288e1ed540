"""The engine of one machine: SQLite names the keys that exist, files hold the bytes.

| file | holds |
|---|---|
| ballast.py | the ballast: a file that only takes up room, removed when the disk is full |
| blocks.py | checksums of the blocks of a blob file, so that a part can be checked without reading the whole blob |
| commit.py | the one thread that changes a local store: it publishes files and commits changes in groups |
| files.py | the bytes of a local store on disk: where each file is, and the order in which bytes become durable |
| lock.py | the lock of a data directory: one process at a time, by flock, on a file system with reliable locks |
| opening.py | how a local store opens its directory: for writing, or only for reading where the disk allows no more |
| reader.py | the reader of one blob: from memory for a small value, from an open file for a larger blob |
| records.py | the records of the local engine: one file each below DATA_DIR/records, replaced by rename |
| recovery.py | repairs when a local store starts, before any write: the part files of upload sessions |
| room.py | the reserve of free room on the disk, and a user's share of the room |
| seed.py | a local store filled at once, for demos and measurements: many blobs in one transaction |
| store.py | the Store on one machine |
| summing.py | the block checksums of a blob, from the database or made on the first read of a part |
| sweep.py | what a local store removes: expired blobs and sessions, files without a key, orphans |
| uploads.py | the upload sessions of a local store: found, written by one writer at a time, cancelled |
| writer.py | the writer of one upload session: pieces gather in memory and go to the part file in a thread |
| trash/ | blobs that were deleted or overwritten and can come back, until their retention ends |
| database/ | the tables of a local store, and the rows of keys, upload sessions, sums and deletes |
"""
