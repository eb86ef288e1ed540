"""Lists and sums over the objects of somebody else's bucket, from the engine's lists alone.

| file | holds |
|---|---|
| counting.py | the sums of a usage, and the parts of a bucket that are counted side by side |
| kept.py | lists that go on: what a page left over, and what was asked for ahead, for the request after it |
| listing.py | the pages and sums, as a Store promises them |
| rows.py | keys and child prefixes of a list in columns |
| trees.py | lists in byte order from an engine that keeps names as a tree of folders |
"""
