"""What the browser knows, as plain Python without Textual: it is tested without a terminal.

| file | holds |
|---|---|
| arranging.py | puts the rows of a list in order, however many there are: in pieces |
| bookmarks.py | bookmarks and recent places of each server or profile, in one small file of the state directory |
| filter.py | the filter of the list: words that all must match, smart case, `*` and `?` as globs, `~word` fuzzy |
| folder_mix.py | what kinds of blobs a folder holds, by the endings of their names |
| formats.py | numbers as people read them: counts, ages, countdowns, rates; three digits, no locale |
| images.py | images of the catalog as the browser tells of them |
| listing.py | one folder as the list shows it: pages that arrive one by one, in bounded memory |
| marks.py | the marks: blobs and folders chosen for the next action, kept while one walks through folders and types |
| messages.py | the log of what happened: results and errors with their causes, bounded, the unseen errors counted |
| parts.py | rows of a list page by page, those whose page was dropped by their names |
| paths.py | local paths as people type and read them: `~`, completion by Tab |
| selection.py | marks by description: `*.npy >3d >1GB <24h`, all words together |
| signed.py | the signed URLs that were made in this session: for which blob, when, and until when they open it |
| sizes.py | what single questions have told of blobs whose list says keys only, as that of a plain published server |
| transfers.py | the queue of transfers: what waits, what runs, what is done |
"""
