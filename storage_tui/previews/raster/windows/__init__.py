"""A raster looked at through a window: which level, which blocks, and what is drawn of them.

| file | holds |
|---|---|
| blocks.py | the packed blocks of a raster, read by ranges and kept in bounded memory |
| map_tiles.py | map tiles that are pictures as a raster: a level a zoom, a block a tile |
| pictures.py | PNG and JPEG as a raster: tiles that the decoder makes of the whole picture |
| reading.py | the windows of a raster, and the values at a pixel, through the decoder |
| scene.py | an open raster: its levels with their factors, its place, its facts, its steps |
| shown.py | what a window shows: the picture in cells, its statistics, the style it is drawn in |
| tiff_places.py | the places of the blocks of a TIFF, from its lists |
| tiff_scene.py | a TIFF as a scene |
| view.py | the view: a corner and a scale, moved and zoomed |
"""
