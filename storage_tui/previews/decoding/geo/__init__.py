"""Rasters by rasterio and shapes by pyogrio, which the extra `geo` installs: facts, reference systems, a picture.

A driver is named for every file: those that open other files or the network are never among them.

| file | holds |
|---|---|
| rasters.py | the facts of a raster and a picture, through the blob's ranges |
| one_file.py | the blob as the only file that GDAL can open |
| vectors.py | the layers of vector files in memory: facts, first rows, shapes, features for the map |
"""
