"""Map tiles: which one stands for a file, where it lies, and how it is drawn.

| file | holds |
|---|---|
| archive.py | a file of map tiles, PMTiles or MBTiles: what its tiles are, and the tiles by their places |
| choosing.py | the tile that shows most of some bounds, the tiles in a box, and the place of a tile |
| directory.py | the directories of PMTiles: the place of a tile by its number on the Hilbert curve |
| drawing.py | one tile in a preview: a picture, or shapes on the map |
| header.py | the header of PMTiles |
"""
