"""The places of the chunks of HDF5 datasets, which h5py finds in the decoder process through the blob's ranges."""

from collections.abc import Sequence

from storage_tui.previews.base import PreviewError, Source
from storage_tui.previews.decoding.decoder import DECODER
from storage_tui.previews.raster.cubes.rows import RowPlaces, Rows
from storage_tui.previews.raster.cubes.slicing import Chunks
from storage_tui.previews.raster.windows.blocks import Place
from storage_tui.previews.raster.windows.scene import Layer

KEPT_PLACES = 1 << 16


class Hdf5Places:
    """The places of chunks, and of datasets in one piece."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self._rows = RowPlaces()
        self._places: dict[tuple[str, tuple[int, ...]], Place] = {}

    async def find(self, layer: Layer, wanted: Sequence[int]) -> dict[int, Place]:
        """Return the places of these chunks; raise BudgetError, or PreviewError for a damaged index of chunks."""
        chunks = layer.name
        if isinstance(chunks, Rows):
            return await self._rows.find(layer, wanted)
        if not isinstance(chunks, Chunks):
            raise PreviewError("its values do not lie in chunks")
        corners = {index: chunks.corner_of(index) for index in wanted}
        missing = [corner for corner in corners.values() if (chunks.variable, corner) not in self._places]
        if missing:
            if len(self._places) > KEPT_PLACES:
                self._places.clear()
                missing = list(corners.values())
            job = {"job": "chunks", "variable": chunks.variable, "corners": missing}
            told, _ = await DECODER.decode(job, b"", source=self._source)
            for corner, (at, size) in zip(missing, told["places"], strict=True):
                self._places[chunks.variable, corner] = at, size
        return {index: self._places[chunks.variable, corner] for index, corner in corners.items()}
