"""The database of a local store: its tables, and the rows of keys, upload sessions, sums and deletes.

| file | holds |
|---|---|
| audit.py | the audit log of a local store: rows that `local_rows.remove` writes in the transaction of the delete |
| listing.py | lists and sums over the keys of a local store, in byte order |
| pool.py | the threads of a local store that may block, by purpose: rows, lists and sums, files |
| possible.py | what a row of a local store can hold, and what no program of ours ever writes |
| rows.py | the rows of keys: finding, writing and removing them, with the rules of the storage types |
| schema.py | the tables of a local store's database, and its connections: one that writes |
| sessions.py | the rows of upload sessions: what is promised to arrive, and how much of it is durable |
| totals.py | the counters of a local store: count and bytes for each namespace and type |
"""
