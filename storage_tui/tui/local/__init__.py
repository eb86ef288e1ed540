"""The local side: a list of local files beside the list of the store. Nothing here is loaded before it is asked for.

| file | holds |
|---|---|
| about.py | the preview of a row without bytes: a folder, a link, a pipe |
| across.py | the commands that copy or move to the other side, and the upload of pasted paths |
| browse.py | the list of a local folder in a dialog |
| changing.py | the commands that change one local file: another name, and an editor |
| chosen.py | local paths that were chosen for an upload: their files, and the keys of these |
| deleting.py | the question before local files go to the trash |
| desk.py | the marks, cursors and messages of the local side |
| dropped.py | pasted or dropped text as local paths |
| entry.py | one row of a local folder: a file, a link, a pipe |
| folders.py | local folders with the calls that lists make of a store: read in threads, in pages |
| moves.py | what is left of a move after its transfer: the source goes once the transfer ended whole |
| pane.py | the widget of the local side |
| side.py | the local side: its list, and the objects that its keys work on |
| trash.py | the trash of the desktop |
| walking.py | the commands that go to another folder |
"""
