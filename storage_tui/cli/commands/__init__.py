"""The commands of everybody, one group of related commands a file.

| file | holds |
|---|---|
| blobs.py | the commands that look at blobs and remove them: ls, cat, cp, rm, du, url |
| browse.py | the command that a bare `storage-tui` runs: open the browser |
| completion.py | completion for bash, zsh and fish: commands, flags, and the keys that are there right now |
| config.py | `storage-tui config`: every setting, its value and where that came from |
| environment.py | every environment name that the program and the client read, in one table: for `config` |
| help.py | `storage-tui help TOPIC`: the pages that stand beside the code, and the help of every command |
| manual.py | `storage-tui man`: the manual page, made from the commands as they are |
| resume.py | `storage-tui resume`: what earlier commands and sessions of the browser began, or had waiting |
| shell_words.py | the quotes of bash and zsh: what a line that is being typed says |
| transfer.py | the commands that move bytes: get and put, for single blobs and for folders |
| web.py | `storage-tui web`: the browser in a web page of this machine |
"""
