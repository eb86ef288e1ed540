"""SQL over blobs by DuckDB, which the extra `sql` installs: read only, in a process of its own that can open nothing.

The process has the statement and the names of the blobs. It asks this side for each range that DuckDB reads, can open
no file and no connection, writes nothing and starts no program. This side ends it when nobody waits for the answer.

    answer = Query(statement, blobs, read=read).run()      # blobs: names in the statement, with their sizes

| file | holds |
|---|---|
| process.py | the process: `python -m storage_tui.previews.querying.process` |
| query.py | one query: starts the process, reads for it, and returns the rows as they come |
| of_table.py | a query over one table, without a blocked event loop, and its answer as a table |
| statement.py | the texts of a statement that stand where a table stands, and other names in their place |
| written.py | the rows that a table shows, written as SQL |
"""
