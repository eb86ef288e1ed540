"""Rows of a list: their marks, and what can be done with them, on every screen that shows the store.

| module | what it holds |
|---|---|
| marking | the keys that mark, and the range of marks |
| mark_parts | marks over a whole list, page by page |
| missing_sizes | questions for sizes that a list does not tell |
| actions | the commands that act on rows |
| job | the one action that works at a time |
| which_rows | which marks an action is about |
| gathering | the blobs of rows, folders walked |
| downloading, deleting, deleting_images, rescuing, copying | an action each: ask, then act |
| outcome, dry_run | what a delete did, and would do |
| through_page | downloads and uploads through a web page |
| pairing | the log of a result, and back |
"""
