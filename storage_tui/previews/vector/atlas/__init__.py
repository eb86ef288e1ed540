"""Layers of features for a map that is moved and zoomed.

| file | holds |
|---|---|
| boxed.py | what a blob holds in a box: features, or the window of a raster |
| dots.py | the dots of braille of a view, drawn in slices of a few milliseconds |
| filling.py | the areas of a layer in half tone, with their holes |
| footprint.py | the outline of a raster as a layer of one feature |
| geodesic.py | the distance of two places along the ellipsoid, and the area of a ring |
| layer.py | a layer: its features as arrays, their properties, the piece nearest to a place |
| own.py | places in degrees brought back to the coordinates of the file |
| reading.py | the features of a blob through the decoder: the first ones, or those in a box |
| taking.py | the form of a blob, and the bytes of the files of a layer |
| tiled.py | the layers of vector tiles: the tiles of the zoom that fits what is in view |
| view.py | the view: the place in its middle, and the degrees along a dot |
"""
