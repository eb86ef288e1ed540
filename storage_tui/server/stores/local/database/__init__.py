"""The database of a local store: its tables, and the rows of keys, upload sessions, sums and deletes.

| file | holds |
|---|---|
| audit.py | the audit log: rows that `rows.remove` writes in the transaction of the delete |
| listing.py | lists and sums over the keys, in byte order |
| moves.py | rows moved from key to key, and copies of small values |
| parts.py | the rows of the parts of upload sessions: which bytes are durable beyond those of the session |
| pool.py | the threads that may block, by purpose: rows, lists and sums, counts, files, upkeep |
| possible.py | what a row can hold, to find rows that no program of ours ever writes |
| rows.py | the rows of keys: finding, writing and removing them, with the rules of the storage types |
| schema.py | the tables, and the connections: one connection writes, the others only read |
| sessions.py | the rows of upload sessions: what is announced, and how many bytes are durable |
| totals.py | the counters: count and bytes for each namespace and type |
"""
