"""Previews: one file a format, in the order of the table in table.py; base.py says what a preview is.

    source = Source(storage, blob)
    shown = await preview(source, width=80, height=24)
    shown = await preview(source, width=80, height=24, offset=shown.pages.next)     # the next page of text or hex

A new format is one file here with `matches` and `show`, and one line in the table.

| file | holds |
|---|---|
| base.py | what every preview is made of: a Source that reads ranges within a budget |
| member.py | one member of an archive as a blob of its own: a stored one by ranges, a deflated one from its start |
| overlay.py | several regions on one map, each in a colour of its own: the first part of each blob |
| pick.py | which format a blob is, and what is shown instead when it is not what it claims to be |
| registry.py | the table of previews, and the one function that shows a blob by it: content first, name second |
| syntax.py | roles of the words of a line, for the lines that are drawn: JSON, Python, YAML, logs, Markdown, XML |
| containers/ | what the formats with members share: trees of members, and the objects of HDF5 |
| decoding/ | the process that decodes pictures: `python -m storage_tui.previews.decoding` |
| formats/ | one file a format |
| raster/ | what the raster formats share: directories of a TIFF, reference systems, and pixels as half blocks |
| table/ | what the table formats share: columns of text, footers, and the first rows |
| vector/ | what the formats with shapes share: bounds, areas, and a map of braille dots |
"""

from storage_tui.previews.base import Pages, Preview, PreviewError, Source
from storage_tui.previews.registry import PREVIEWS, close, modes_of, preview

__all__ = ["PREVIEWS", "Pages", "Preview", "PreviewError", "Source", "close", "modes_of", "preview"]
