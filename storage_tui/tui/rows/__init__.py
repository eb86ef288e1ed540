"""Rows of a list: their marks, and the actions on them, on every screen that shows the store.

| file | holds |
|---|---|
| marking.py | the keys that mark, and the range of marks |
| mark_parts.py | marks over a whole list, page by page |
| missing_sizes.py | questions for sizes that a list does not report |
| actions.py | the commands that act on rows |
| job.py | the one action that runs at a time |
| which_rows.py | the choice of the marks that an action is about |
| gathering.py | the blobs of rows, folders walked |
| downloading.py, deleting.py, deleting_images.py, rescuing.py, copying.py | one action each: ask, then act |
| outcome.py, dry_run.py | the result of a delete, and the list of its dry run |
| through_page.py | downloads and uploads through a web page |
| pairing.py | the log of a result, and back |
"""
