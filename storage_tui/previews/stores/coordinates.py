"""Coordinates of a Zarr store: which arrays they are, and each in words."""

from storage_tui.previews.base import PreviewError
from storage_tui.previews.raster.cubes.axis_words import MOST_COORDINATES, axis_words
from storage_tui.previews.stores.nodes import Array
from storage_tui.previews.stores.prefix import ChunkFiles
from storage_tui.previews.stores.slices import Axis, read_slice


def coordinates_of(arrays: list[Array]) -> list[Array]:
    """Return the arrays that are the values along a dimension of their own name, at most MOST_COORDINATES."""
    found = [
        array for array in arrays
        if len(array.shape) == 1 and array.shape[0] and array.dtype is not None
        and (array.dimensions == (array.name,) or (not array.dimensions and array.name in _sides_of(arrays)))
    ]  # fmt: skip
    return found[:MOST_COORDINATES]


async def coordinate_text(prefix: ChunkFiles, array: Array) -> str:
    """Return a coordinate in words; "" for one that cannot be read. Raises an error of the client."""
    count, chunk = array.shape[0], array.pieces[0]
    places = sorted({0, min(1, count - 1), count - 1})
    try:
        found = await read_slice(prefix, array, Axis((0,), 1), Axis(tuple(places), chunk))
    except PreviewError:
        return ""
    return axis_words(count, found.values[0], array.attributes.get("units"), array.attributes.get("calendar"))


def _sides_of(arrays: list[Array]) -> set[str]:
    return {name for array in arrays for name in array.dimensions}
