"""The storage engines: where the server keeps blobs. base.py holds the promises that every engine keeps. A new engine
is a folder here and joins the conformance suite.

| file | holds |
|---|---|
| abilities.py | what some engines can do beyond a Store |
| all_blobs.py | every blob of a storage type, page by page, on any engine |
| audit.py | the audit log: an entry for each deleted blob, with time, request and namespace |
| base.py | the Store and its promises |
| overview.py | the optional figures of an engine for operators |
| parking.py | one writer at a time for each upload session, or for each of its parts |
| parts.py | which parts an upload session takes |
| read_only.py | what a store refuses that is read only for good |
| records.py | records: the small documents that a server keeps beside its blobs, such as signing keys |
| rules.py | what every engine refuses, in the same words: type rules, preconditions, namespaces |
| totals.py | the optional counters of an engine, which make quotas exact |
| trash.py | the optional trash of an engine: deleted and overwritten blobs, kept for a while |
| walks.py | lists made by walks in threads, for the engines over folders and web servers |
| watched_record.py | the parsed value, in memory, of a record that other processes may change |
| bucket/ | the engine on somebody else's bucket, exactly as it is |
| folder/ | the engine over a folder of this machine as it is, read only |
| local/ | the engine of one machine: SQLite names the keys that exist, files hold the bytes |
| s3/ | the engine on a bucket of an S3-compatible service, shared by any number of servers |
| multipart/ | objects that go to an S3 engine in parts: their sizes, and the writer of upload sessions |
| web/ | the engine over an index of links or a static STAC catalog on a web server, read only and by range |
"""
