"""The view taken out of the map: as a line of Python."""

from storage_tui.previews.projections import Bounds, Pair
from storage_tui.previews.vector.atlas.own import is_projected, own_box, own_place
from storage_tui.tui.viewer.map.layers import Layer

TURN = 360.0


def python_line(row: Layer, bounds: Bounds, place: Pair | None) -> str:
    """Return a line of Python that reads what is in view of a layer, from a file of the name of the blob.

    geopandas takes a box in the reference system of the file: a projected file has the box in its own coordinates, and
    where no formula for them is known here, a box that names its system. The place of the cross-hair follows.
    """
    name, told = ascii(row.source.blob.key.rpartition("/")[2]), None if row.base is None else row.base.told
    is_plane = told is not None and told.is_plane
    box = bounds if is_plane else _within(bounds)
    if told is None or is_plane or not is_projected(told):
        numbers, own = box, None
    else:
        found = own_box(told, box)
        numbers, own = found or box, None if place is None else own_place(told, place)
        if found is None:
            return f"geopandas.read_file({name}, bbox=geopandas.GeoSeries([shapely.box({_text(box)})], crs=4326))"
    west, south, east, north = numbers
    more = f", layer={row.number}" if row.number else ""
    line = f"geopandas.read_file({name}, bbox=({_text(numbers)}){more})"
    if name[1:-1].lower().endswith((".parquet", ".geoparquet", ".pq")):
        line = f"geopandas.read_parquet({name}).cx[{west:.6f}:{east:.6f}, {south:.6f}:{north:.6f}]"
    if told is None or own is None:
        return line
    named = "" if told.epsg is None else f" in EPSG:{told.epsg}"
    return f"{line}  # {own[0]:.3f}, {own[1]:.3f}{named}"


def _within(bounds: Bounds) -> Bounds:
    """Return a box by whole turns around the earth where its middle lies between -180 and 180 degrees."""
    shift = TURN * round((bounds[0] + bounds[2]) / 2 / TURN)
    return bounds[0] - shift, max(-90.0, bounds[1]), bounds[2] - shift, min(90.0, bounds[3])


def _text(box: Bounds) -> str:
    return ", ".join(f"{number:.6f}" for number in box)
