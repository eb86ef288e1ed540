"""Patterns: which blobs somebody means by `*`, `**`, `>3d` and words. No output, no widget.

| file | holds |
|---|---|
| conditions.py | limits of age, size and expiry: `>3d`, `<24h`, `>1GB` |
| globs.py | `*`, `?`, `[…]`, `{a,b}` and `**` over keys, as a regular expression that always ends soon |
| select.py | the blobs and folders of a location with a pattern, listing only the prefixes that can match |
| words.py | the one pattern language: words, globs and limits, that must all match |
"""
