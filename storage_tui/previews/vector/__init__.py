"""Shared by the formats with shapes: bounds, areas, and a map of braille dots.

| file | holds |
|---|---|
| by_gdal.py | the layers of a file that GDAL alone reads: its files, what pyogrio says of them, the preview |
| canvas.py | a canvas of braille dots: two by four to a cell, so a dot is about square in every terminal font |
| coastline.py | a coarse outline of the continents behind maps of large extent |
| geoparquet.py | GeoParquet: the key `geo` of the footer, the boxes of row groups, the geometries of the first rows |
| layer.py | a layer of shapes with its facts: how many, of which kind, where, with which fields; and its map |
| map.py | a map of braille dots: shapes in their bounds, coasts behind large maps, coordinates in two corners |
| reference.py | the reference system that a file of shapes names: whether its coordinates are degrees |
| rings.py | lines and rings in degrees: without a jump at the antimeridian, and the area inside a ring on the sphere |
| shapefile.py | the parts of a Shapefile: header and shapes of the `.shp`, fields and rows of the `.dbf` |
| shapes.py | points, lines and polygons for previews: their bounds, and their area on the sphere |
| wkb.py | well-known binary: a geometry as bytes, of the standard and of PostGIS |
| wkt_text.py | the grammar of well-known text: geometries one after the other, as far as the text goes |
| tiles/ | map tiles: which one stands for a file, where it lies, and how it is drawn |
| atlas/ | layers of features for a map that is moved and zoomed |
"""
