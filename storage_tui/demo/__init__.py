"""The throwaway store of `storage-tui --demo`: small real files of every kind that analysts keep, made in code.

| file | makes |
|---|---|
| build.py | the store: every file under its key, with its age |
| terrain.py | a landscape, its shaded relief and its vegetation |
| tiff.py | tiled GeoTIFFs with overviews |
| images.py | a product of the catalog and its images |
| pictures.py | PNG, JPEG, WebP, GIF and a pyramid of tiles |
| shapes.py | GeoJSON and WKT |
| tables.py | CSV, JSON, JSON Lines and logs |
| files.py | arrays, archives, a model, a database, a document, notes |
"""

from storage_tui.demo.build import build_demo

__all__ = ["build_demo"]
