"""The full-screen viewer.

| file | holds |
|---|---|
| compare_screen.py | two blobs beside each other: a unified diff, facts, or the first difference |
| finder.py | the search for words |
| follower.py | the end of a growing blob |
| hand_over.py | the blob in a pager or an editor |
| offsets.py | offsets as they are typed |
| opening.py | the way from a blob to its document |
| pixels.py | a picture in pixels, where the terminal draws them |
| prompt.py | the line in which the viewer asks for words, an offset or a file |
| reader.py | the open document, and the place in it |
| screen.py | the screen: its widgets, and the objects that carry out its commands |
| selection.py | chosen lines, copied or saved |
| status.py | the title and the status line of the viewer, and their owner |
| viewer_lines.py | the widget that draws the rows of a document: wrapped or cut, moved sideways, coloured |
| map/ | layers of features on the whole screen: moved, zoomed, walked from feature to feature |
| raster/ | a raster on the whole screen: zoomed, moved, read by ranges |
| views/ | what the two have in common: a view that is moved and zoomed, the lines around it |
| documents/ | the kinds of documents: text, hex, a table, JSON that folds, a picture, a map, an archive |
"""
