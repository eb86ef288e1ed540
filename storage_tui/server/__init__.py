"""How the Storage API is served: an ASGI application over a Store.

| file | holds |
|---|---|
| app.py | the route table, the one layer of authentication, errors to answers |
| blobs.py, listing.py, uploads.py, signing.py, tokens.py | one resource a file |
| serve.py | the listener, for TCP and for the embedded UNIX socket |
| stores/ | the engines that keep the blobs |
"""
