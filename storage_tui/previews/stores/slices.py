"""A slice of a Zarr array as values: the last two axes, the first place of all others.

Of an array that is larger than the budget the chunks around the middle are read, and a few values of each.
"""

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from storage_tui.previews.base import PreviewError
from storage_tui.previews.decoding.decoder import DECODER
from storage_tui.previews.decoding.zarr.codecs import BY_NUMCODECS
from storage_tui.previews.raster.field import spread
from storage_tui.previews.stores.chunks import Chunks, Packed, Place
from storage_tui.previews.stores.nodes import Array
from storage_tui.previews.stores.prefix import ChunkFiles

MOST_CHUNKS = 16  # of one slice
MOST_JOB_BYTES = 8 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Axis:
    """One axis of a slice: the places on it whose values are taken, and the length of a chunk."""

    places: tuple[int, ...]
    chunk: int

    @property
    def chunks(self) -> list[int]:
        """The numbers of the chunks with these places."""
        return sorted({place // self.chunk for place in self.places})

    def inside(self, number: int) -> list[int]:
        """Return the places in one chunk, counted from its start."""
        return [place - number * self.chunk for place in self.places if place // self.chunk == number]


@dataclass
class Slice:
    """Rows of values, None where none was read; `reasons` say why. `rows` and `columns` are the places of the values.

    `chunks` are those that were read and all of the slice.
    """

    values: list[list[Any]]
    rows: Axis
    columns: Axis
    chunks: tuple[int, int]
    reasons: list[str]


def window(array: Array, room: tuple[int, int], most_chunks: int) -> tuple[Axis, Axis]:
    """Return rows and columns for a room of `room` columns and rows: all places, or those of the middle chunks."""
    height, width = (1, 1, *array.shape)[-2:]
    tall, wide = (1, 1, *array.pieces)[-2:]
    down, across = math.ceil(height / tall), math.ceil(width / wide)
    while down * across > most_chunks:
        if down * tall >= across * wide:
            down = max(1, down // 2)
        else:
            across = max(1, across // 2)
    top = max(0, math.ceil(height / tall) - down) // 2 * tall
    left = max(0, math.ceil(width / wide) - across) // 2 * wide
    bottom, right = min(height, top + down * tall), min(width, left + across * wide)
    scale = min(room[0] / (right - left), room[1] / (bottom - top), 1.0)
    rows = tuple(spread(top, bottom, max(1, round((bottom - top) * scale))))
    return Axis(rows, tall), Axis(tuple(spread(left, right, max(1, round((right - left) * scale)))), wide)


def corner(array: Array, room: tuple[int, int]) -> tuple[Axis, Axis]:
    """Return the first rows and columns, at most those of the first chunk of each axis."""
    height, width = (1, 1, *array.shape)[-2:]
    tall, wide = (1, 1, *array.pieces)[-2:]
    return (Axis(tuple(range(min(height, tall, room[1]))), tall), Axis(tuple(range(min(width, wide, room[0]))), wide))


async def read_slice(prefix: ChunkFiles, array: Array, rows: Axis, columns: Axis) -> Slice:
    """Return the values at the places of two axes. Raises PreviewError, or an error of the client."""
    dtype = array.dtype
    size = math.prod(array.pieces) * (dtype.size_bytes if dtype is not None else 1)
    places = [(y, x) for y in rows.chunks for x in columns.chunks]
    middle = places[len(places) // 2]
    places.sort(key=lambda at: (at[0] - middle[0]) ** 2 + (at[1] - middle[1]) ** 2)
    chunks = Chunks(prefix, array)
    found = await chunks.fetch([_whole_place(array, at) for at in places])
    height, width = (1, 1, *array.shape)[-2:]
    total = math.ceil(height / rows.chunk) * math.ceil(width / columns.chunk)
    made = Slice([[None] * len(columns.places) for _ in rows.places], rows, columns, (0, total), [])
    wanted: list[tuple[tuple[int, int], Packed]] = []
    spent = 0
    for at, packed in zip(places, found, strict=True):
        if packed.content is None and not packed.reason:
            _put(made, at, itertools.repeat(array.fill))
            made.chunks = (made.chunks[0] + 1, total)
        elif packed.content is None:
            made.reasons.append(packed.reason)
        elif spent + len(packed.content) <= MOST_JOB_BYTES:
            spent += len(packed.content)
            wanted.append((at, packed))
    if wanted:
        await _unpack(array, made, wanted, size)
    return made


async def _unpack(array: Array, made: Slice, wanted: Sequence[tuple[tuple[int, int], Packed]], size: int) -> None:
    """Have the chunks unpacked by the decoding process, and put their values into the slice."""
    dtype = array.dtype
    codecs = array.shards.codecs if array.shards is not None else array.codecs
    steps = _steps(array)
    pieces = [
        {"bytes": len(packed.content or b""), "codecs": codecs, "size": size,
         "item": dtype.size_bytes if dtype is not None else 1,
         "rows": [place * steps[0] for place in made.rows.inside(at[0])],
         "columns": [place * steps[1] for place in made.columns.inside(at[1])]}
        for at, packed in wanted
    ]  # fmt: skip
    content = b"".join(packed.content or b"" for _, packed in wanted)
    job = "zarr by numcodecs" if any(name in BY_NUMCODECS for name, _ in codecs) else "zarr"
    told, values = await DECODER.decode({"job": job, "pieces": pieces}, content)
    start = 0
    for (at, _), answer in zip(wanted, told["pieces"], strict=True):
        if "error" in answer:
            made.reasons.append(str(answer["error"]))
            continue
        made.chunks = (made.chunks[0] + 1, made.chunks[1])
        if "texts" in answer:
            _put(made, at, itertools.chain(answer["texts"], itertools.repeat(None)))
            continue
        raw, start = values[start : start + answer["bytes"]], start + answer["bytes"]
        if dtype is None or dtype.read is None:
            raise PreviewError(f"its type {array.type_words} is not shown here")
        read, item = dtype.read, dtype.size_bytes
        _put(made, at, (read(raw[place : place + item]) for place in range(0, len(raw), item or 1)))


def _put(made: Slice, at: tuple[int, int], values: Any) -> None:
    """Put the values of one chunk into the slice, row by row."""
    ups = [number for number, place in enumerate(made.rows.places) if place // made.rows.chunk == at[0]]
    across = [number for number, place in enumerate(made.columns.places) if place // made.columns.chunk == at[1]]
    found = iter(values)
    for row in ups:
        for column in across:
            made.values[row][column] = next(found, None)


def _steps(array: Array) -> tuple[int, int]:
    """Return how many values apart two rows and two columns lie in a chunk."""
    steps, step = [0] * len(array.pieces), 1
    for axis in reversed(array.order):
        steps[axis] = step
        step *= array.pieces[axis]
    down, across = (0, 0, *steps)[-2:]
    return down, across


def _whole_place(array: Array, at: tuple[int, int]) -> Place:
    """Return the place of a chunk on all axes."""
    count = len(array.shape)
    return (0,) * (count - 2) + at[2 - min(2, count) :]
