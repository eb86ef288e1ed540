"""A view as it is drawn, as a PNG (PNG, third edition, W3C 2025)."""

import math
import struct
import zlib
from dataclasses import replace

from storage_tui.previews.decoding.painting.cells import CELL_BYTES
from storage_tui.previews.raster.windows.reading import WindowReader
from storage_tui.previews.raster.windows.shown import Style
from storage_tui.previews.raster.windows.view import View

MOST_PIXELS = 360_000  # of the picture: what the decoder draws at once
HALVES = 1
SIGNATURE = b"\x89PNG\r\n\x1a\n"
RGB_OF_8_BITS = bytes((8, 2, 0, 0, 0))


async def read_png(reader: WindowReader, view: View, style: Style) -> bytes:
    """Return the part of a view that lies on the raster as a PNG, finer than the cells of a terminal show it.

    `style` has the limits of what is seen. Raises PreviewError, BudgetError included, and errors of the client.
    """
    column, row, width, height = view.window
    scale = max(1.0, math.sqrt(width * height / MOST_PIXELS))
    columns, rows = max(1, int(width / scale)), max(1, int(height / scale / 2))
    scale = max(width / columns, height / (2 * rows))
    drawn = replace(view, columns=columns, rows=rows, left=float(column), top=float(row), scale=scale)
    picture = await reader.picture(drawn, style, across=HALVES, ground=bytes(3))
    return png_of(picture.cells, columns, rows)


def png_of(cells: bytes, columns: int, rows: int) -> bytes:
    """Return cells of two halves as a PNG of `columns` by `2 * rows` pixels."""
    stride = columns * CELL_BYTES
    lines = []
    for start in range(0, rows * stride, stride):
        line = cells[start : start + stride]
        for first in (1, 4):
            pixels = bytearray(3 * columns)
            for part in range(3):
                pixels[part::3] = line[first + part :: CELL_BYTES]
            lines.append(b"\0" + pixels)
    head = struct.pack(">II", columns, 2 * rows) + RGB_OF_8_BITS
    return b"".join((
        SIGNATURE, _chunk(b"IHDR", head), _chunk(b"IDAT", zlib.compress(b"".join(lines))), _chunk(b"IEND", b""),
    ))  # fmt: skip


def _chunk(name: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))
