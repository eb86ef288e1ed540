"""This machine, for every part of the program: directories, private files, secrets, and the programs that are started.

Nothing here imports another part of the project.

| file | holds |
|---|---|
| begin.py | the first lines of such a Python: where the package is found |
| directories.py | where things live on this machine: data, runtime sockets, state and settings |
| interpreters.py | the command line and environment of every Python that this program starts |
| private_files.py | files and folders that only their owner may read, and bytes written whole |
| programs.py | other programs by name: a browser, a pager, an editor |
| secrets.py | secrets in memory: a value that logs, tracebacks and debuggers show as `***` |
| version.py | the version of this program, read by the build too |
"""
