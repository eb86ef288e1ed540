"""The command line: flags to Settings to a client, the browser or the server. The only floor that knows all others.

| file | holds |
|---|---|
| first_look.py | the list on the screen before anything else is loaded |
| leading_flags.py | what may stand before a command on the command line |
| main.py | the command and its errors |
| moving.py | how a batch runs: its gauge, its lines, signals |
| options.py | the flags every command shares, and how they become a Storage |
| output.py | exit codes, sizes and names for people, progress on a terminal |
| piping.py | bytes through pipes: standard input and output, and what `<(…)`, `>(…)` and /dev/stdout name |
| printing.py | the one door to standard output and standard error: safe on a terminal, exact in a pipe |
| settings.py | settings: one frozen dataclass; defaults, then the file, then the environment, then flags |
| standard_streams.py | standard streams that the caller closed, as `ls >&-` does, and output that cannot be written |
| store_choice.py | which store the flags of a command mean: flags to Settings, and Settings to a client |
| words.py | what may stand at the cursor: storage types, keys and folders as the server tells them now, local files |
| commands/ | the commands of everybody, one group of related commands a file |
| operators/ | the commands of those who run a server |
"""
