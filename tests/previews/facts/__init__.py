"""The table of facts: what `storage-tui show --json` says of every format, held against the format's own library.

A row makes a real file and states its facts by its library, with the requests and bytes that its preview may cost.
The rows of one file are tried in one test, in one process of the decoder.

| file | holds |
|---|---|
| row.py | one row: a format, how its library makes a file, what the library states |
| table.py | all rows by group, and the preview of a row as `show --json` gives it |
| rasters.py | rasters by rasterio, pictures by Pillow |
| shapes.py | shapes by GDAL through pyogrio, GeoParquet by pyarrow, STAC by pystac |
| arrays.py | arrays by h5py, netCDF4, numpy, zarr and Icechunk |
| tables.py | tables by pyarrow, fastavro, openpyxl, sqlite3, csv |
| heads.py | formats known by their heads: models, point clouds, sound, certificates, programs, archives |
| test_facts.py | every row: its kind, its facts, its rows, within its budget |
| test_damaged.py | every row damaged in a dozen ways: one line, never a traceback |
| test_sound.py | sound files that are not understood in full, which nobody calls damaged |
"""
