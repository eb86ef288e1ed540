"""Levels of a TIFF to RGB: blocks unpacked, predictors undone, samples to colours.

| file | holds |
|---|---|
| colours.py | from samples to RGB: shades, palettes, CMYK, opacity and the backdrop |
| compressions.py | the compressions of TIFF by their numbers, and which of them are decoded |
| levels.py | one level of a raster, as the preview describes it to the decoder |
| rasters.py | tiles or strips of one level of a TIFF to RGB |
| samples.py | the samples of a level at evenly spread pixels, their predictor undone |
| slabs.py | the pixels of a slice of an array in a block of it, and the filters of HDF5 |
| turning.py | a raster as it is seen and as it is stored: Orientation |
| unpacking.py | the unpacking of one compressed block of a TIFF, never past the size of the block |
| windows.py | a window of a level as cells with statistics, and the values at one pixel |

The layouts of TIFF are read by code of our own, the compressions by Pillow's libtiff. A library that reads both costs
more than a preview may. For a picture of 240 × 120 pixels through a file of ranges, in blocks of 64 KiB:

| | COG, 1.3 GB | strips, 537 MB | tiles without overviews, 451 MB | peak memory | on disk |
|---|---|---|---|---|---|
| own code | 2 requests, 0.6 MB | 4, 1.0 MB, its middle | 2, 0.9 MB, its middle | 30 MB | 0 |
| rasterio 1.4 | 2, 0.6 MB | 122, 12 MB | 4,097, 451 MB | 68 to 1,091 MB | 179 MB |
| tifffile, imagecodecs | 2, 0.6 MB | 122, 12 MB | 4,097, 451 MB | 31 to 543 MB | 153 MB |
| async-tiff 0.7 | 2, 0.6 MB | reads no strips | 4,097, 451 MB | 41 to 474 MB | 82 MB |

The directories are parsed in any case: they say which ranges fit the budget. What is left for a library are samples
and colours, and these are held against rasterio file by file (tests/world/rasters.py).
"""
