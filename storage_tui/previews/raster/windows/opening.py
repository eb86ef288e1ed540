"""The rasters of which windows are shown: which first bytes are those of one, and how it is opened."""

from storage_tui.previews.base import Source
from storage_tui.previews.raster.windows.reading import WindowReader
from storage_tui.previews.raster.windows.tiff_scene import open_tiff

TIFFS = (b"II\x2a\x00", b"MM\x00\x2a", b"II\x2b\x00", b"MM\x00\x2b")  # byte order and version


def is_raster(head: bytes) -> bool:
    """Return whether these are the first bytes of a raster of which windows are shown."""
    return head.startswith(TIFFS)


async def open_raster(source: Source) -> WindowReader:
    """Return the reader of a raster; raise PreviewError where it has no picture, and errors of the client."""
    return await open_tiff(source)
