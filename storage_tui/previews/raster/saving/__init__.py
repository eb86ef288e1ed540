"""A window of a raster as a file of its own.

| file | holds |
|---|---|
| geotiff.py | a window at full resolution as a GeoTIFF: the values, the place, nodata, the palette |
| png.py | a view as it is drawn, as a PNG |
"""
