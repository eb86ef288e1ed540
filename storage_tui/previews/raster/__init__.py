"""What the raster formats share: directories of a TIFF, reference systems, and pixels as half blocks.

| file | holds |
|---|---|
| drawing.py | decoded RGB as a preview draws it: half blocks |
| geokeys.py | what the GeoTIFF tags say in words: reference system, bounds, pixel size (OGC 19-008r4) |
| halfblocks.py | RGB pixels as rows of half blocks: the upper pixel is the letter's colour |
| picture.py | the picture of a TIFF: from the smallest useful level, or from the middle of one that has none |
| projections.py | from metres to degrees for the two projections that most rasters have: UTM and Web Mercator |
| tiff_directory.py | the directories of a TIFF or BigTIFF, read by ranges: tags, levels |
"""
