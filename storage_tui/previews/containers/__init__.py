"""Shared by the formats with members: trees of members, and compressed streams.

| file | holds |
|---|---|
| streams.py | compressed streams unpacked up to a limit: all members, streams and frames |
| tar_headers.py | the headers of a tar of any kind: members, links, sparse files, joined archives |
| tree.py | members of an archive as a tree of folders with sizes |
| zip_directory.py | the central directory of a zip, found from its last bytes |
"""
