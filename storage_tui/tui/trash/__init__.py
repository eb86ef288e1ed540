"""What was deleted or replaced: taken back with one key, or listed and brought back by name.

| file | holds |
|---|---|
| actions.py | the commands: undo, and the trash of the open place |
| terms.py | how long the server keeps what was deleted, in words |
| trash_lines.py | the list on the screen: a line for each version of a blob |
| trash_screen.py | the trash of a prefix: mark, bring back, purge |
| undoing.py | the question before the last change is taken back, and the result |
"""
