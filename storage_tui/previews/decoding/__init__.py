"""The process that decodes pictures, `python -m storage_tui.previews.decoding`.

The first picture starts the process, and it stays warm. It imports Pillow once and forks a child for every job. The
child gets hard limits of memory, CPU time, files and wall time, so a hostile picture costs its own child and nothing
else. Nothing here but the preview's side, decoder.py, imports textual, rich or the client.

A job in JOBS decodes the bytes that came with it. A job in READERS lets a library read the blob itself: the child has a
file whose ranges go through the loop and the preview's side, which keeps the budget of requests and bytes. The child
can open no file of this machine. The time of waiting for the storage is not counted as work.

What h5py reads of a file of 1 GB before all its objects are listed: 1 request of 66 kB for a NetCDF-4 file of 50
variables that were defined first, 4 of 262 kB for 500, 33 of 2.2 MB for 5,000. Where each variable was written after
it was defined, headers lie between the values: 13 to 26 requests of 0.9 to 1.7 MB for 50 objects; of 500 the budget of
64 requests and 4 MiB lists all names and a third to a half of the types, of 5,000 some names.

| file | holds |
|---|---|
| __main__.py | the loop: a job in, a child, its result out |
| arrow_values.py | the values of Arrow arrays as text, through the C data interface |
| children.py | one child a job: its start, what it asks for and answers, and its end |
| colours.py | from samples to RGB: shades, palettes, CMYK, opacity and the backdrop |
| compressions.py | the compressions of TIFF by their numbers, and which of them are decoded |
| decoder.py | the preview's side of the decoding process: starts it at the first picture, keeps it warm |
| frames.py | the frames of jobs and results on a pipe |
| hdf5.py | the objects of an HDF5 file, through h5py |
| hdf5_sides.py | the lengths of growing dimensions as NetCDF-4 counts them |
| hdf5_types.py | types, shapes and storage of HDF5 in words |
| levels.py | one level of a raster, as the preview describes it to the decoder |
| limits.py | the limits of a child |
| moments.py | dates, times and durations of Arrow as text: of any year, to the nanosecond |
| pictures.py | PNG, JPEG, WebP, GIF, BMP, TIFF to RGB, through Pillow |
| ranged_file.py | the blob as a file for a library in the child |
| rasters.py | tiles or strips of one level of a TIFF to RGB |
| samples.py | the samples of a level at evenly spread pixels, their predictor undone |
| tables.py | the first rows of a Parquet or Arrow file, through arro3 |
| unpacking.py | the unpacking of one compressed block of a TIFF, never past the size of the block |

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
