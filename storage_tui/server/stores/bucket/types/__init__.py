"""Storage types as prefixes of somebody else's bucket.

| file | holds |
|---|---|
| extras.py | archives, tags and unfinished uploads of each type |
| lifecycle.py | when objects expire, by the bucket's own rules |
| mapped.py | the Store in which each storage type is a prefix |
| names.py | a storage type of such a Store, and its blobs in the words of the caller |
| trash.py | the versions below each prefix, as the trash of its type |
"""
