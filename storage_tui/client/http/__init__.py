"""One request to a server: the blocking and the asynchronous driver, retries, and the connection below them.

| file | holds |
|---|---|
| async_session.py | the asynchronous driver of calls: the same promises as `session.py`, on the running event loop |
| attempt.py | the work of both drivers around one request, without I/O: URL, headers, redirects, failures |
| heads.py | the heads of requests and of plain answers, written and read in one step |
| outage.py | whether the server answers: since when it does not, why, and when it is asked again |
| pace.py | how fast an engine moves bytes: a limit for each direction, shared by all its transfers |
| rates.py | limits as people write them: `10M`, `10M:2M`, `off` |
| retry.py | the one place that decides whether and when a request or transfer is tried again |
| session.py | the blocking driver of calls: runs a call to its result, with token, retry, redirect and deadlines |
| transport.py | the blocking HTTP/1.1 connection below httpx: one socket, kept alive |
"""
