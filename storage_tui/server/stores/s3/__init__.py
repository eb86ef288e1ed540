"""The engine on a bucket of an S3-compatible service, which any number of servers may share.

| file | holds |
|---|---|
| audit.py | the audit log of a bucket: small objects below `audit/`, each named by the time of its writing |
| blobs.py | blobs as objects of a bucket: one object for each key, named by names.py |
| changes.py | a change of one object under the rule of its type and a precondition |
| listing.py | lists and sums over the blobs of a bucket, in byte order, from the engine's lists alone |
| memory.py | the memory for bytes of uploads that the engine does not have yet, shared by user |
| moved_times.py | the times of blobs that a migration brought |
| names.py | reversible names of keys in a bucket |
| reader.py | the reader of one blob: the first bytes come with the description, the rest on demand |
| records.py | the records of an S3 engine: one object each below `records/`, changed under the engine's conditions |
| sessions.py | the objects of upload sessions in a bucket |
| store.py | the Store on a bucket, which any number of servers may share |
| sweep.py | what a store on a bucket removes: expired blobs, abandoned upload sessions, old audit entries |
| ledger/ | sums that are kept as blobs change, and what expires by day: neither lists everything |
| trash/ | copies of deleted and overwritten objects, until their day is past |
| upload_state.py | the state of one upload session: its object, and pieces for bytes that are too few for a part |
| uploads.py | the upload sessions of a bucket: begun, found, written by one request at a time, cancelled |
| usage.py | usages of a bucket that are remembered for a while, as an engine can only list all names |
| protocol/ | the S3 protocol: signed requests to an engine, and the objects of a bucket by name |
"""
