"""The browser in a web page: the same program, served to this machine only (`storage-tui web`).

Needs `pip install 'storage-tui[web]'`. textual-serve draws the page, and nothing is fetched from another host. The link
holds a token; without the token nobody sees anything.

| file | holds |
|---|---|
| guard.py | the checks of host, origin and token, and the headers of every answer |
| link_file.py | the link for a web browser, hidden from other users |
| page_program.py | the program of one open page, from its start to the end of its process |
| page_transfers.py | transfers through the page: a download that the web browser saves, an upload of dropped files |
| server.py | WebServer: the routes, and the open pages |
"""
