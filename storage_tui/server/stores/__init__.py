"""Where blobs are kept. base.py holds the promises; a new engine is one file here and joins the conformance suite.

| file | engine |
|---|---|
| local.py | one machine: SQLite for what exists, files for the bytes |
"""
