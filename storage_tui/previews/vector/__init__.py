"""Shared by the formats with shapes: bounds, areas, and a map of braille dots.

| file | holds |
|---|---|
| canvas.py | a canvas of braille dots: two by four to a cell, so a dot is about square in every terminal font |
| coastline.py | a coarse outline of the continents behind maps of large extent |
| shapes.py | points, lines and polygons for previews: bounds, area on the sphere, and a map |
"""
