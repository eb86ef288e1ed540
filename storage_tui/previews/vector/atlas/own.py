"""Places in degrees brought back to the coordinates of the file of a layer."""

from storage_tui.previews.projections import Bounds, Pair, Projection, projection_of_code, projection_of_text
from storage_tui.previews.vector.atlas.layer import Told
from storage_tui.previews.vector.reference import of_code


def is_projected(told: Told) -> bool:
    """Return whether the coordinates of the file are those of a projection, as far as the file says it."""
    if told.epsg is not None:
        return not of_code(told.epsg).is_geographic
    return told.definition.lstrip().upper().startswith("PROJ")


def own_place(told: Told, place: Pair) -> Pair | None:
    """Return the x and y of a place in the reference system of the file.

    None where the file is in degrees itself, its system has no formula here, or the place is outside of it.
    """
    found = _projection(told)
    return None if found is None else found.to_plane(*place)


def own_box(told: Told, box: Bounds) -> Bounds | None:
    """Return a box in the reference system of the file, as `own_place`."""
    found = _projection(told)
    return None if found is None else found.plane_of_box(box)


def _projection(told: Told) -> Projection | None:
    found = None if told.epsg is None else projection_of_code(told.epsg)
    return found or projection_of_text(told.definition)
