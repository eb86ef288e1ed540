"""Prefixes that are one thing: stores of arrays and tables, whose files mean something only together.

| file | holds |
|---|---|
| prefix.py | the blobs below one prefix: named and read within a budget |
| recognise.py | what a prefix is, by the names in it, and its preview |
| nodes.py | the arrays and groups of Zarr 2 and 3 from their JSON |
| tree.py | the nodes of a Zarr store: from consolidated metadata, or from folder to folder |
| chunks.py | the chunks of an array: where they are, their bytes, the index of a shard |
| slices.py | a slice of an array as values: which chunks, which values of them |
| coordinates.py | coordinates in words: first and last value, times of the CF conventions |
| raster.py | an array of a Zarr store as a raster that is looked at through a window |
| zarr.py | the preview of a Zarr store, a group of it or an array |
| geodatabase.py | the preview of a file geodatabase of Esri: its tables, by GDAL |
| icechunk.py | the preview of an Icechunk repository: branches, tags, the newest snapshot |
| icechunk_chunks.py | the chunks of a snapshot, by the names they have in a Zarr store |
| icechunk_files.py | the binary files of a repository: snapshots and manifests |
| lake_tables.py | shared by Delta and Iceberg tables: columns, and parts of JSON |
| delta.py | Delta tables: version, columns, files and rows |
| iceberg.py | Iceberg tables: columns, snapshots, the data files of the current one |
"""
