"""The trash of a local store: blobs that were deleted or overwritten, until their retention ends.

| file | holds |
|---|---|
| gone.py | the rows of gone blobs: noted in the transaction in which a blob leaves its key, listed, found |
| retention.py | the end of retention: by time, by the bounds of a user, by the room on the disk |
| trash.py | the `Trash` of the store: lists, brings back, purges |
"""
