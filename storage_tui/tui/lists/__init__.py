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
"""
