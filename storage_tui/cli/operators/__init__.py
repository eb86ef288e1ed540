"""The commands for people who run a server.

| file | holds |
|---|---|
| bucket_checks.py | the checks of `storage-tui doctor --store`: the engine that holds a bucket |
| checks.py | the checks of `storage-tui doctor`: each is one function that yields lines of ok, warn or fail |
| doctor.py | `storage-tui doctor`: runs the checks, and prints what to do about failures |
| engine_options.py | the flags that choose the engine of a command for operators, and the records of that engine |
| logout.py | whether the system ends the processes of a user at logout |
| migrate.py | `storage-tui migrate`: a store of this machine into a bucket |
| operating_options.py | the flags of `serve` for running the server: TLS, logs, metrics, and the end |
| operations.py | the commands for a data directory: verify, backup, restore, audit |
| quotas.py | `storage-tui quota`: how much users may store and request |
| serve.py | `storage-tui serve`: its flags for the place, for access and for running |
| tokens.py | `storage-tui token`: make, list and revoke tokens and logins, and replace the keys that sign them |
| user_names.py | the names of users for commands that find blobs by namespace |
"""
