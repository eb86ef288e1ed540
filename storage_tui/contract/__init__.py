"""What the Storage API is: types, keys, models, errors and wire forms, with no I/O.

| file | holds |
|---|---|
| storage_types.py | one row per storage type and its rules |
| keys.py | what a key may be; key to URL path and back; virtual folders |
| models.py | Blob, Page, Usage …: frozen dataclasses and their JSON |
| errors.py | the StorageError tree: status, code and retryability on each class |
| wire.py | paths, header names, Range and Content-Range forms |
| tables.py | models as HTML tables, sizes for people |
| checksum.py | crc32c as the wire writes it |
"""
