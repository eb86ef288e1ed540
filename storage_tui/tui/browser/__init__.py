"""The main screen: one place of the store, its list, its preview.

| file | holds |
|---|---|
| screen.py | the screen: wiring |
| place.py | the open place |
| walking.py | the commands that go to another place |
| reader.py | the reader of the list of a place, page by page |
| reconnecting.py | the way back to a server that is away: the open place is read again by itself |
| sorting.py | the order of the list, also of a long one |
| filtering.py | the filter, and the line for typing it |
| type_counts.py | the figures of the sidebar for each storage type |
| bars.py | the text of the path line and the status line |
| sides.py | the two sides: the list of the store, and the local files beside it |
| screens.py | the commands that open another screen over the list |
| preview.py | the commands of the preview |
| leaving.py | quit; the profiles of the settings file |
| uploading.py, continuing.py | the questions before uploads, and about unfinished transfers |
"""
