"""The command line: flags to Settings to a client, the browser or the server. The only floor that knows all others.

| file | holds |
|---|---|
| main.py | the command and its errors |
| standard_streams.py, piping.py | standard streams that are closed or full, and bytes through pipes |
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
| engine_options.py, operating_options.py | the flags of the commands for operators, and of `serve` alone |
| serving.py | serve |
| tokens.py, quotas.py, user_names.py | token and quota: who may, how much, and what users are called |
| migrating.py | migrate: a store of this machine into a bucket |
| operations.py | verify, backup, restore, audit |
| doctor.py, checks.py, bucket_checks.py | doctor: what it looks at on this machine, and in a bucket |
"""
