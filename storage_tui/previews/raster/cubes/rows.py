"""The places of an array that lies in one piece: a block is a part of one row."""

from collections.abc import Sequence
from dataclasses import dataclass

from storage_tui.previews.base import PreviewError
from storage_tui.previews.raster.windows.blocks import Place
from storage_tui.previews.raster.windows.scene import Layer

PART_BYTES = 8 * 1024  # of a row: neighbours are read together, those outside of the view are not


@dataclass(frozen=True)
class Rows:
    """The rows of one slice: the place of its first value, the steps to the next row and to the next column, in bytes.

    A part of a row has `part` of the `width` columns; the last part has what is left.
    """

    begin: int
    row_step: int
    column_step: int
    pixel_bytes: int
    width: int
    part: int

    @property
    def across(self) -> int:
        """The number of parts of a row."""
        return -(-self.width // self.part)

    def place(self, index: int) -> Place:
        """Return offset and size of a part."""
        row, at = divmod(index, self.across)
        count = min(self.part, self.width - at * self.part)
        start = self.begin + row * self.row_step + at * self.part * self.column_step
        return start, (count - 1) * self.column_step + self.pixel_bytes


class RowPlaces:
    """The places of all slices of the arrays of one file: a layer is named by its `Rows`."""

    async def find(self, layer: Layer, wanted: Sequence[int]) -> dict[int, Place]:
        """Return the places of these parts of rows."""
        if not isinstance(layer.name, Rows):
            raise PreviewError("its values do not lie in one piece")
        rows = layer.name
        return {index: rows.place(index) for index in wanted}
