"""The preview of a Zarr store, of a group in it, or of an array: its tree, its coordinates, a slice as a picture."""

import asyncio
import math
from collections.abc import Mapping, Sequence
from typing import Any

from rich.text import Text

from storage_tui.contract.counts import plural
from storage_tui.contract.sizes import size_text
from storage_tui.contract.visible import visible
from storage_tui.previews.base import Preview, PreviewError, View, rows_left
from storage_tui.previews.formats.npy import aligned, number_text, shape_text
from storage_tui.previews.raster.drawing import drawn, room
from storage_tui.previews.raster.field import Field, painted
from storage_tui.previews.stores.coordinates import coordinate_text, coordinates_of
from storage_tui.previews.stores.nodes import Array, Group
from storage_tui.previews.stores.prefix import ChunkFiles, Names, Prefix
from storage_tui.previews.stores.slices import MOST_CHUNKS, Slice, corner, read_slice, window
from storage_tui.previews.stores.tree import Store, read_store
from storage_tui.previews.table.dtypes import value_text
from storage_tui.previews.table.grid import grid_lines

SHOWN_ATTRIBUTES = 8
HIDDEN = ("_ARRAY_DIMENSIONS",)
VALUE_CHARS = 80
MOST_ROWS = 1_000  # arrays in the pane
MOST_PIXELS = 200_000  # taken of an array, where the terminal draws pixels
GRID = (10, 20)  # columns and rows of values
CELLS = 48
LEAST_PICTURE = 8  # rows below a tree; a lower picture shows nothing
NOTES = 3


async def show_zarr(prefix: Prefix, names: Names, view: View) -> Preview:
    """Return the preview of the store that has these names. Raises an error of the client."""
    return await show_store(prefix, await read_store(prefix, names), view)


async def show_store(
    prefix: ChunkFiles, store: Store, view: View, *, before: Sequence[tuple[str, str]] = ()
) -> Preview:
    """Return the preview of the nodes of a store, with the facts of what holds it `before` its own.

    Raises an error of the client.
    """
    if isinstance(store.root, Array):
        return await _array(prefix, store, store.root, view)
    return await _group(prefix, store, view, before)


async def _group(prefix: ChunkFiles, store: Store, view: View, before: Sequence[tuple[str, str]]) -> Preview:
    arrays = store.arrays
    groups = sum(isinstance(node, Group) for path, node in store.nodes.items() if path)
    more = "" if store.is_consolidated or not store.notes else "+"
    consolidated = ", consolidated metadata" if store.is_consolidated and not before else ""
    facts = [*before, ("Zarr", f"version {store.version}{consolidated}")]
    facts.append(("arrays", f"{len(arrays):,}{more}"))
    facts += [("groups", f"{groups:,}{more}")] if groups else []
    facts.append(("values", size_text(sum(_size(array) for array in arrays)) + " unpacked"))
    facts += _attributes(store.root.attributes)
    for array in coordinates_of(arrays):
        text = await coordinate_text(prefix, array)
        facts += [(visible(array.name, limit=16), text)] if text else []
    heads = ("array", "type", "shape", "chunks", "codecs", "fill")
    shown = arrays[: MOST_ROWS if not view.is_full else len(arrays)]
    lines = grid_lines(heads, [_row(array) for array in shown], cells=CELLS) if shown else []
    notes = [*store.notes[:NOTES]]
    if len(store.notes) > NOTES:
        notes.append(f"{plural(len(store.notes) - NOTES, 'more node')} not read")
    if len(shown) < len(arrays):
        notes.append(f"the first {len(shown):,} of {len(arrays):,} arrays")
    left = rows_left(view, facts) - len(lines) - 2
    main = max((array for array in arrays if _is_drawn(array)), key=_size, default=None)
    if main is not None and left >= LEAST_PICTURE and view.cell is None:
        found = await _slice_lines(prefix, main, view, left)
        if found is not None:
            lines += [
                Text(""),
                Text(f"{visible(main.path, limit=60)}{_where(main)}  {found[1]}", style="dim"),
                *found[0],
            ]
    return Preview("Zarr store", facts=tuple(facts), lines=tuple(lines), note=" · ".join(notes))


async def _array(prefix: ChunkFiles, store: Store, array: Array, view: View) -> Preview:
    facts = [("Zarr", f"version {store.version}"), ("shape", _sides(array)), ("type", array.type_words)]
    facts.append(("chunks", shape_text(array.pieces)))
    if array.shards is not None:
        facts.append(("shards", shape_text(array.chunks)))
    facts += [("codecs", array.pack_words), ("fill", _fill_text(array))]
    facts += [("values", f"{size_text(_size(array))} unpacked")] if _size(array) else []
    facts += _attributes(array.attributes)
    note = " · ".join(store.notes[:NOTES])
    if not all(array.shape):
        return Preview("Zarr array", facts=tuple(facts), note=note or "it has no values")
    try:
        if not _is_drawn(array):
            lines, why = await _value_lines(prefix, array)
            return Preview(
                "Zarr array", facts=tuple(facts), lines=tuple(lines), note=" · ".join(filter(None, (note, why)))
            )
        rows = rows_left(view, [*facts, ("drawn", "")])
        axes = window(array, room(view, rows, MOST_PIXELS), _most_chunks(prefix, array))
        found = await read_slice(prefix, array, *axes)
    except PreviewError as exc:
        return Preview("Zarr array", facts=tuple(facts), note=visible(f"no values: {exc}", limit=160))
    field = await asyncio.to_thread(painted, found.values, array.missing)
    if field is None:
        reason = f"the chunk {found.reasons[0]}" if found.reasons else "it has no values here"
        return Preview("Zarr array", facts=tuple(facts), note=visible(f"no picture: {reason}", limit=160))
    facts.append(("drawn", visible(f"{_where(array)} {_shown_words(field, found)}".strip(), limit=120)))
    lines_of, pixels = await drawn(field.rgb, field.width, field.height, view, rows)
    return Preview(
        "Zarr array", facts=tuple(facts), lines=lines_of, note=" · ".join(filter(None, (note, _reasons(found)))),
        is_drawing=True, pixels=pixels,
    )  # fmt: skip


