"""The process that decodes pictures, `python -m storage_tui.previews.decoding`.

The first picture starts the process, and it stays warm. It imports Pillow once and forks a child for every job. The
child gets hard limits of memory, CPU time, files and wall time, so a hostile picture costs its own child and nothing
else. Nothing here but the preview's side, decoder.py, imports textual, rich or the client.

A job in JOBS decodes the bytes that came with it. A job in READERS lets a library read the blob itself: the child has a
file whose ranges go through the loop and the preview's side, which keeps the budget of requests and bytes. The child
can open no file of this machine. The time of waiting for the storage is not counted as work.

| file | holds |
|---|---|
| __main__.py | the loop: a job in, a child, its result out |
| blob_vfs.py | a file system of SQLite with one file, the blob |
| children.py | one child a job: its start, what it asks for and answers, and its end |
| database_rows.py | the rows of one table of an SQLite file, block by block |
| databases.py | the tables of an SQLite file by apsw, through the blob's ranges |
| decoder.py | the preview's side of the decoding process: starts it at the first picture, keeps it warm |
| frames.py | the frames of jobs and results on a pipe |
| limits.py | the limits of a child |
| pictures.py | PNG, JPEG, WebP, GIF, BMP, TIFF to RGB, through Pillow |
| ranged_file.py | the blob as a file for a library in the child |
| tiles.py | tiles of a picture at full size and at halves of it, through Pillow |
| vector_tiles.py | the shapes of a vector tile in degrees |
| xml_maps.py | KML and GPX: the shapes and the facts of a text that may be cut, by expat |
| geo/ | rasters of all kinds through rasterio, shapes through pyogrio |
| features/ | the features of a file for the map, thinned for each zoom |
| hdf5/ | the objects of HDF5 files, through h5py |
| sheets/ | the first rows of spreadsheets, from XML without entities |
| painting/ | from samples to cells: stretch, ramps, the best two colours of a cell |
| tables/ | the first rows of Parquet and Arrow, through arro3 |
| tiff/ | levels of a TIFF to RGB |
| zarr/ | chunks of Zarr arrays, unpacked by their codecs |
"""
