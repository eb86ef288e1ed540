"""Shared by the raster formats: directories of a TIFF, reference systems, and pixels as half blocks.

| file | holds |
|---|---|
| by_gdal.py | what rasterio adds to a preview: facts, the reference system by PROJ, a picture |
| drawing.py | decoded RGB as half blocks, or room for pixels where the terminal draws them |
| field.py | a field of numbers as a picture: a stretch and a ramp |
| geokeys.py | the GeoTIFF tags in words: reference system, bounds, pixel size (OGC 19-008r4) |
| halfblocks.py | RGB pixels as rows of half blocks: the upper pixel is the letter's colour |
| layout.py | the layout of one level of a TIFF: what its samples mean, and the reason where they are not drawn |
| nodata.py | the nodata value of a raster from its text, in the type of the raster |
| opening.py | the rasters of which windows are shown, and how they are opened |
| picture.py | the picture of a TIFF: from the smallest useful level, or from the middle of one too large to read |
| saving/ | a window of a raster as a file of its own: GeoTIFF, PNG |
| tiff_directory.py | the directories of a TIFF or BigTIFF, read by ranges: tags, levels, places of blocks |
| cubes/ | arrays of any number of axes: a slice of a variable as a raster |
| windows/ | a raster looked at through a window: levels, blocks by ranges, views |
"""
