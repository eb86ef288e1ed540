"""Several streams of one transfer, for a link that carries little over one connection.

| file | holds |
|---|---|
| blob_source.py | a blob of another store as the source of an upload |
| download.py | the ranges of a blob into one file, each over a connection of its own |
| part_calls.py | the calls for the parts of an upload, an addition to the published wire |
| round_trip.py | how far away the server is, by the shortest round trip |
| spans.py | which bytes of a blob have moved, which are under way and which are left |
| team.py | the threads that work on one transfer, and how they end together |
| upload.py | the parts of one upload session, each over a connection of its own |
| widening.py | the rule that decides how many streams a transfer has |
"""
