"""The full-screen lists, each a screen that owns a view and the objects that its keys work on.

| module | what it shows |
|---|---|
| transfers | what moves, moved and failed |
| log | what happened |
| help | all keys |
| details | everything known about a row |
| usage | how much lies below each folder |
| usage_tree, usage_count, usage_lines | the counts below each folder, how they are read, the widget that draws them |
| find | what matches below a prefix |
| clean_up | what will expire |
| flat_screen | the base of find and clean-up: blobs out of many folders in one list |
| flat_reader | reads these blobs |
| lines_screen | the base of log, help and details |
| program | the commands that open lists from a screen about the store |

| file | holds |
|---|---|
| clean_up.py | clean-up: all that will expire below a prefix, the soonest first, in groups by the day it goes |
| details.py | everything known about one blob or folder |
| find.py | find: everything below a prefix that matches, listed as it is found |
| flat.py | a flat list of blobs out of many folders: what a search found, or what will expire |
| flat_reader.py | reads the blobs of a flat list in the background, and shows them in the order asked for |
| flat_screen.py | the base of the screens that show blobs out of many folders in one list: clean-up and search |
| help.py | all keys, those of the screen one comes from first, from the command table |
| lines_screen.py | the base of the full-screen lists that one only reads: a title, lines, the keys |
| log.py | the log: what happened, newest first, errors with their causes |
| program.py | the commands that every screen about the store has: details, transfers, log, help and the palette |
| transfer_lines.py | the transfers on the screen: a line each with state, key, how far it is, bytes |
| transfers.py | the transfers: each with state, bytes, rate and time left; pause, cancel, retry |
| usage.py | the usage tree: how much lies below each folder; walk down, delete from there through the same review |
| usage_count.py | counts what lies below a prefix: one question where the server counts, else page by page |
| usage_lines.py | the usage tree on the screen: a line a folder with bytes, bar, count, oldest and newest |
| usage_tree.py | how much lies where: the folders of a prefix with count, bytes, oldest and newest |
"""
