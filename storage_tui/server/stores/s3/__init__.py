"""The engine on a bucket of an S3-compatible service, which any number of servers may share.

| file | holds |
|---|---|
| audit.py | the audit log of a bucket: small objects below `audit/`, named by the time at which each was written |
| blobs.py | blobs as objects of a bucket: one object a key, named by `s3_names` |
| changes.py | a change of one object under the rule of its type and a precondition |
| listing.py | lists and sums over the blobs of a bucket, in byte order, from lists of the engine alone |
| names.py | how keys are named in a bucket: reversibly |
| reader.py | reading one blob of a bucket: its first bytes come with its description, the rest when it is asked for |
| records.py | records of an S3 engine: an object each below `records/`, changed under the engine's conditions |
| sessions.py | upload sessions in a bucket |
| store.py | a Store on a bucket of an S3 engine and nothing else: any number of servers may share it |
| sweep.py | what a store on a bucket clears away: expired blobs, upload sessions that were given up |
| uploads.py | the upload sessions of a bucket: begun, found, written by one request at a time, cancelled |
| usage.py | usages of a bucket that are remembered for a while: an engine can only be asked for all names |
| writer.py | the writer of one upload session: bytes gather in memory until they are a part |
| protocol/ | The S3 protocol itself: signed requests to an engine, and the objects of a bucket by name |
"""
