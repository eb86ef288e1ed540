"""The full-screen viewer.

| file | holds |
|---|---|
| screen.py | the screen: its widgets, and the objects that carry out its commands |
| documents/ | what a blob is shown as: text, hex, a table, JSON that folds, a picture, a map, an archive |
| opening.py | from a blob to its document |
| reader.py | the document that is open, and the place in it |
| finder.py | words that are looked for |
| follower.py | the end of a growing blob |
| selection.py | chosen lines, copied or saved |
| hand_over.py | the blob in a pager or an editor |
| pixels.py | a picture in pixels, where the terminal draws these |
| status.py, prompt.py | what the title and the status line say, what is asked for |
| lines.py | the widget that draws the rows of a document |
| offsets.py | offsets as they are typed |
| map_screen.py | the marked regions on one map |
"""
