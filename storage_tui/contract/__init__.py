"""What the Storage API is: types, keys, models, errors and wire forms, with no I/O.

| file | holds |
|---|---|
| storage_types.py | one row per storage type and its rules |
| keys.py | what a key may be; key to URL path and back; virtual folders |
| catalog.py | ids of the catalog in front of `products`, and the keys of an image's files |
| tasks.py | results and logs: which blob is whose log |
| token_scope.py | what a token opens, as its bearer is told |
| models.py | Blob, Page, Usage …: frozen dataclasses and their JSON |
| errors.py | the StorageError tree: status, code and retryability on each class |
| wire.py | paths, header names, Range and Content-Range forms |
| packs.py | many small blobs in one body |
| columns.py | the pages of long lists, a column each of what is told of a key |
| tables.py | rows of text as an HTML table, for notebooks |
| sizes.py, counts.py, moments.py | bytes, counts and times as people read them, and times as numbers |
| checksum.py | crc32c as the wire writes it |
"""
