"""The trash of a bucket: copies of deleted and overwritten objects below `trash/`, one folder a day.

| file | holds |
|---|---|
| keeping.py | the copy that is made before an object is deleted or overwritten, and the names of copies |
| trash.py | the `Trash` of the store: lists, brings back, purges, and the removal of past days |
"""
