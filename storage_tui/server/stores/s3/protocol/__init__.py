"""The S3 protocol itself: signed requests to an engine, and the objects of a bucket by name. Nothing here knows a key.

| file | holds |
|---|---|
| answers.py | the XML documents that an engine answers with, as elements and their fields |
| bucket.py | a bucket of an S3 engine, below a prefix: its objects by name |
| opening.py | opening a bucket with the credentials and settings that AWS programs use on this machine |
| place.py | the place of a store on an S3 engine, as people write it |
| probe.py | does an engine hold its conditional writes? A bucket is used only after it has shown that it does |
| requests.py | the requests to an S3 engine: signed, over kept connections, with deadlines |
| signing.py | Signature Version 4 of the S3 protocol: of a request's headers |
| threads.py | the threads in which a server waits for the engine, and the deadline after which it stops waiting |
"""
