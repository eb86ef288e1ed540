"""What the Storage API is: types, keys, models, errors and wire forms, with no I/O.

| file | holds |
|---|---|
| catalog.py | ids of the catalog in front of `products`, and the keys of an image's files |
| checksum.py | crc32c as the wire writes it |
| columns.py | the page of a long list as columns: names, sizes, times |
| counts.py | counts as people read them: `14,000 blobs` |
| errors.py | the StorageError tree: status, code and retryability on each class |
| keys.py | what a key may be; the keys of a task's result and log; key to URL path and back; virtual folders |
| models.py | Blob, Page, Usage …: frozen dataclasses and their JSON |
| moments.py | moments in local time, as milliseconds since 1970, and as dates of HTTP |
| moves.py | moves and copies of blobs: what is wanted of each, and what became of it |
| packs.py | packs: many small blobs in one body |
| places.py | what a person opens as it is: a bucket, a folder, a part of the web; how a server describes it |
| sizes.py | sizes as people read them, in decimal units as disks and networks use them |
| storage_types.py | one row per storage type and its rules |
| trash.py | deleted and overwritten blobs that can be brought back, and the results of doing so |
| visible.py | untrusted text made safe to draw: on a terminal, and as an HTML table in a notebook |
| wire.py | paths, header names, and the forms of Range and Content-Range |
"""
