"""Previews: one file a format, in the order of the table in table.py; base.py says what a preview is.

    source = Source(storage, blob)
    shown = await preview(source, width=80, height=24)
    shown = await preview(source, width=80, height=24, offset=shown.pages.next)     # the next page of text or hex

A new format is one file here with `matches` and `show`, and one line in the table.
"""

from storage_tui.previews.base import Pages, Preview, PreviewError, Source
from storage_tui.previews.registry import PREVIEWS, close, modes_of, preview

__all__ = ["PREVIEWS", "Pages", "Preview", "PreviewError", "Source", "close", "modes_of", "preview"]
