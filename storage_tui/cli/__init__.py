"""The command line: flags to Settings to a client, the browser or the server. The only floor that knows all others.

| file | holds |
|---|---|
| main.py | the command and its errors |
| first_look.py | the list on the screen before anything else is loaded |
| options.py | the flags every command shares, and how they become a Storage |
| output.py | exit codes, sizes and names for people, progress on a terminal |
| browse.py | the browser, which a bare `storage-tui` starts |
| blobs.py | ls, cat, url, du, rm, cp |
| transfer.py | get and put, single blobs and folders |
| resuming.py | resume: what was not finished |
| moving.py | how a batch runs: its gauge, its lines, signals |
| web.py | the browser in a web page |
| completion.py, words.py | TAB in bash, zsh and fish, and what it offers |
| configuring.py, environment.py | config: every setting and environment name, and where it came from |
| manual.py | man: the manual page, made from the commands |
| serving.py | serve, token |
"""
