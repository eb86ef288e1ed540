"""The full-screen lists, each a screen that owns a view and the objects that its keys work on.

| module | what it shows |
|---|---|
| transfers | running, finished and failed transfers |
| log | results and errors |
| help | all keys |
| details | everything known about a row |
| usage | the bytes below each folder |
| usage_tree, usage_count, usage_lines | the counts below each folder, their reading, the widget that draws them |
| find | the matches below a prefix |
| clean_up | the blobs that will expire |
| flat_screen | the base of find and clean-up: blobs of many folders in one list |
| flat_reader | the reading of these blobs |
| lines_screen | the base of log, help and details |
| program | the commands that open lists from a screen about the store |

| file | holds |
|---|---|
| clean_up.py | clean-up: the blobs that will expire below a prefix, the soonest first, grouped by day |
| details.py | everything known about one blob or folder |
| find.py | find: all matches below a prefix, listed as they are found |
| flat.py | a flat list of blobs of many folders: the matches of a search, or the blobs that will expire |
| flat_reader.py | the reading of a flat list in the background, in the chosen order |
| flat_screen.py | the base of the screens with blobs of many folders in one list: clean-up and search |
| help.py | all keys from the command table, those of the current screen first |
| lines_screen.py | the base of the read-only full-screen lists: a title, lines, the keys |
| log.py | the log: results and errors with their causes, newest first |
| program.py | the commands of every screen about the store: details, transfers, log, help and the palette |
| transfer_lines.py | the transfers on the screen: a line each with state, key, progress, bytes |
| transfers.py | the transfers: each with state, bytes, rate and time left; pause, cancel, retry |
| usage.py | the usage tree: the bytes below each folder; walk down, delete with the same review |
| usage_count.py | the count below a prefix: one question if the server counts, else page by page |
| usage_lines.py | the usage tree on the screen: a line a folder with bytes, bar, count, oldest and newest |
| usage_tree.py | the folders of a prefix with count, bytes, oldest and newest |
"""
