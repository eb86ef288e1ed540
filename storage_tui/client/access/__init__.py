"""Which server a client talks to, with which token, and how the embedded server of this machine is joined.

| file | holds |
|---|---|
| belonging.py | which server a token belongs to: no token, and nothing that is turned into one |
| credentials.py | where the token comes from: arguments, the environment |
| embedded.py | start or join the embedded server of a data directory |
| iam.py | the IAM endpoint: a refresh token against a fresh JWT |
| quick_get.py | one GET to the embedded server, for what wants an answer before a client could be loaded |
| quick_list.py | the first page of the embedded store's list with the standard library alone |
| server_choice.py | which server a client is of: what its arguments name, else the environment |
| servers.py | where the server is and what token it takes: what a session asks before each request |
| token_files.py | files that hold a token or a login: never read where others may read them, and never left so |
"""
