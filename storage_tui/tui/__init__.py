"""The terminal browser, which draws the AsyncStorage that it is given.

| file | holds |
|---|---|
| app.py | the App: wiring only |
| background.py | work in the background of a screen, for objects that are not widgets |
| command_screen.py | a screen whose keys come from the command table, chords included |
| commands.py | every command as one row: keys, title, help, the contexts it works in |
| cursor.py | the keys that move the cursor, for every screen with lines |
| desk.py | the objects that all screens share: the store, the marks, the transfers, the log |
| habits.py | keys of other programs, and the commands here that do the same |
| history.py | the visited places: the cursor of each folder, the way back |
| key_names.py | the names of keys in keys.toml: Textual's name, the sign itself, or the label of help |
| keys_file.py | the user's own keys: a preset and a file of changes, checked for clashes |
| shell_command.py | a shell command on blobs, which are downloaded for the command |
| side.py | what the objects of a list need of the side that they are on: the store, or the local folders |
| runner.py | the runner: hands queued transfers to the transfer agent, or to one batch in the program |
| store_reads.py | the reads of the browser from the store: pages of lists, single rows, sizes |
| theme.py | the themes: one dark, one light, one of sixteen colours |
| typeahead.py | keys that come faster than the screens that they open |
| browser/ | the main screen, and the objects that its keys work on |
| contents/ | the search inside blobs: lines that match |
| dialogs/ | the dialogs, a question each: values go in, a value comes out |
| edits/ | blobs made and changed from here: an editor, a new blob, another seven days in tmp |
| lists/ | the full-screen lists: find, clean-up, usage, transfers, log, help, details |
| look/ | the kinds of rows with their signs, the shades of columns |
| moves/ | rows moved, renamed and copied on the server, and brought back |
| local/ | the local side: a list of local files beside the list of the store |
| moving/ | the transfers: through the agent, or in the program; a note at their end |
| rows/ | rows of any list: their marks, and the actions on them |
| state/ | plain Python without textual: listing, filter, marks, transfers, formats |
| syncing/ | a folder of the store compared with a local folder: plan, ticks, run |
| tables/ | a table of any size: rows by position, columns arranged, a query |
| tabs/ | several open places, each in a tab: folders of one store, other stores |
| terminal/ | keys and the screen on a terminal, and all that is private to Textual |
| trash/ | what was deleted or replaced: taken back, listed, brought back |
| viewer/ | a blob on the whole screen: text, bytes, a table, JSON, a picture, a map |
| widgets/ | the widgets that draw the screens |
"""
