"""The formats, one file each. The table in `storage_tui.previews.registry` has the order in which they are tried.

| file | holds |
|---|---|
| arrow.py | Arrow files (Feather version 2) and streams: schema, batches, metadata, first rows |
| compressed.py | gzip, bzip2, xz, LZMA and zstd (the extra `preview` or Python 3.14): the first part, unpacked |
| delimited.py | CSV, TSV and similar tables, with the type of every column |
| geojson.py | GeoJSON: kind, count, bounds, area, and the shapes on a map; a cut file as far as its features go |
| geotiff.py | TIFF and GeoTIFF of any size: the facts of its directories, and a thumbnail |
| gguf.py | GGUF: the keys and tensors of a language model from its first bytes (ggml, docs/gguf.md) |
| hdf5.py | HDF5, which includes NetCDF-4 and MATLAB 7.3: groups, datasets and links by h5py (the extra `preview`) |
| hexdump.py | all other blobs: a hex view by offset that pages through the whole blob |
| json_text.py | JSON and JSON Lines, pretty-printed: a cut file is shown up to the cut |
| keras.py | Keras models: versions and layers from the JSON members of the zip |
| named.py | archives and compressions that are named truly and not opened: lz4, compress, 7z, RAR, as hex |
| netcdf.py | classic NetCDF: its dimensions, attributes and variables (NetCDF classic format, CDF-1/2/5) |
| notebook.py | Jupyter notebooks as cells: sources, and the first lines of what they printed |
| npy.py | NumPy arrays without numpy: shape, type, first values, statistics of the first part (NEP 1) |
| ods.py | ods: the tables of an OpenDocument spreadsheet, and the first rows of the first |
| onnx.py | ONNX: operators, inputs, outputs and tensors from the head and the end (onnx.proto) |
| parquet.py | Parquet: rows, row groups, schema, sizes and key-value metadata from the footer |
| pdf.py | PDF: version, pages and title from the first and last bytes; nothing is rendered (ISO 32000) |
| pickled.py | pickle: the imports and calls of a load, read from the opcodes |
| picture.py | PNG, JPEG, WebP, GIF and BMP in half blocks, decoded in a separate process |
| plain.py | text in any common encoding, by pages of whole lines; very long lines are shown in pieces |
| safetensors.py | safetensors: the tensors and metadata of the JSON header |
| sqlite.py | SQLite: the facts of the header, and the tables named on the first page |
| tar_archive.py | tar of any kind: the members whose headers a few reads reach |
| torch_zip.py | PyTorch checkpoints and TorchScript: tensors from the opcodes of data.pkl, never loaded |
| wkb.py | well-known binary as hexadecimal digits, one geometry a line; or as bytes by its name |
| wkt.py | well-known text: one geometry, or one a line, on the same map as GeoJSON (OGC 06-103r4) |
| xlsx.py | xlsx: the sheets of a workbook, and the first rows of the first visible one |
| zip_archive.py | zip and npz: the tree of members from the central directory, one read at the end |
"""
