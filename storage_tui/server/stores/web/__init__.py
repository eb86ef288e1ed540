"""The engine over an index of links or a static STAC catalog on a web server, read only and by range.

| file | holds |
|---|---|
| addresses.py | which addresses of a host may be connected: private ones only where they were named |
| answers.py | one answer of the site, and what its status means in one line |
| catalog.py | the documents of a static STAC catalog as folders, their assets as blobs |
| index.py | the entries of an index of links, from HTML or JSON |
| notes.py | what is left out, in a bounded number of sentences |
| pages.py | the indexes that were read last, several at a time |
| reader.py | the bytes of one blob, whose change during the reading is noticed |
| site.py | the connections to one host: proxies, TLS, redirects |
| store.py | the Store |
| walk.py | the walk through the folders in the byte order of keys, within bounds |
"""
