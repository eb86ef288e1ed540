"""The state of the browser, as plain Python without Textual: it is tested without a terminal.

| file | holds |
|---|---|
| arranging.py | the sorting of a list of any number of rows, in pieces |
| bookmarks.py | bookmarks and recent places of each server or profile, in one small file of the state directory |
| folder_mix.py | the kinds of blobs in a folder, by the endings of their names |
| formats.py | numbers as people read them: counts, ages, countdowns, rates; three digits, no locale |
| front.py | what all open stores share: the log, the last message, the running work, the taken rows |
| images.py | images of the catalog in the words of the browser |
| listing.py | one folder as the list shows it: pages that arrive one by one, in bounded memory |
| marks.py | the marks: blobs and folders for the next action, kept across folders and types |
| messages.py | the log: results, errors with their causes, bounded, the unseen errors counted |
| parts.py | rows of a list page by page; rows of dropped pages by their names |
| paths.py | local paths as people type and read them: `~`, completion by Tab |
| selection.py | marks by description: `*.npy >3d >1GB <24h`, all words together |
| signed.py | the signed URLs of this session: for which blob, when made, and when they expire |
| sizes.py | sizes and times from single questions, for lists of keys only, such as a published server's |
| taken.py | the rows that were taken for copying or moving, until they are pasted |
| transfers.py | the queue of transfers: waiting, running, done |
"""
