"""Which blobs a command takes: patterns and limits on the command line; and the commands that search.

| file | holds |
|---|---|
| choosing.py | the blobs that a location with a pattern means, for every command |
| colours.py | colours of names on a terminal, by LS_COLORS |
| finding.py | `storage-tui find`: the blobs that words and limits describe |
| gone.py | what a location with a pattern means in the trash |
| grep.py | `storage-tui grep`: the lines of blobs that match a regular expression |
| grep_lines.py | the lines that grep prints, for people and scripts |
| limits.py | the options `--older-than 3d`, `--larger 1G` and the like |
| listing.py | `storage-tui ls`: keys and folders, sorted, in columns and colours on a terminal |
| spool.py | the blobs of one deletion, counted before the question, in bounded memory |
| straight.py | the list of a bucket, straight from its engine while no server of the place runs |
| tree.py | `storage-tui tree`: the folders below a location with their counts and sizes |
"""
