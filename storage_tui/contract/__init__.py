"""What the Storage API is: types, keys, models, errors and wire forms, with no I/O.

| file | holds |
|---|---|
| catalog.py | ids of the catalog in front of `products`, and the keys of an image's files |
| checksum.py | crc32c as the wire writes it |
| columns.py | the pages of long lists, a column each of what is told of a key |
| counts.py | counts as people read them, in every place that tells one |
| errors.py | the StorageError tree: status, code and retryability on each class |
| keys.py | what a key may be; key to URL path and back; virtual folders |
| models.py | Blob, Page, Usage …: frozen dataclasses and their JSON |
| moments.py | moments as people read them, in the time of where they are, and as numbers |
| packs.py | many small blobs in one body |
| sizes.py | bytes as people read them, in every place that tells a size: decimal units, as disks and networks count |
| storage_types.py | one row per storage type and its rules |
| tables.py | rows of text as an HTML table, for notebooks |
| tasks.py | results and logs: which blob is whose log |
| token_scope.py | what a token opens, as its bearer is told |
| visible.py | make untrusted text safe to draw: what a terminal would obey or hide is shown as an escape |
| wire.py | paths, header names, Range and Content-Range forms |
"""
