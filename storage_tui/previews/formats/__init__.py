"""One file a format. The order in which they are tried is the table in `previews/registry.py`.

| file | holds |
|---|---|
| arrow.py | Arrow files (Feather version 2): schema, batches and metadata out of the footer (Apache Arrow |
| compressed.py | gzip, bzip2, xz and zstd (the extra `preview` or Python 3.14): the first part, unpacked |
| delimited.py | CSV, TSV and their kin as a table, with the type of every column |
| geojson.py | GeoJSON: kind, count, bounds, area, and the shapes on a map; a cut file as far as its features go |
| geotiff.py | TIFF and GeoTIFF of any size: what its directories say |
| hdf5.py | HDF5, which NetCDF-4 is too: its groups and datasets, as far as two reads reach (HDF5 File Format 3.0) |
| hexdump.py | everything else: a hex view by offset that pages through the whole blob |
| json_text.py | JSON and JSON Lines, pretty, as far as the bytes go: a cut file is shown up to the cut |
| netcdf.py | classic NetCDF: its dimensions, attributes and variables (NetCDF classic format, CDF-1/2/5) |
| npy.py | NumPy arrays without numpy: shape, type, first values, and statistics of the part that was read (NEP 1) |
| parquet.py | Parquet: rows, row groups, schema, sizes and key-value metadata out of the footer (Apache Parquet |
| pdf.py | PDF: version, pages and title as far as the first and last bytes tell; nothing is rendered (ISO 32000) |
| pickled.py | pickle: what loading it would import and call, out of its opcodes |
| picture.py | PNG, JPEG, WebP, GIF and BMP in half blocks, decoded in a process of its own |
| plain.py | text in any common encoding, by pages of whole lines; a line of any length is shown in pieces |
| sqlite.py | SQLite: what the header of the file tells, and the tables named on its first page |
| tar_archive.py | tar: the members whose headers a read or two reach (POSIX.1-2001 pax, GNU long names) |
| wkt.py | well-known text: one geometry, or one a line, on the same map as GeoJSON (OGC 06-103r4) |
| zip_archive.py | zip and npz: the tree of members out of the central directory, one read at the end |
"""
