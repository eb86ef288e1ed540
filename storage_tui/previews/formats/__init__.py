"""The formats, one file each. The table in `storage_tui.previews.registry` has the order in which they are tried.

| file | holds |
|---|---|
| arrow.py | Arrow files (Feather version 2) and streams: schema, batches, metadata, first rows |
| avro.py | Avro: the schema, the codec and the first block of a container file |
| certificate.py | certificates in PEM and DER: subject, issuer, validity and key (RFC 5280) |
| compressed.py | gzip, bzip2, xz, LZMA and zstd (the extra `preview` or Python 3.14): the first part, unpacked |
| delimited.py | CSV, TSV and similar tables, with the type of every column |
| feather.py | Feather version 1: columns, types, first rows |
| flatgeobuf.py | FlatGeobuf: count, bounds, reference and fields of the header, and the first features on the map |
| dicom.py | DICOM: the facts of an image from its first elements; what names a patient is not shown |
| elf.py | ELF: what a program or library is for, and what starts it |
| envi.py | ENVI headers: size, type, order and place of the raster beside them, and its picture |
| esri_grid.py | Esri ASCII grids: size, bounds, cell and nodata, and a picture |
| gdal_raster.py | ERDAS Imagine, PCIDSK, DTED, Surfer and others that GDAL alone reads (the extra `geo`) |
| gdal_vector.py | MapInfo, DXF, DGN, S-57, GML, OpenStreetMap, TopoJSON and others, by pyogrio (the extra `geo`) |
| geojson.py | GeoJSON: kind, count, bounds, area, and the shapes on a map; a cut file as far as its features go |
| geotiff.py | TIFF and GeoTIFF of any size: the facts of its directories, and a thumbnail |
| gguf.py | GGUF: the keys and tensors of a language model from its first bytes (ggml, docs/gguf.md) |
| grib.py | GRIB 1 and 2: messages with parameter, level, time and grid (WMO-No. 306) |
| hdf4.py | HDF4: what the descriptors of the first bytes count and name |
| hdf5.py | HDF5, which includes NetCDF-4 and MATLAB 7.3: groups, datasets and links by h5py (the extra `preview`) |
| hexdump.py | all other blobs: a hex view by offset that pages through the whole blob |
| hgt.py | SRTM heights: the place by the name, the grid by the size, and a picture of the middle |
| jpeg2000.py | JPEG 2000: size, bands, tiles and levels from the boxes and the codestream (ISO/IEC 15444-1) |
| json_text.py | JSON and JSON Lines, pretty-printed: a cut file is shown up to the cut |
| kml.py | KML, KMZ and GPX: names, counts, times and fields, and the shapes on the map |
| keras.py | Keras models: versions and layers from the JSON members of the zip |
| las.py | LAS, LAZ and COPC: header, reference system and first points of a point cloud (LAS 1.4) |
| mail.py | mails: from, to, subject, date and attachments above the text |
| mp4.py | MP4 and MOV: brand, length and tracks (ISO/IEC 14496-12) |
| named.py | archives and compressions that are named truly and not opened: lz4, compress, 7z, RAR, as hex |
| netcdf.py | classic NetCDF: dimensions, attributes, variables, extents of coordinates (CDF-1/2/5) |
| nitf.py | NITF: the facts of the file header and of the first image (MIL-STD-2500C) |
| notebook.py | Jupyter notebooks as cells: sources, and the first lines of what they printed |
| npy.py | NumPy arrays without numpy: shape, type, first values, statistics of the first part (NEP 1) |
| ods.py | ods: the tables of an OpenDocument spreadsheet, and the first rows of the first |
| onnx.py | ONNX: operators, inputs, outputs and tensors from the head and the end (onnx.proto) |
| orc.py | ORC: rows, stripes and columns from the footer at the end |
| parquet.py | Parquet: rows, row groups, schema, sizes and key-value metadata from the footer |
| pdf.py | PDF: version, pages and title from the first and last bytes; nothing is rendered (ISO 32000) |
| pickled.py | pickle: the imports and calls of a load, read from the opcodes |
| picture.py | PNG, JPEG, WebP, GIF and BMP in half blocks, decoded in a separate process |
| plain.py | text in any common encoding, by pages of whole lines; very long lines are shown in pieces |
| pmtiles.py | PMTiles: bounds, zooms, kinds and counts of the header, and the metadata |
| shapefile.py | Shapefile, zipped too: kind, count, bounds, reference, fields and shapes |
| sqlite.py | SQLite: the facts of the header, and the tables; layers of a GeoPackage, zooms of MBTiles |
| stac.py | STAC items, collections and catalogs: date, footprint on the map, assets and links |
| safetensors.py | safetensors: the tensors and metadata of the JSON header |
| sound.py | WAV, FLAC and MP3: rate, channels and length from their heads |
| sqlite.py | SQLite: the facts of the header, and the tables named on the first page |
| store_json.py | Zarr 2 and 3, Iceberg tables, Delta logs: the facts of their JSON above the JSON |
| tar_archive.py | tar of any kind: the members whose headers a few reads reach |
| torch_zip.py | PyTorch checkpoints and TorchScript: tensors from the opcodes of data.pkl, never loaded |
| vrt.py | GDAL virtual rasters: size, place, bands and sources, never followed |
| wheel.py | wheels of Python: name, version and what the package needs, above its members |
| wkb.py | well-known binary as hexadecimal digits, one geometry a line; or as bytes by its name |
| wkt.py | well-known text: one geometry, or one a line, on the same map as GeoJSON (OGC 06-103r4) |
| world_file.py | world files: the place of a picture, as six numbers of text |
| xlsx.py | xlsx: the sheets of a workbook, and the first rows of the first visible one |
| zip_archive.py | zip and npz: the tree of members from the central directory, one read at the end |
"""
