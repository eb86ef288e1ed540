"""The server that a client talks to, its token, and how a client joins the embedded server of this machine.

| file | holds |
|---|---|
| auth_object.py | the token of an object that renews it by itself, such as the published `Auth` |
| belonging.py | the server to which a token belongs; no token goes to another server |
| credentials.py | the places of the token: arguments, environment, the file of a login |
| embedded.py | starting or joining the embedded server of a data directory |
| iam.py | the IAM endpoint: a new JWT for a refresh token |
| place_access.py | how a client reaches a place: the socket of its server, and what that server is given |
| quick_get.py | one GET to the embedded server, faster than loading a client |
| quick_list.py | the first page of the embedded store's list, with the standard library alone |
| runtime_folder.py | the private folder of a socket, and the environment of a process started for this user |
| server_choice.py | the server that arguments or environment name |
| servers.py | the address and token of a server, which a session reads before each request |
| token_files.py | files with a token or a login, which only their owner may read |
"""
