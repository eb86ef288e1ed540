"""The engine on somebody else's bucket, exactly as it is: the names of objects are keys, byte for byte.

| file | holds |
|---|---|
| bulk.py | deletes of many objects by one request |
| changes.py | a change of one object under a precondition |
| connecting.py | the connection to a bucket: endpoint, form of addresses, signatures; the names of all buckets |
| copies.py | copies and moves of objects inside the engine |
| extras.py | what only buckets have: metadata and tags, archives, unfinished uploads |
| identity.py | who asks, and where: credentials, region and endpoint out of the sources of AWS programs |
| objects.py | objects as blobs |
| options.py | how a bucket is reached, as people say it |
| other_buckets.py | the buckets from which objects are copied into the bucket of a store |
| refusals.py | what a refusal of a bucket means, as one line with the next step |
| sessions.py | upload sessions, as private files of this machine |
| store.py | the Store, and what it promises less |
| upload_state.py | the state of one upload session: bytes that are too few for a part wait in private files |
| uploads.py | the upload sessions: begun, found, written by one request at a time, cancelled |
| versions/ | the versions that a bucket keeps, as its trash |
| lists/ | lists and sums over the objects, from the engine's lists alone |
| every/ | all buckets of a person as one place |
| types/ | storage types as prefixes of the bucket, with the expiry of its lifecycle rules |
"""
