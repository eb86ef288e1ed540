"""How to call the Storage API: `Storage` and `AsyncStorage`, and the folders they stand on.

| file | holds |
|---|---|
| storage.py, async_storage.py | the two clients, one short method a call |
| batch/ | many blobs moved: what a batch is to move, and the one scheduler |
| transfer/ | one blob moved: the engine, sources, part files, and the journal of what was cut off |
| calls.py | every call once, without I/O: yields a Request, receives the Response, returns a model |
| catalog.py | the calls of the catalog that a browser of `products` needs |
| requests.py | Request and Response, and what an error answer becomes |
| session.py, async_session.py | the two drivers of calls: token, retry, deadlines |
| exchange.py | what both do around one request: URL, headers, redirect, errors |
| retry.py | when to try again, and after how long |
| heads.py | the heads of requests and plain answers, without a parser |
| transport.py | the blocking HTTP/1.1 connection below httpx that moves blobs |
| quick_get.py, quick_list.py | one page from the embedded server before a client is loaded |
| servers.py, embedded.py, server_choice.py | where the server is: an address, or the embedded one to start or join |
| credentials.py, iam.py, secret_files.py | tokens: where they come from, how they are kept out of sight |
| control.py | pause, cancel and progress of one transfer |
| folding.py | folders and usage out of the plain lists of a published server |
| feed.py | an upload whose bytes come while it runs |
| watching.py | looks at a running transfer now and then, for a display |
| tasks.py, log_part.py | what a task runner writes: its log as it grows, its result |
"""
