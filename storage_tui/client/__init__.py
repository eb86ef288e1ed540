"""How to call the Storage API: two facades, `Storage` and `AsyncStorage`, over one engine that moves bytes.

| file | holds |
|---|---|
| async_storage.py | `AsyncStorage`: the same calls as coroutines |
| buckets.py | what only buckets have, as calls: facts of objects, archives, unfinished uploads |
| calls.py | every call, written once and without I/O: yields a Request, receives the Response, returns a model |
| catalog_calls.py | the catalog's calls for `products`: the image of a blob, and deleting an image |
| control.py | pause, cancel and progress of one transfer |
| default_client.py | the default client of each class, made on first use |
| folding.py | folders and usage from the plain lists of a published server |
| log_part.py | one part of a growing log: whole lines, and how many of its bytes are stored |
| progress_watch.py | regular calls to a display while a transfer runs |
| moves.py | moves and copies on the server, by the calls that the server has |
| push_upload.py | an upload whose bytes are written while it runs, sent by a thread |
| read_lines.py | the lines of a shell and of Python libraries that read a blob elsewhere |
| requests.py | Request and Response, and the error for an error answer |
| storage.py | `Storage`: the blocking client |
| tasks.py | `TaskRun`: the log and the result that a task runner writes |
| agent/ | the process in which transfers go on after the program that asked for them has ended |
| access/ | the server that a client talks to, its token, and the embedded server of this machine |
| batch/ | many blobs moved: the plan of a batch, and the one scheduler |
| editing/ | a blob in an editor: the copy on this machine, and the way back without overwriting anybody |
| http/ | one request to a server: the blocking and the asynchronous driver, retries, and the connection below them |
| patterns/ | which blobs are meant: globs, limits of age and size, words, and the blobs that match |
| sync/ | folders and prefixes made equal: the plan, the comparison, the run |
| transfer/ | one blob moved: the engine, sources, part files, and the journal of unfinished transfers |
| undoing/ | what was deleted or overwritten: its list, the way back, and the undo of a session |
"""
