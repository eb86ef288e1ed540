"""The commands for everybody, one group of related commands a file.

| file | holds |
|---|---|
| blobs.py | the commands that look at blobs: cat, du, url |
| browse.py | the command that a bare `storage-tui` runs: open the browser |
| buckets.py | `storage-tui thaw` and `uploads`: what only buckets have |
| content_types.py | `storage-tui content-type`: shows the content type of blobs, or gives them another |
| diff.py | `storage-tui diff`: two blobs beside each other |
| editing.py | `storage-tui edit` and `touch`: a text blob in an editor, and another seven days in tmp |
| copying.py | `storage-tui cp` and `mv`: blobs and folders copied, moved and renamed on the server |
| show.py | `storage-tui show`: the preview of a blob or of a local file, on a terminal or in a pipe |
| removing.py | `storage-tui rm`: deletes blobs and folders; in `products` images, and blobs of no image |
| resume.py | `storage-tui resume`: continues what earlier commands and browsers did not finish |
| sql.py | `storage-tui sql`: a query over blobs and local files, by DuckDB |
| syncing.py | `storage-tui sync` and `check`: a local folder and a folder of the store, made equal or compared |
| transfer.py | the commands that move bytes: get and put, for single blobs and for folders |
| transfers.py | `storage-tui transfers`: shows and steers the transfers in the background |
| trash.py | `storage-tui undelete`, `trash` and `purge`: brings back, lists or removes for good what was deleted |
| web.py | `storage-tui web`: the browser in a web page of this machine |
"""
