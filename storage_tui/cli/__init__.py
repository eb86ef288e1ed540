"""The command line: flags to Settings to a client, the browser or the server. The only floor that knows all others.

| file | holds |
|---|---|
| folder_hints.py | the words about folders where a blob was expected, and the rule for names of folders |
| live_line.py | the progress of transfers while they run: one live line, or a line every ten seconds |
| main.py | the command and its errors |
| background.py | `--background`: a plan that is handed to the transfer agent |
| new_profile.py | a new profile, appended to the settings file |
| moving.py | the run of a batch: its lines, signals |
| options.py | the flags that every command shares, and how they become a Storage |
| output.py | exit codes, times and durations for people |
| piping.py | bytes through pipes: standard input and output, and the paths of `<(…)`, `>(…)` and /dev/stdout |
| places.py | the places among the words of a command, such as s3://BUCKET/KEY and ./DIR |
| printing.py | the only way to standard output and standard error: safe on a terminal, exact in a pipe |
| settings.py | settings: one frozen dataclass; defaults, then the file, then the environment, then flags |
| standard_streams.py | standard streams that the caller closed, and output that cannot be written |
| store_choice.py | the store that the flags of a command mean: flags to Settings, and Settings to a client |
| way_back.py | how deleted and overwritten blobs come back: the words after a command that deleted or overwrote them |
| words.py | the words for completion: storage types, keys and folders from the server, local files |
| commands/ | the commands for everybody, one group of related commands a file |
| operators/ | the commands for people who run a server |
| search/ | which blobs a command takes, by pattern and limit; the commands that list and search |
| start/ | what happens before a command runs: the flags before it, the first list on the screen |
| about/ | the commands about the program: settings, help, manual page, completion |
"""
