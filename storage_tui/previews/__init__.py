"""Previews: each format is one file; registry.py lists the formats in order, and base.py says what a preview is.

    source = Source(storage, blob)
    shown = await preview(source, width=80, height=24)
    shown = await preview(source, width=80, height=24, offset=shown.pages.next)     # the next page of text or hex

A new format is one file in `formats/` with `matches` and `show`, and one line in the table.

| file | holds |
|---|---|
| base.py | the parts of every preview: a Source that reads ranges within a budget, and what a preview returns |
| local_files.py | local files with the calls that previews make of a store |
| member.py | one member of an archive as a blob of its own: by ranges, or a packed one from its start |
| pick.py | the choice of the format of a blob, and the fallback for a damaged blob |
| projections.py | projected coordinates to degrees and back, by formulas of our own |
| reasons.py | the reason why a parser gave up, in words for people |
| registry.py | the table of previews, and the function that previews a blob: content first, name second |
| siblings.py | the files that belong to one file: beside it in the store, or in the same archive |
| syntax.py | colours for the words of a visible line: JSON, Python, YAML, logs, Markdown, XML |
| comparing/ | two blobs beside each other: what is equal, and what differs |
| containers/ | shared by the formats with members: trees, packed streams, headers of tar, directories of zip, HDF5 |
| decoding/ | the process that decodes pictures: `python -m storage_tui.previews.decoding` |
| formats/ | the formats, one file each |
| heads/ | shared by the formats that are known by their heads: fields of bytes, tensors, members of a zip |
| querying/ | SQL over blobs by DuckDB, in a process of its own that can open nothing |
| raster/ | shared by the raster formats: directories of a TIFF, reference systems, pixels as half blocks |
| rows/ | the rows of a table of any size: by position, by a query, in order, measured |
| searching/ | the lines of blobs that match: by ranges, packed text too, bounded |
| stores/ | prefixes that are one thing: Zarr stores, Icechunk repositories |
| table/ | shared by the table formats: dialects of text, columns, footers, and the first rows |
| text/ | shared by the formats of text: encodings, lines, and JSON that may be cut |
| vector/ | shared by the formats with shapes: bounds, areas, and a map of braille dots |
"""

from storage_tui.previews.base import LimitError, Pages, Preview, PreviewError, Source
from storage_tui.previews.registry import PREVIEWS, close, modes_of, preview

__all__ = ["PREVIEWS", "LimitError", "Pages", "Preview", "PreviewError", "Source", "close", "modes_of", "preview"]
