"""What the viewers of a raster and of a map share: a view that is moved and zoomed, beside a column of words.

| file | holds |
|---|---|
| canvas.py | the widget that draws the rows of a view; wheel, clicks and drags |
| column.py | the widget beside a view: the legend and the facts |
| frame.py | the title, the status line, and the column, which a narrow screen hides |
| moves.py | the commands that move and zoom a view, or its cross-hair |
| view.tcss | the style of the screens |
"""
