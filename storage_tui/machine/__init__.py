"""What every part of the program shares about this machine: the programs that are started here, and how.

| file | holds |
|---|---|
| interpreters.py | the command line and environment of every Python that this program starts |
| begin.py | the first lines of such a Python: where the package is found |
| private_files.py | files and folders that only their owner may read, and bytes written whole |
| programs.py | other programs by name: a browser, a pager, an editor |

Nothing here imports another part of the project, so that every part may use it.
"""
