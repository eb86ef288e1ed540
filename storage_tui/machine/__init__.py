"""This machine, for every part of the program: directories, private files, secrets, and starting other programs.

Nothing here imports another part of the project.

| file | holds |
|---|---|
| begin.py | the first lines of a started Python: find and run the package |
| directories.py | the directories of data, runtime sockets, state and settings |
| interpreters.py | the command line and environment of every Python that this program starts |
| precedence.py | which process comes first on the processors and disks |
| private_files.py | files and folders that only their owner may read, and writes that are whole or not at all |
| processors.py | how busy the processors of this machine are |
| programs.py | other programs by name: a browser, a pager, an editor |
| renames.py | a rename that never replaces what has the new name |
| secrets.py | secrets in memory, which logs, tracebacks and debuggers show as `***` |
| terminal_programs.py | a program of the user's choice, such as an editor, on the terminal of this program |
| text_files.py | the text of files that people write, with or without a byte-order mark |
| version.py | the version of this program |
"""
