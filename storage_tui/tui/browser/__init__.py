"""The main screen: one place of the store, its list, its preview.

| module | what it holds |
|---|---|
| screen | the screen: wiring, and the commands that open other screens |
| place | the place that is open |
| walking | the commands that go to another place |
| reader | reads the list of a place page by page |
| sorting | the order of the list, also of a long one |
| filtering | the filter and the line it is typed in |
| type_counts | what the sidebar says of each storage type |
| bars | what the path line and the status line say |
| preview | the commands of the preview |
| leaving | quit, and go on with another profile |
| uploading, continuing | what is asked before uploads, and about unfinished transfers |
"""
