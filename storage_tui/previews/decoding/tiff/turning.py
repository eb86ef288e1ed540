"""A raster as it is seen, and as it is stored: the eight values of Orientation (TIFF 6.0, section 8)."""

from collections.abc import Sequence
from typing import TypeVar

AS_STORED, FROM_BELOW, TRANSPOSED = 1, 4, 5
SIDEWAYS = 5  # orientations from this one on exchange width and height
_FROM_RIGHT = frozenset((2, 3, 7, 8))  # the stored columns run against the direction of what is seen
_FROM_BOTTOM = frozenset((3, 4, 6, 7))  # the stored rows do

Value = TypeVar("Value")


def seen_size(turned: int, width: int, height: int) -> tuple[int, int]:
    """Return width and height as seen of a raster that is stored as `width` by `height`."""
    return (height, width) if turned >= SIDEWAYS else (width, height)


def stored_places(
    turned: int, width: int, height: int, xs: Sequence[int], ys: Sequence[int]
) -> tuple[list[int], list[int]]:
    """Return the stored columns and rows of seen columns `xs` and rows `ys`; `width` and `height` are those stored.

    Sideways the columns are those of `ys`, and the rows those of `xs`.
    """
    columns, rows = (ys, xs) if turned >= SIDEWAYS else (xs, ys)
    return (
        [width - 1 - column for column in columns] if turned in _FROM_RIGHT else list(columns),
        [height - 1 - row for row in rows] if turned in _FROM_BOTTOM else list(rows),
    )


def seen_plane(turned: int, plane: list[Value], across: int) -> list[Value]:
    """Return values that lie by stored rows, `across` to a row, by the rows that are seen."""
    if turned < SIDEWAYS:
        return plane
    return [value for column in range(across) for value in plane[column::across]]
