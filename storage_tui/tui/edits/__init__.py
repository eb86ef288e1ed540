"""Blobs made and changed from the browser: an editor on this terminal, a new blob, another seven days in tmp.

| file | holds |
|---|---|
| actions.py | the commands: edit, new blob, keep seven more days, content type |
| content_type.py | another content type for the chosen blobs |
| editing.py | one edit: fetch, the editor, the question, write back |
| keeping.py | another seven days for the chosen blobs |
| left_edits.py | the message about edits that an earlier session did not write back |
| thawing.py | archived blobs of a bucket asked back |
| voice.py | where an edit says what happens: the status line of a list, or of the viewer |
"""
