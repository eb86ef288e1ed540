"""The full-screen viewer.

| module | holds |
|---|---|
| `screen` | the screen: its widgets, and the objects that carry out its commands |
| `documents/` | what a blob is shown as: text, hex, a table, JSON that folds, a picture, a map, an archive |
| `opening` | from a blob to its document |
| `reader` | the document that is open, and the place in it |
| `finder` | words that are looked for |
| `follower` | the end of a growing blob |
| `selection` | chosen lines, copied or saved |
| `hand_over` | the blob in a pager or an editor |
| `pixels` | a picture in pixels, where the terminal draws these |
| `status`, `prompt` | what the title and the status line say, what is asked for |
| `lines` | the widget that draws the rows of a document |
| `offsets` | offsets as they are typed |
| `map_screen` | the marked regions on one map |
"""
