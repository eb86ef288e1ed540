"""The regions of several blobs as a drawing: one map with a legend, drawn again when another region was read."""

from collections.abc import Sequence

from storage_tui.contract.counts import plural
from storage_tui.contract.models import Blob
from storage_tui.previews.base import View
from storage_tui.previews.overlay import MOST, draw_regions
from storage_tui.previews.vector.shapes import Shapes
from storage_tui.tui.viewer.documents.document import Row


class RegionsMap:
    """A map with the rows and the extent of a document; the map screen needs no more."""

    def __init__(self, blobs: Sequence[Blob]) -> None:
        """Only as many of the blobs are drawn as there are distinct colours."""
        self.blobs = blobs[:MOST]
        self.rows: list[Row] = []
        self._left_out = len(blobs) - len(self.blobs)
        self._regions: list[tuple[str, Shapes | str]] = []

    def add(self, blob: Blob, shapes: Shapes | str) -> None:
        """Draw the shapes of a blob from the next `fit` on; a text is the reason for missing shapes."""
        self._regions.append((blob.key.rsplit("/", 1)[-1], shapes))

    @property
    def extent(self) -> str:
        """The number of regions read and left out: `3 regions of 24, 2 more are left out`."""
        read = len(self._regions)
        reading = f" of {len(self.blobs):,}" if read < len(self.blobs) else ""
        return f"{plural(read, 'region')}{reading}" + (
            f", {self._left_out:,} more are left out" if self._left_out else ""
        )

    def fit(self, width: int, height: int) -> bool:
        """Draw for a view of `width` by `height` cells. Returns true always: nothing must be read again."""
        self.rows = [Row(line) for line in draw_regions(self._regions, View(width, height)).lines]
        return True
