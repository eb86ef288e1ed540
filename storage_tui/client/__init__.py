"""How to call the Storage API: `Storage` and `AsyncStorage`, and the engine that moves bytes.

| file | holds |
|---|---|
| storage.py, async_storage.py | the two clients, one short method a call |
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
| control.py | pause, resume, cancel and progress of one transfer |
| uploads.py, sources.py | a file or stream into a blob over the resumable session |
| file_upload.py | a file by name, which a later process can go on with |
| content_types.py | the content type that the name of a file tells |
| journal.py | the transfers that were begun and not ended: `unfinished`, `forget` |
| waiting.py | what was asked for and has not begun yet |
| local_tree.py | folders below a chosen root, never through a symbolic link |
| downloads.py, blob_stream.py, part_file.py, early_sync.py | a blob into a file that appears only when it is whole |
| folding.py | folders and usage out of the plain lists of a published server |
| batch_plan.py, batch.py, progress.py | many files as one: count, room and conflicts first, then a few at once |
| mover.py | one item of a batch moved to its end |
| packs.py, part_commits.py | small files: many in one request, made durable several at once |
| feed.py | an upload whose bytes come while it runs |
| watching.py | looks at a running transfer now and then, for a display |
| tasks.py, log_part.py | what a task runner writes: its log as it grows, its result |
| folders.py | which keys a local folder becomes, and which names keys become |
"""
