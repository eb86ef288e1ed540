"""The dialogs, a question each: values go in, a value comes out. Each has its .tcss beside it where it needs one.

| file | holds |
|---|---|
| bookmarks.py | bookmarks and recent places: a letter keeps a place, the same letter goes back to it |
| conflicts.py | what may be done with a file or key that is there already |
| copy.py | the copy menu: each form with its value shown; signed URLs are made when asked for, and masked |
| delete.py | the question before a delete: exactly what goes, No preselected, more than ten need the count typed |
| dialog.py | the base of the dialogs: a titled box, a hint, Esc to leave |
| download.py | the question before a download: the target folder, and what to do with files that are there |
| go_to.py | go to a location that is typed, such as `tmp:maps/2024/`; Tab completes from the server |
| hand_over.py | the question before a whole blob is downloaded for another program |
| mark_where.py | mark by description: one prompt for names, age, size and expiry, with what it matches so far |
| palette.py | the palette: find a command by a few letters and run it |
| profiles.py | the profiles of the settings file, one server each: choose the one to go on with |
| quit.py | the question before leaving while transfers run |
| rescue.py | the question before many blobs are copied to where they are kept |
| unfinished.py | the question at the start: what to do with transfers that an earlier session began |
| upload.py | the question before an upload: which file or folder, under which prefix |
| which_marks.py | the question when marks are where one does not see them: only those of the list on the screen |
"""
