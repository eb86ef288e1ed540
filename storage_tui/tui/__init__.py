"""The terminal browser: is handed an AsyncStorage and draws it.

| file | holds |
|---|---|
| app.py | the App: wiring only |
| background.py | work in the background of a screen, for objects that are no widgets |
| command_screen.py | a screen whose keys come from the command table, chords included |
| commands.py | every command as one row: keys, title, help, the contexts it works in |
| cursor.py | the keys that move the cursor, for every screen with lines |
| desk.py | what the screens share: the store, the marks, the transfers, the log |
| history.py | where one has been: the cursor of each folder, the way back |
| key_names.py | what people may call a key in keys.toml: Textual's name for it, the sign itself |
| keys_file.py | keys of one's own: a preset and a file of changes, checked for clashes before they are used |
| runner.py | hands the transfers of the queue to one batch for as long as the App lives |
| store_reads.py | what the browser reads of the store: pages of lists, single rows, sizes |
| theme.py | the look |
| typeahead.py | keys that come faster than what they open |
| browser/ | the main screen, and the objects that its keys work on |
| dialogs/ | the dialogs, a question each: values go in, a value comes out |
| lists/ | the full-screen lists: find, clean-up, usage, transfers, log, help, details |
| rows/ | rows of any list: their marks, and what can be done with them |
| state/ | plain Python without textual: listing, filter, marks, transfers, formats |
| terminal/ | keys and the screen on a terminal, and all that is private to Textual |
| viewer/ | a blob on the whole screen: text, bytes, a table, JSON, a picture, a map |
| widgets/ | what is drawn |
"""
