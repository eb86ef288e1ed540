"""The rasters of which windows are shown: which first bytes are those of one, and how it is opened."""

from importlib.util import find_spec
from typing import Protocol

from storage_tui.contract.models import Blob
from storage_tui.previews.base import MIB, Budget, PreviewError, RangeStorage, Source
from storage_tui.previews.formats.hdf5 import HDF5
from storage_tui.previews.raster.cubes.chunks import Hdf5Places
from storage_tui.previews.raster.cubes.hdf5 import read_array
from storage_tui.previews.raster.cubes.netcdf import SIGNATURES, names_of, read_header, read_variable
from storage_tui.previews.raster.cubes.npy import npy_variable
from storage_tui.previews.raster.cubes.rows import RowPlaces
from storage_tui.previews.raster.cubes.slicing import Slices
from storage_tui.previews.raster.cubes.variable import Variable
from storage_tui.previews.raster.windows.blocks import BlockStore, Places
from storage_tui.previews.raster.windows.map_tiles import holds_pictures, open_tiles
from storage_tui.previews.raster.windows.pictures import is_large_picture, open_picture
from storage_tui.previews.raster.windows.reading import WindowReader
from storage_tui.previews.raster.windows.scene import ArrayKind
from storage_tui.previews.raster.windows.tiff_scene import open_tiff
from storage_tui.previews.vector.tiles.archive import has_picture_tiles, is_tile_database

TIFFS = (b"II\x2a\x00", b"MM\x00\x2a", b"II\x2b\x00", b"MM\x00\x2b")  # byte order and version
FIRST_BUDGET = Budget(requests=32, size_bytes=4 * MIB)  # headers of HDF5 lie all over the file; and a coarse picture


class Raster(Protocol):
    """What the viewer opens: a blob, or a store of chunks."""

    @property
    def bytes_read(self) -> int:
        """The bytes that were read so far."""

    async def open(self, name: str | None) -> WindowReader:
        """Return the reader of the variable `name`, of the first one for None. Raises PreviewError, and errors of the
        client."""

    def again(self) -> "Raster | None":
        """Return the same raster, of which nothing was read; None where it is not read again."""


class BlobRaster:
    """A raster that is one blob, from a source that may hold its first bytes already."""

    def __init__(self, source: Source, storage: RangeStorage | None) -> None:
        """`storage` reads the blob again; None for a member of an archive, which is not read again."""
        self._source = source
        self._storage = storage

    @property
    def bytes_read(self) -> int:
        """The bytes that were read so far."""
        return self._source.bytes_read

    async def open(self, name: str | None) -> WindowReader:
        """Return the reader of a variable, as `open_raster` does."""
        return await open_raster(self._source, name)

    def again(self) -> "BlobRaster | None":
        """Return the same blob, of which nothing was read."""
        blob = self._source.blob
        if self._storage is None:
            return None
        return BlobRaster(Source(self._storage, Blob(blob.key, blob.storage_type)), self._storage)


def is_raster(head: bytes) -> bool:
    """Return whether these are the first bytes of a raster of which windows are shown, whatever follows them."""
    if head.startswith(HDF5):
        return find_spec("h5py") is not None
    if head.startswith((*TIFFS, *SIGNATURES)) or has_picture_tiles(head):
        return True
    return npy_variable(head) is not None or is_large_picture(head)


async def holds_raster(source: Source) -> bool:
    """Return whether a blob is a raster of which windows are shown: of a database its tiles say it.

    Raises the errors of the client.
    """
    return is_raster(await source.head()) or await holds_pictures(source)


async def open_raster(source: Source, name: str | None = None) -> WindowReader:
    """Return the reader of a raster, of the variable `name` where a file has several.

    The first picture has what is left of the budget. Raises PreviewError where it has none, and errors of the client.
    """
    source.begin()
    source.allow(FIRST_BUDGET)
    head = await source.head()
    if head.startswith(HDF5):
        names, variable = await read_array(source, name)
        return _reader(source, variable, Hdf5Places(source), names, "hdf5")
    if head.startswith(SIGNATURES):
        header = await read_header(source, head)
        names = names_of(header)
        if not names:
            raise PreviewError("it has no variable that is a picture")
        return _reader(source, await read_variable(source, header, name or names[0]), RowPlaces(), names, "netcdf")
    if has_picture_tiles(head) or is_tile_database(head):
        return await open_tiles(source)
    if is_large_picture(head):
        return await open_picture(source, head)
    found = npy_variable(head)
    return await open_tiff(source) if found is None else _reader(source, found, RowPlaces(), [], "npy")


def _reader(source: Source, variable: Variable, places: Places, names: list[str], kind: ArrayKind) -> WindowReader:
    slices = Slices(variable, kind)
    if not variable.pixels:
        raise PreviewError("it is too narrow to be a picture")
    return WindowReader(source, slices.scene(), BlockStore(source, places), slices=slices.at, names=tuple(names))
