"""The process of a server: start, listening sockets, logs and stop.

| file | holds |
|---|---|
| embedded.py | the server's half of the embedded protocol: one server for each data directory and user |
| engine.py | an engine: the place of the blobs, and the records beside them |
| listener.py | the HTTP listener: granian inside this process and event loop |
| logs.py | the logs: lines of text or JSON, bounded, without secrets |
| old_places.py | what servers of places have left on this machine, removed after a month |
| operating.py | the choices of the operator: logs, certificate, token for metrics, notice before the stop |
| serve.py | `storage-tui serve`: start and stop of the store, the application and the listener together |
"""
