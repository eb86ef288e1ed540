"""How to call the Storage API: two facades, `Storage` and `AsyncStorage`, over one engine that moves bytes.

| file | holds |
|---|---|
| async_storage.py | `AsyncStorage`: the same calls as coroutines |
| calls.py | every call once, without I/O: yields a Request, receives the Response, returns a model |
| catalog_calls.py | the calls of the catalog that a browser of `products` needs: whose file a blob is |
| control.py | pause, cancel and progress of one transfer |
| folding.py | folders and usage out of the plain lists of a published server |
| log_part.py | one part of a log while it grows: whole lines, and how many bytes of them are stored |
| progress_watch.py | looks at a running transfer now and then, for whoever shows how far it is |
| push_upload.py | an upload whose bytes come while it runs: what is written is sent by a thread |
| requests.py | Request and Response, and what an error answer becomes |
| storage.py | `Storage`: the blocking client |
| tasks.py | `TaskRun`: what a task runner writes while a task runs |
| access/ | which server a client talks to, with which token, and how the embedded server of this machine is joined |
| batch/ | many blobs moved: what a batch is to move, and the one scheduler |
| http/ | one request to a server: the blocking and the asynchronous driver, retries, and the connection below them |
| transfer/ | one blob moved: the engine, sources, part files, and the journal of what was cut off |
"""
