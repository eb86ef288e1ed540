"""Where blobs are kept. base.py holds the promises; a new engine is one file here and joins the conformance suite.

| file | holds |
|---|---|
| base.py | the Store and its promises |
| local.py | one machine: SQLite for what exists, files for the bytes; its table names the `local_…` files |
| s3.py | a bucket that any number of servers share; its table names the `s3_…` files |
| records.py, local_records.py | the small documents beside the blobs, and how each engine keeps them |
| audit.py, local_audit.py | the log of deletes |
| counting.py, overview.py | what an engine may offer besides: exact counters, and the store as a whole |
| walking.py | every blob of a storage type, page by page |
| parking.py | one writer at a time for each upload session |
"""
