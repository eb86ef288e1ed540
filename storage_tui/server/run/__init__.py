"""The process of a server: how it starts, listens, tells what happens, and ends.

| file | holds |
|---|---|
| embedded.py | the server's half of the embedded protocol: one server for each data directory and user |
| engine.py | an engine: where blobs are kept, and the records beside them |
| listener.py | the HTTP listener: granian inside this process and event loop |
| logs.py | what the server writes for people and programs to read: lines of text or JSON, bounded, without secrets |
| operating.py | how a server is run, beside what it serves: its logs, its certificate, who may read its metrics |
| serve.py | `storage-tui serve`: the store, the application and the listener put together, and how they come and go |
"""
