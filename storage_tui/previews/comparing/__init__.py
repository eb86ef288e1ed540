"""Two blobs beside each other: whether they are equal, and what differs.

| file | holds |
|---|---|
| compare.py | the comparison: checksums first, then text, facts, and the first byte that differs |
| facts.py | the facts and lines of two previews in pairs |
| line_diff.py | a unified diff of two texts, bounded in time |
| walk.py | the bytes of two blobs side by side, to the first byte that differs |
"""
