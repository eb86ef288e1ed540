"""The S3 protocol: signed requests to an engine, and the objects of a bucket by name. This folder knows no keys.

| file | holds |
|---|---|
| answers.py | the XML documents that an engine answers with, as elements and their fields |
| bucket.py | a bucket of an S3 engine, below a prefix: its objects by name |
| connections.py | kept connections, for requests whose content is in memory |
| listed.py | the answer to a list, read into columns in one pass |
| opening.py | opening a bucket with the credentials and settings that AWS programs use on this machine |
| place.py | the place of a store on an S3 engine, in the form that people write |
| probe.py | the test that an engine respects the conditions of writes; a bucket is used only after this test |
| proxies.py | the way to an engine through the proxy that the environment names |
| requests.py | the requests to an S3 engine: signed, over kept connections, with deadlines |
| signing.py | Signature Version 4 of the S3 protocol, for headers and for URLs |
| stored_checks.py | the checksums that an engine has stored of whole objects, compared with the bytes |
| threads.py | the threads in which a server waits for the engine, and the deadline of a call |
"""
