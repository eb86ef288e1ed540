"""The main screen: one place of the store, its list, its preview.

| module | what it holds |
|---|---|
| screen | the screen: wiring, and the commands that open other screens |
| place | the open place |
| walking | the commands that go to another place |
| reader | the reader of the list of a place, page by page |
| sorting | the order of the list, also of a long one |
| filtering | the filter, and the line for typing it |
| type_counts | the figures of the sidebar for each storage type |
| bars | the text of the path line and the status line |
| preview | the commands of the preview |
| leaving | quit, and the change to another profile |
| uploading, continuing | the questions before uploads, and about unfinished transfers |
"""
