"""The full-screen viewer.

| file | holds |
|---|---|
| finder.py | words that are looked for |
| follower.py | the end of a growing blob |
| hand_over.py | the blob in a pager or an editor |
| map_screen.py | the marked regions on one map |
| offsets.py | offsets as they are typed |
| opening.py | from a blob to its document |
| pixels.py | a picture in pixels, where the terminal draws these |
| prompt.py | the line in which the viewer asks for words, an offset or a file |
| reader.py | the document that is open, and the place in it |
| screen.py | the screen: its widgets, and the objects that carry out its commands |
| selection.py | chosen lines, copied or saved |
| status.py | what the title and the status line of the viewer say, and who owns it |
| viewer_lines.py | the widget that draws the rows of a document: wrapped or cut, moved sideways, coloured |
| documents/ | what a blob is shown as: text, hex, a table, JSON that folds, a picture, a map, an archive |
"""
