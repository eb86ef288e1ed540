"""The terminal browser: is handed an AsyncStorage and draws it.

| file | holds |
|---|---|
| app.py | the App: wiring only |
| desk.py, history.py, runner.py | what the screens share: the store, the places one came from, the transfers |
| commands.py | every command as one row: keys, title, help, the contexts it works in |
| command_screen.py, cursor.py | a screen whose keys are commands, and the keys that move a cursor |
| keys_file.py, key_names.py | keys of one's own |
| store_reads.py, background.py | what is read of the store, and work in the background of a screen |
| typeahead.py | keys that come faster than what they open |
| pauses.py | how long Python itself lets keys wait |
| theme.py | the look |
| visible.py | the one function that makes untrusted text safe to draw |
| browser/ | the main screen, and the objects that its keys work on |
| viewer/ | a blob on the whole screen: text, bytes, a table, JSON, a picture, a map |
| lists/ | the full-screen lists: find, clean-up, usage, transfers, log, help, details |
| rows/ | rows of any list: their marks, and what can be done with them |
| screens/ | the dialogs, a question each |
| widgets/ | what is drawn |
| state/ | plain Python without textual: listing, filter, marks, transfers, formats |
| terminal/ | keys and the screen on a terminal, and all that is private to Textual |
| previews/ | one file a format |
| decoding/ | the process that decodes pictures |
"""
