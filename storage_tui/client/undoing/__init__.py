"""What was deleted or overwritten: its list, the way back, and the undo of a session.

| file | holds |
|---|---|
| trash.py | `StorageTrash` and `AsyncTrash`: what was deleted or overwritten, brought back or removed for good |
| calls.py | the calls of the trash, without I/O |
| undo.py | `UndoLog`: takes back the last changes of a session, and nothing that somebody else changed |
"""
