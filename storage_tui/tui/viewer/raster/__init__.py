"""A raster on the whole screen: zoomed, moved, read by ranges as one looks around.

| file | holds |
|---|---|
| canvas.py | the widget of the picture: cells, the cross-hair, the scale bar |
| cross_hair.py | the cross-hair: its place, and the values of all bands there |
| graticule.py | lines of round coordinates over the picture |
| legend.py | the words of the column: bands, ramp with histogram, statistics, cross-hair, facts |
| look.py | what is looked at: the view, the style, the picture; reads the newest view first |
| saving.py | the window saved as a GeoTIFF, or its picture as a PNG |
| scale_bar.py | the scale bar: a round length on the ground |
| screen.py | the screen: its widgets, and the objects that carry out its commands |
| stepping.py | the commands that step along the axes of an array, and choose the variable |
| styling.py | the commands that choose bands, stretch and ramp |
| taking.py | the view as a line of Python, and as a file |
| words.py | numbers and coordinates for people |
"""
