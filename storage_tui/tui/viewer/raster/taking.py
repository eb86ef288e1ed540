"""The view taken out of the viewer: as a line of Python."""

from storage_tui.contract.models import Blob
from storage_tui.previews.raster.windows.scene import Cut, Scene, Tiling
from storage_tui.previews.raster.windows.shown import Style
from storage_tui.previews.raster.windows.view import View


def python_line(blob: Blob, scene: Scene, view: View, style: Style) -> str:
    """Return a line of Python that reads the window of a view, from a file of the name of the blob.

    rasterio reads a raster, pmtiles or sqlite3 the tile in the middle of the view, and numpy, xarray, h5py or zarr the
    window of an array: with the rows as they are stored.
    """
    column, row, width, height = view.window
    name = ascii(blob.key.rpartition("/")[2])
    if scene.cut is not None:
        return _line_of_array(name, scene.name, scene.cut, view)
    if scene.tiling is not None:
        return _line_of_tile(name, scene.tiling, view)
    bands = ", ".join(str(band + 1) for band in style.bands)
    chosen = bands if len(style.bands) == 1 else f"[{bands}]"
    window = f"rasterio.windows.Window({column}, {row}, {width}, {height})"
    return f"rasterio.open({name}).read({chosen}, window={window})"


def _line_of_array(name: str, variable: str, cut: Cut, view: View) -> str:
    column, row, width, height = view.window
    if cut.is_from_below:
        row = view.height - row - height
    places = ["" if index is None else str(index) for index in cut.indexes]
    places[cut.down], places[cut.across] = f"{row}:{row + height}", f"{column}:{column + width}"
    inside = ", ".join(place or ":" for place in places)
    if cut.kind == "npy":
        return f"numpy.load({name}, mmap_mode='r')[{inside}]"
    if cut.kind == "zarr":
        return f"zarr.open({name}){f'[{variable!a}]' if variable else ''}[{inside}]"
    if cut.kind == "icechunk":
        repository = f"icechunk.Repository.open(icechunk.local_filesystem_storage({name}))"
        return f"zarr.open({repository}.readonly_session('main').store, mode='r')[{variable!a}][{inside}]"
    opened = f"xarray.open_dataset({name})" if cut.kind == "netcdf" else f"h5py.File({name})"
    return f"{opened}[{variable!a}][{inside}]"


def _line_of_tile(name: str, tiling: Tiling, view: View) -> str:
    x, y = view.middle
    column, row = tiling.column + int(x // tiling.side), tiling.row + int(y // tiling.side)
    if tiling.form == "pmtiles":
        source = f"pmtiles.reader.MmapSource(open({name}, 'rb'))"
        return f"pmtiles.reader.Reader({source}).get({tiling.zoom}, {column}, {row})"
    where = f"({tiling.zoom}, {column}, {(1 << tiling.zoom) - 1 - row})"
    query = "SELECT tile_data FROM tiles WHERE (zoom_level, tile_column, tile_row) = (?, ?, ?)"
    return f"sqlite3.connect({name}).execute('{query}', {where}).fetchone()[0]"
