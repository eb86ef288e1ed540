"""The commands of those who run a server.

| file | holds |
|---|---|
| bucket_checks.py | what `storage-tui doctor --store` looks at: the engine that holds a bucket |
| checks.py | what `storage-tui doctor` looks at: each check is one function that tells lines of ok, warn or fail |
| doctor.py | `storage-tui doctor`: looks at all that has to be right, and says what to do about what is not |
| engine_options.py | the flags that say which engine a command for operators works on, and its records |
| migrate.py | `storage-tui migrate`: a store of this machine into a bucket |
| operating_options.py | the flags of `serve` that say how the server is run: TLS, logs, metrics, and how it ends |
| operations.py | the commands for those who look after a data directory: verify, backup, restore, audit |
| quotas.py | `storage-tui quota`: what users may store and ask for |
| serve.py | `storage-tui serve`: flags into a place, who may, and how it is run |
| tokens.py | `storage-tui token`: make, list and revoke tokens and logins, and replace the keys that sign them |
| user_names.py | the names of users for commands that find blobs by namespace |
"""
