"""How the Storage API is served: an ASGI application over a Store.

| file | holds |
|---|---|
| app.py | the ASGI application: route table, the one layer of authentication, and errors turned into answers |
| access/ | who may do what: one layer in front of every route, and the records it goes by |
| catalog/ | the catalog in front of `products` |
| http/ | HTTP as the handlers see it: what came, strictly parsed with its deadlines, and what goes out |
| limits/ | memory, threads and turns, shared fairly by user |
| quotas/ | how much |
| resources/ | what the wire offers, one resource a file: handlers that read a request, ask the store |
| run/ | the process of a server: how it starts, listens, tells what happens, and ends |
| stores/ | the engines that keep the blobs |
| upkeep/ | a data directory verified, backed up and restored |
"""
