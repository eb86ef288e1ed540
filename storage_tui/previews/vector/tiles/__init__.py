"""Map tiles: which one stands for a file, where it lies, and how it is drawn.

| file | holds |
|---|---|
| choosing.py | the tile that shows most of some bounds, and the place of a tile |
| directory.py | the directories of PMTiles: the place of a tile by its number on the Hilbert curve |
| drawing.py | one tile in a preview: a picture, or shapes on the map |
"""
