"""The place of a slice on the earth, from coordinates that are evenly spaced."""

from storage_tui.previews.raster.cubes.variable import Axis
from storage_tui.previews.raster.geokeys import Georeference

WGS_84 = 4326


def place_of(down: Axis, across: Axis, epsg: int | None, *, is_from_below: bool) -> Georeference | None:
    """Return the place of a slice; None where its coordinates are not evenly spaced, or not there.

    Coordinates are those of the middles of the pixels. `is_from_below` says that the last row is shown at the top.
    """
    dx, dy = across.step, down.step
    if dx is None or dy is None:
        return None
    top = down.values[-1] if is_from_below else down.values[0]
    dy = -dy if is_from_below else dy
    left = across.values[0] - dx / 2
    top -= dy / 2
    right, bottom = left + dx * across.length, top + dy * down.length
    bounds = min(left, right), min(top, bottom), max(left, right), max(top, bottom)
    is_geographic = down.is_in_degrees and across.is_in_degrees
    code = epsg if epsg is not None else WGS_84 if is_geographic else None
    return Georeference(code, "", is_geographic, bounds, (abs(dx), abs(dy)), (dx, 0.0, left, 0.0, dy, top))
