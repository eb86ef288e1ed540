"""Exact names: a server whose store takes any name, as a bucket that other programs fill does.

| file | holds |
|---|---|
| awkward.py | the names, and how a value says which name it is of |
| conftest.py | a server that takes any name, and a client of it |
| test_calls.py | each name through every call of both clients |
| test_local.py | each name into a local folder and back, and never out of the folder |
| test_ways_in.py | the command line, the browser and fsspec with such names, and servers that refuse them |
"""
