"""The commands about the program: its settings, its help, its manual page, the completion of its words.

| file | holds |
|---|---|
| completion.py | completion for bash, zsh and fish: commands, flags and existing keys |
| config.py | `storage-tui config`: every setting, its value and the place of the value |
| environment.py | the table of all environment names that the program and the client read |
| help.py | `storage-tui help TOPIC`: the pages beside the code, and the help of every command |
| manual.py | `storage-tui man`: the manual page, made from the commands |
| shell_words.py | the quotes of bash and zsh, for reading a line that is being typed |
"""
