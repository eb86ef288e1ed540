"""The dialogs, a question each: values go in, a value comes out. Each has its .tcss beside it where needed.

| file | holds |
|---|---|
| bookmarks.py | bookmarks and recent places: a letter keeps a place, the same letter opens it |
| conflicts.py | the choices for a file or key that exists already |
| content_type.py | the question for the content type of one blob, or of several |
| copy.py | the copy menu: each form with its value; signed URLs are made on request and masked |
| delete.py | the question before a delete: the exact list, No preselected, a typed count for more than ten |
| dialog.py | the base of the dialogs: a titled box, a hint, Esc to leave |
| download.py | the question before a download: the target folder, and the choice for existing files |
| edit.py | the questions of an edit: an earlier one, no text, and writing back |
| folder_check.py | the check of a local folder that is typed: in a thread, the newest text only |
| go_to.py | a prompt for a location such as `tmp:maps/2024/`; Tab completes from the server |
| go_to_path.py | a prompt for a local path; Tab completes |
| hand_over.py | the question before a whole blob is downloaded for another program |
| keep_longer.py | the question before many blobs get another seven days |
| local_folder.py | the question for the local folder to compare with a place of the store |
| limit.py | the limit of the rate: how many bytes all transfers together may move each second |
| mark_where.py | mark by description: names, age, size and expiry, with a live count of matches |
| new_blob.py | the question for the name of a new blob |
| palette.py | the palette: find a command by a few letters and run it |
| profiles.py | the profiles of the settings file, one server each: choose the next one, or add one |
| purge.py | the question before gone blobs are removed for good |
| quit.py | the question before leaving while transfers run |
| relocate.py | the question before blobs are moved or copied: where to, and names that are taken |
| rename.py | the new name of one row, and the list of many before they are renamed |
| replace_files.py | the question before downloads overwrite local files |
| rename_local.py | the question for the new name of a local file or folder |
| rescue.py | the question before many blobs are copied to a storage type that keeps them |
| save_window.py | the question before a window of a raster is saved: the file |
| send.py | the question before local paths that were chosen or pasted are uploaded |
| shell.py | the question for a shell command, with the blobs that the command gets |
| thaw.py | the question before archived blobs of a bucket are asked back |
| trash.py | the question before local files go to the trash of the desktop |
| undo.py | the question before the last change is taken back |
| unfinished.py | the question at the start about transfers of an earlier session |
| upload.py | the question before an upload: the file or folder, and the prefix |
| which_marks.py | the question about marks out of sight: only those of the list on the screen, or all |
"""
