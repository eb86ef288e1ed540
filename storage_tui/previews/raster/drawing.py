"""A decoded picture as blocks, or room for pixels where the terminal draws them itself."""

import asyncio
import math

from rich.text import Text

from storage_tui.previews.base import Pixels, View
from storage_tui.previews.raster.halfblocks import cell_lines, picture_lines

HALVES = 1, 2  # square pixels across and down a cell in half blocks
QUADRANTS = 2, 4  # a quadrant is twice as high as wide: two square pixels


def room(view: View, rows: int, most: int) -> tuple[int, int]:
    """Return the columns and rows of pixels for a picture of `rows` rows of cells, at most `most` pixels in all."""
    across, down = view.cell or (QUADRANTS if view.quadrants else HALVES)
    width, height = view.width * across, rows * down
    scale = 1.0 if view.cell is None else min(1.0, math.sqrt(most / (width * height)))
    return max(1, int(width * scale)), max(1, int(height * scale))


async def drawn(rgb: bytes, width: int, height: int, view: View, rows: int) -> tuple[tuple[Text, ...], Pixels | None]:
    """Return the lines of a picture; with pixels the lines are blank, and the pixels go over them.

    In quadrants `rgb` holds the cells that the decoder has made of the pixels.
    """
    if view.cell is None and view.quadrants:
        return tuple(await asyncio.to_thread(cell_lines, rgb, width, truecolor=view.truecolor)), None
    if view.cell is None:
        return tuple(await asyncio.to_thread(picture_lines, rgb, width, height, truecolor=view.truecolor)), None
    across, down = view.cell
    scale = min(view.width * across / width, rows * down / height)
    columns = max(1, min(view.width, math.ceil(width * scale / across)))
    lines = max(1, min(rows, math.ceil(height * scale / down)))
    return tuple(Text("") for _ in range(lines)), Pixels(width, height, rgb, columns, lines)
