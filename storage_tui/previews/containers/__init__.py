"""Shared by the formats with members: trees of members.

| file | holds |
|---|---|
| tree.py | members of an archive as a tree of folders with sizes |
"""
