"""An array of a Zarr store, or of an Icechunk repository, as a raster that is looked at through a window."""

import math
from collections import OrderedDict
from collections.abc import Mapping, Sequence

from storage_tui.contract.sizes import size_text
from storage_tui.previews.base import MIB, Budget, BudgetError, LimitError, PreviewError
from storage_tui.previews.decoding.zarr.values import MOST_UNPACKED
from storage_tui.previews.pick import DAMAGE
from storage_tui.previews.raster.cubes.netcdf import epsg_of, facts_of
from storage_tui.previews.raster.cubes.slicing import Chunks as SliceChunks
from storage_tui.previews.raster.cubes.slicing import Slices
from storage_tui.previews.raster.cubes.variable import Axis, Chunked, Variable, code_of, first_of
from storage_tui.previews.raster.windows.blocks import Place
from storage_tui.previews.raster.windows.reading import WindowReader
from storage_tui.previews.raster.windows.scene import ArrayKind, Layer
from storage_tui.previews.stores.chunks import TOO_FAR, Chunks
from storage_tui.previews.stores.icechunk import is_icechunk, open_main
from storage_tui.previews.stores.nodes import Array
from storage_tui.previews.stores.prefix import ChunkFiles, FolderStorage, Prefix
from storage_tui.previews.stores.recognise import names_of_zarr
from storage_tui.previews.stores.slices import Axis as SliceAxis
from storage_tui.previews.stores.slices import read_slice
from storage_tui.previews.stores.tree import Store, read_store

OPEN_BUDGET = Budget(requests=200, size_bytes=8 * MIB)  # metadata, coordinates, and the first picture
KEPT_BYTES = 24 * MIB  # packed chunks: the views of several minutes
MOST_COORDINATES = 20_000  # along one axis
MOST_COORDINATE_CHUNKS = 8  # a request each
GROWTH = 1.25  # of the chunks read so far, for one that was not read
MAPPING = "grid_mapping"


class ZarrRaster:
    """A Zarr store, group or array, or an Icechunk repository, whose pictures are looked at."""

    def __init__(self, storage: FolderStorage, key: str, storage_type: str) -> None:
        """`key` is the prefix, and ends with a slash."""
        self._storage = storage
        self._key = key
        self._type = storage_type
        self._prefix = Prefix(storage, key, storage_type, is_full=True)
        self._files: ChunkFiles = self._prefix
        self._kind: ArrayKind = "zarr"
        self._store: Store | None = None

    @property
    def bytes_read(self) -> int:
        """The bytes that were read so far."""
        return self._prefix.bytes_read

    def again(self) -> "ZarrRaster":
        """Return the same store, of which nothing was read."""
        return ZarrRaster(self._storage, self._key, self._type)

    async def find(self) -> None:
        """Read the metadata; raise PreviewError for a prefix without a picture, or an error of the client."""
        self._prefix.begin()
        self._prefix.allow(OPEN_BUDGET)
        names = await names_of_zarr(self._prefix)
        try:
            if names is not None:
                self._store = await read_store(self._prefix, names)
            elif is_icechunk(folder := await self._prefix.names()):
                self._store, self._files = await open_main(self._prefix, folder)
                self._kind = "icechunk"
            else:
                raise LimitError("no Zarr store")
        except PreviewError:
            raise
        except DAMAGE as exc:
            raise PreviewError("the metadata of this store is damaged") from exc
        if not self._pictures():
            raise LimitError("no array of this store is a picture")

    async def open(self, name: str | None) -> WindowReader:
        """Return the reader of the array `name`, of the largest one for None. Raises PreviewError, and errors of the
        client."""
        if self._store is None:
            await self.find()
        else:
            self._prefix.begin()
            self._prefix.allow(OPEN_BUDGET)
        found = self._pictures()
        plain = {path: _variable(array, {}, None) for path, array in found.items()}
        largest = first_of([variable for variable in plain.values() if variable is not None])
        path = name if name is not None else "" if largest is None else largest.name
        if path not in found:
            raise PreviewError("there is no such array")
        array = found[path]
        variable = _variable(array, await self._axes(array), self._epsg(array))
        assert variable is not None
        slices = Slices(variable, self._kind)
        blocks = ZarrBlocks(self._files, array)
        return WindowReader(self._prefix, slices.scene(), blocks, slices=slices.at, names=tuple(found))

    def _pictures(self) -> dict[str, Array]:
        """Return the arrays that are pictures, by their paths."""
        arrays = self._store.arrays if self._store is not None else []
        found = {}
        for array in arrays:
            variable = _variable(array, {}, None)
            if variable is not None and variable.pixels:
                found[array.path] = array
        return found

    async def _axes(self, array: Array) -> dict[str, tuple[Array, tuple[float, ...]]]:
        """Return the coordinates along the dimensions of an array, as far as they are there and are few."""
        found = {}
        for dimension in array.dimensions:
            own = self._sibling(array, dimension)
            if own is None or len(own.shape) != 1 or not 0 < own.shape[0] <= MOST_COORDINATES:
                continue
            if math.ceil(own.shape[0] / own.pieces[0]) > MOST_COORDINATE_CHUNKS:
                continue
            places = SliceAxis(tuple(range(own.shape[0])), own.pieces[0])
            try:
                values = (await read_slice(self._files, own, SliceAxis((0,), 1), places)).values[0]
            except PreviewError:
                continue
            is_known = all(isinstance(value, int | float) for value in values)
            found[dimension] = own, tuple(map(float, values)) if is_known else ()
        return found

    def _sibling(self, array: Array, name: str) -> Array | None:
        """Return the array of a name in the same group."""
        group = array.path.rpartition("/")[0]
        node = self._store.nodes.get(f"{group}/{name}" if group else name) if self._store is not None else None
        return node if isinstance(node, Array) else None

    def _epsg(self, array: Array) -> int | None:
        mapping = self._sibling(array, str(array.attributes.get(MAPPING, "spatial_ref")))
        return None if mapping is None else epsg_of(_texts(mapping.attributes))


