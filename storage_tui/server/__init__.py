"""The server of the Storage API: an ASGI application over a Store.

| file | holds |
|---|---|
| app.py | the ASGI application: route table, the one layer of authentication, and errors turned into answers |
| access/ | who may do what: one layer in front of every route, and the records that the layer reads |
| catalog/ | the catalog in front of `products` |
| http/ | HTTP for the handlers: requests, strictly parsed and with deadlines, and responses |
| limits/ | memory, threads and turns, shared fairly by user |
| quotas/ | how much each user may store and request |
| resources/ | what the wire offers, one resource a file: the handlers of requests |
| run/ | the process of a server: start, listening sockets, logs and stop |
| stores/ | the engines that keep the blobs |
| upkeep/ | verification, backup and restore of a data directory |
"""
