"""Where blobs are kept. base.py holds the promises; a new engine is a folder here and joins the conformance suite.

| file | holds |
|---|---|
| all_blobs.py | every blob of a storage type, page by page, on any engine |
| audit.py | the audit log: every blob that was deleted by a call, when, by which request, out of whose namespace |
| base.py | the Store and its promises |
| overview.py | what an engine can tell to those who run it, beside being a Store |
| parking.py | one writer at a time for each upload session |
| records.py | records: the small documents a server keeps beside its blobs, such as signing keys |
| rules.py | what every engine refuses, in the same words: type rules, preconditions, namespaces |
| totals.py | what an engine may offer beyond a Store so that quotas are exact: counters |
| watched_record.py | a record that other processes may change: its parsed value in memory |
| local/ | the engine of one machine: SQLite says which keys exist, files hold the bytes |
| s3/ | the engine on a bucket of an S3-compatible service, which any number of servers may share |
"""
