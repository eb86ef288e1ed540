"""Rasters that GDAL alone reads, told by their first bytes: facts and a picture by rasterio (the extra `geo`)."""

from storage_tui.previews.base import Preview, PreviewError, Source, View
from storage_tui.previews.raster.by_gdal import PANE_BUDGET, completed

MAGICS: tuple[tuple[bytes, str, str], ...] = (
    (b"EHFA_HEADER_TAG\0", "ERDAS Imagine", "HFA"),
    (b"PCIDSK  ", "PCIDSK", "PCIDSK"),
    (b"UHL1", "DTED", "DTED"),
    (b"DSBB", "Surfer grid", "GSBG"),
    (b"DSRB", "Surfer 7 grid", "GS7BG"),
    (b"LBLSIZE=", "VICAR", "VICAR"),
    (b"\x01\xda\x00\x01\x00", "SGI picture", "SGI"),
    (b"\x01\xda\x01\x01\x00", "SGI picture", "SGI"),
)
"""First bytes, the name of the format, and GDAL's driver."""


class GdalRaster:
    """A raster of a format that this program has no reader for."""

    kind = "GDAL raster"
    budget = PANE_BUDGET

    def matches(self, head: bytes, name: str) -> bool:
        """Return whether the first bytes are those of a format in the table."""
        return _row(head) is not None

    async def show(self, source: Source, head: bytes, view: View) -> Preview:
        """Return facts and picture by rasterio; the name of the format alone without it."""
        row = _row(head)
        if row is None:
            raise PreviewError("it has other first bytes")
        return await completed(Preview(row[1]), source, view, (row[2],))


def driver_of(head: bytes) -> str:
    """Return GDAL's driver for a format of the table; "" for another one."""
    row = _row(head)
    return "" if row is None else row[2]


def _row(head: bytes) -> tuple[bytes, str, str] | None:
    return next((row for row in MAGICS if head.startswith(row[0])), None)
