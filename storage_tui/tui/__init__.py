"""The terminal browser: is handed an AsyncStorage and draws it.

| file | holds |
|---|---|
| app.py | the App: wiring only |
| commands.py | every command as one row: keys, title, help, where it shows |
| desk.py, runner.py | what the screens share, and the transfers that run for as long as the App |
| command_screen.py, cursor.py | the base of a screen with keys, and the keys that move a cursor |
| background.py | work in the background of a screen |
| keys_file.py, key_names.py | keys of one's own |
| store_reads.py | what the browser reads of the store: pages of lists, single rows, sizes |
| typeahead.py | keys that come faster than what they open |
| pauses.py | how long Python itself lets keys wait |
| theme.py | the look |
| visible.py | the one function that makes untrusted text safe to draw |
| terminal/ | keys and the screen on a terminal, and all that is private to Textual |
| viewer/ | a blob on the whole screen: text, bytes, a table, JSON, a picture, a map |
| state/ | plain Python without textual: listing, filter, marks, transfers, formats |
| widgets/ | what is drawn on the main screen |
| browser/, lists/ | the main screen, and the other full-screen lists |
| rows/ | what is done with marked rows, whichever list they are in |
| screens/ | the dialogs, each with its .tcss |
| previews/ | one file a format |
| decoding/ | the process that decodes pictures |
"""