async def _slice_lines(prefix: ChunkFiles, array: Array, view: View, rows: int) -> tuple[tuple[Text, ...], str] | None:
    """Return a picture for some rows, and what is in it; None when no value can be read."""
    axes = window(array, room(view, rows, MOST_PIXELS), _most_chunks(prefix, array))
    try:
        found = await read_slice(prefix, array, *axes)
    except PreviewError:
        return None
    field = await asyncio.to_thread(painted, found.values, array.missing)
    if field is None:
        return None
    lines, _ = await drawn(field.rgb, field.width, field.height, view, rows)
    return lines, _shown_words(field, found)


def _most_chunks(prefix: ChunkFiles, array: Array) -> int:
    """Return how many chunks a picture may have; those of a shard come together."""
    left = max(1, prefix.requests_left - 2)
    return min(MOST_CHUNKS, left) if array.shards is None else 4 * MOST_CHUNKS


def _is_drawn(array: Array) -> bool:
    return len(array.shape) >= 2 and min(array.shape[-2:]) > 1 and array.dtype is not None and bool(array.dtype.code)


async def _value_lines(prefix: ChunkFiles, array: Array) -> tuple[list[Text], str]:
    """Return the first values as a table, and why some of them are missing."""
    is_text = array.dtype is None and any(name == "vlen-utf8" for name, _ in array.codecs)
    if not is_text and (array.dtype is None or array.dtype.read is None):
        return [], f"values of the type {array.type_words} are not shown here"
    flat = len(array.shape) < 2
    rows, columns = corner(array, (GRID[1] if flat else GRID[0], GRID[1]))
    found = await read_slice(prefix, array, rows, columns)
    if flat:
        cells = _cells(found.values[0])
        lines = grid_lines(
            ("index", "value"), [(str(at), cell) for at, cell in enumerate(cells)], right=frozenset((0,))
        )
    else:
        table = [[str(at), *_cells(row)] for at, row in enumerate(found.values)]
        lines = grid_lines(["", *map(str, columns.places)], table, right=frozenset(range(len(columns.places) + 1)))
    return lines, _reasons(found)


def _cells(values: list[Any]) -> list[str]:
    if all(isinstance(value, int | float) and not isinstance(value, bool) for value in values):
        return aligned(values)
    return ["…" if value is None else value_text(value) for value in values]


def _row(array: Array) -> tuple[str, ...]:
    chunks = shape_text(array.pieces)
    return array.path or "/", array.type_words, _sides(array), chunks, array.pack_words, _fill_text(array)


def _sides(array: Array) -> str:
    """Return the shape, with the names of the dimensions where they are known."""
    if not array.dimensions:
        return shape_text(array.shape)
    pairs = zip(array.dimensions, array.shape, strict=True)
    return visible(" × ".join(f"{name} {side:,}".strip() for name, side in pairs), limit=VALUE_CHARS)


def _fill_text(array: Array) -> str:
    fill = array.fill
    return "none" if fill is None else visible(number_text(fill) if isinstance(fill, float) else str(fill), limit=20)


def _size(array: Array) -> int:
    return math.prod(array.shape) * (array.dtype.size_bytes if array.dtype is not None else 0)


def _where(array: Array) -> str:
    """Return the place of the slice on the axes that are not drawn: ` [0, :, :]`."""
    lead = len(array.shape) - 2
    return f" [{', '.join(['0'] * lead + [':', ':'])}]" if lead > 0 else ""


def _shown_words(field: Field, found: Slice) -> str:
    read, total = found.chunks
    return f"{number_text(field.least)} to {number_text(field.most)}, {read:,} of {plural(total, 'chunk')}"


def _reasons(found: Slice) -> str:
    if not found.reasons:
        return ""
    return visible(f"{plural(len(found.reasons), 'chunk')} not shown: the first {found.reasons[0]}", limit=160)


def _attributes(told: Mapping[str, Any]) -> list[tuple[str, str]]:
    found = [(name, value) for name, value in told.items() if name not in HIDDEN]
    shown = [
        (visible(name, limit=16), visible(value if isinstance(value, str) else _json_text(value), limit=VALUE_CHARS))
        for name, value in found[:SHOWN_ATTRIBUTES]
    ]
    if len(found) > SHOWN_ATTRIBUTES:
        shown.append(("attributes", f"{len(found) - SHOWN_ATTRIBUTES:,} more"))
    return shown


def _json_text(value: Any) -> str:
    """Return a value that came out of JSON in short; a long list by its length."""
    if isinstance(value, list) and len(value) <= GRID[0] and not any(isinstance(item, list | dict) for item in value):
        return ", ".join(map(str, value))
    return f"{plural(len(value), 'item')}" if isinstance(value, list | dict) else str(value)