class ZarrBlocks:
    """The packed chunks of one array, kept in bounded memory. Those that were never written are left out."""

    def __init__(self, files: ChunkFiles, array: Array) -> None:
        self._files = files
        self._array = array
        self._chunks = Chunks(files, array)
        self._kept: OrderedDict[tuple[int, ...], bytes | None] = OrderedDict()
        self._kept_bytes = 0
        self._largest = 0  # of the chunks that were read

    async def find(self, layer: Layer, wanted: Sequence[int]) -> dict[int, Place]:
        """Return the sizes of these chunks, which have no places; of a chunk that was not read it is a guess."""
        places = self._places(layer, wanted)
        if places and not any(place in self._kept for place in places.values()):
            middle = list(places)[len(places) // 2]  # tells how large the chunks are
            await self._fetch([places[middle]])
        guess = max(1, int(self._largest * GROWTH))
        return {
            index: (0, len(self._kept[place] or b"") if place in self._kept else guess)
            for index, place in places.items()
        }

    def cost(self, layer: Layer, places: dict[int, Place]) -> tuple[int, int]:
        """Return the requests and the bytes that the reading of these chunks costs."""
        named = self._places(layer, list(places))
        missing = [size for index, (_, size) in places.items() if named[index] not in self._kept]
        return (len(missing) if self._array.shards is None else min(1, len(missing))), sum(missing)

    async def read(self, layer: Layer, places: dict[int, Place]) -> dict[int, bytes]:
        """Return the packed bytes of these chunks. A chunk that cannot be read is empty, which is damaged."""
        named = self._places(layer, list(places))
        await self._fetch([place for place in named.values() if place not in self._kept])
        found = {}
        for index, place in named.items():
            content = self._kept[place]
            self._kept.move_to_end(place)
            if content is not None:
                found[index] = content
        self._forget()
        return found

    def _places(self, layer: Layer, indexes: Sequence[int]) -> dict[int, tuple[int, ...]]:
        chunks = layer.name
        if not isinstance(chunks, SliceChunks):
            raise PreviewError("its values do not lie in chunks")
        sides = self._array.pieces
        return {
            index: tuple(first // side for first, side in zip(chunks.corner_of(index), sides, strict=True))
            for index in indexes
        }

    async def _fetch(self, places: Sequence[tuple[int, ...]]) -> None:
        """Read chunks; raise BudgetError when they do not fit the budget."""
        if not places:
            return
        found = await self._chunks.fetch(places)
        for place, packed in zip(places, found, strict=True):
            if packed.reason.endswith(TOO_FAR):
                most = size_text(self._files.bytes_left)
                raise BudgetError(f"a chunk of it {packed.reason}; {most} are left")
            content = b"" if packed.reason else packed.content
            self._kept_bytes += len(content or b"")
            self._largest = max(self._largest, len(content or b""))
            self._kept[place] = content

    def _forget(self) -> None:
        while self._kept_bytes > KEPT_BYTES and len(self._kept) > 1:
            _, dropped = self._kept.popitem(last=False)
            self._kept_bytes -= len(dropped or b"")


def _variable(array: Array, known: Mapping[str, tuple[Array, tuple[float, ...]]], epsg: int | None) -> Variable | None:
    """Return an array as a variable; None for one that is no picture of plain numbers, or whose chunks are huge."""
    dtype, shape = array.dtype, array.shape
    code = None if dtype is None else code_of(dtype)
    if dtype is None or code is None or len(shape) < 2 or not all(shape):
        return None
    if math.prod(array.pieces) * dtype.size_bytes > MOST_UNPACKED:
        return None
    names = array.dimensions or tuple(f"axis {at}" for at in range(len(shape)))
    axes = []
    for name, side in zip(names, shape, strict=True):
        own, values = known.get(name, (None, ()))
        texts = {} if own is None else _texts(own.attributes)
        axes.append(
            Axis(
                name, side, values if len(values) == side else (), texts.get("units", ""),
                texts.get("calendar", "standard"),
            )
        )  # fmt: skip
    texts = _texts(array.attributes)
    sides = " × ".join(f"{side:,}" for side in array.pieces)
    facts = [*facts_of(array.path, axes, array.type_words, texts), ("chunks", f"{sides}, {array.pack_words}")]
    codecs = array.shards.codecs if array.shards is not None else array.codecs
    layout = Chunked(array.pieces, codecs=codecs, strides=_strides(array, dtype.size_bytes))
    fill = array.fill if isinstance(array.fill, int | float) else 0
    return Variable(
        array.path, tuple(axes), code, layout, next(iter(array.missing), None), float(fill), texts.get("units", ""),
        tuple(facts), epsg,
    )  # fmt: skip


def _strides(array: Array, item: int) -> tuple[int, ...]:
    """Return the step in bytes along each axis in a chunk."""
    steps, step = [0] * len(array.pieces), item
    for axis in reversed(array.order):
        steps[axis] = step
        step *= array.pieces[axis]
    return tuple(steps)


def _texts(attributes: Mapping[str, object]) -> dict[str, str]:
    return {str(name): value for name, value in attributes.items() if isinstance(value, str)}
