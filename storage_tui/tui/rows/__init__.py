"""Rows of a list: their marks, and the actions on them, on every screen that shows the store.

| module | what it holds |
|---|---|
| marking | the keys that mark, and the range of marks |
| mark_parts | marks over a whole list, page by page |
| missing_sizes | questions for sizes that a list does not report |
| actions | the commands that act on rows |
| job | the one action that runs at a time |
| which_rows | the choice of the marks that an action is about |
| gathering | the blobs of rows, folders walked |
| downloading, deleting, deleting_images, rescuing, copying | one action each: ask, then act |
| outcome, dry_run | the result of a delete, and the list of its dry run |
| through_page | downloads and uploads through a web page |
| pairing | the log of a result, and back |
"""
