"""The browser in a web page: the same program, served to this machine only (`storage-tui web`).

Needs `pip install 'storage-tui[web]'`. What the page shows is drawn by textual-serve; nothing is fetched from another
host. The link holds a token; without it there is nothing to see, whoever asks.

| file | holds |
|---|---|
| guard.py | who may ask: host, origin, token; and the headers of every answer |
| link_file.py | the link handed to a web browser without showing it to other users |
| page_program.py | the program of one open page, from its start to the end of its process |
| page_transfers.py | blobs that go through the page: a download that the web browser saves |
| server.py | WebServer: the routes, and the pages that are open |
"""
