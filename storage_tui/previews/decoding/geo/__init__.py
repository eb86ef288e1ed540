"""Rasters of all kinds by rasterio, which the extra `geo` installs: facts, reference systems by PROJ, a picture.

A driver is named for every file: those that open other files or the network are never among them.

| file | holds |
|---|---|
| rasters.py | the facts of a raster and a picture, through the blob's ranges |
| one_file.py | the blob as the only file that GDAL can open |
"""
