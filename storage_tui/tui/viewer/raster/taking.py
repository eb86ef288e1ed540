"""The view taken out of the viewer: as a line of Python for rasterio."""

from storage_tui.contract.models import Blob
from storage_tui.previews.raster.windows.shown import Style
from storage_tui.previews.raster.windows.view import View


def python_line(blob: Blob, view: View, style: Style) -> str:
    """Return a line of Python that reads the window of a view with rasterio, from a file of the name of the blob."""
    column, row, width, height = view.window
    bands = ", ".join(str(band + 1) for band in style.bands)
    chosen = bands if len(style.bands) == 1 else f"[{bands}]"
    name = ascii(blob.key.rpartition("/")[2])
    window = f"rasterio.windows.Window({column}, {row}, {width}, {height})"
    return f"rasterio.open({name}).read({chosen}, window={window})"
