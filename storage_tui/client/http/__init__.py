"""One request to a server: the blocking and the asynchronous driver, retries, and the connection below them.

| file | holds |
|---|---|
| async_session.py | the asynchronous driver of calls: the same promises as `session.py`, on the running event loop |
| attempt.py | what both drivers do around one request, without I/O: URL and headers, redirects |
| heads.py | the heads of requests and of plain answers, written and read in one step |
| retry.py | when a request or a transfer is tried again, and after how long: the one place that decides it |
| session.py | the blocking driver of calls: runs one to its result, with token, retry, redirect and deadlines |
| transport.py | the blocking HTTP/1.1 connection below httpx: one socket, kept alive |
"""
