"""The features of a file for the map: shapes in degrees with their properties, thinned for each zoom.

| file | holds |
|---|---|
| clipping.py | lines and rings of a map tile cut at its edges |
| databases.py | the layers of a GeoPackage, through its R-tree where a box is asked for |
| flatgeobuf.py | FlatGeobuf by ranges: from its first feature on, or those of a box through its index |
| packing.py | features as arrays: the answer of a job |
| parquet.py | the geometries and values of some row groups of a GeoParquet |
| placing.py | coordinates brought to degrees as they are taken |
| texts.py | the features in the first bytes of GeoJSON, STAC, WKT, WKB, Shapefile, KML and GPX |
| tiles.py | the features of one layer in some vector tiles |
| thinning.py | lines with fewer positions for the smaller scales, in short pieces with their boxes |
"""
