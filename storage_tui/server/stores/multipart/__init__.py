"""Objects that go to an S3 engine in parts, for both engines over buckets: how large the parts are, and the one writer
of an upload session.

| file | holds |
|---|---|
| content.py | the bytes of one part in order: those that are kept elsewhere, then those in memory |
| sizes.py | how large the parts of an object are, so that S3's 10,000 parts hold it |
| writer.py | the writer of an upload session: bytes gather until they are a part, which goes to the engine |
"""
