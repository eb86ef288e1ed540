"""The terminal browser: is handed an AsyncStorage and draws it.

| folder or file | holds |
|---|---|
| app.py | the App: wiring only |
| commands.py | every command as one row: keys, title, help, where it shows |
| terminal.py | the terminal, read and written by the event loop itself |
| row_compositor.py, painter.py | which rows are painted, and which cells of them are sent |
| visible.py | the one function that makes untrusted text safe to draw |
| state/ | plain Python without textual: listing, filter, marks, transfers, formats |
| widgets/ | what is drawn on the main screen |
| screens/ | the main screen and the dialogs, each with its .tcss |
| flows/ | what happens between a key and its end: ask, then act |
| previews/ | one file a format |
"""
