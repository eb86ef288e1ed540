"""The variables of classic NetCDF: all of a header is read, and the coordinates of the axes of one variable."""

import asyncio
import re
import struct
from collections.abc import Mapping, Sequence

from storage_tui.contract.visible import visible
from storage_tui.previews.base import LimitError, PreviewError, Source
from storage_tui.previews.formats import netcdf as classic
from storage_tui.previews.raster.cubes.variable import FORMS, Axis, Plain, Variable

MOST_COORDINATES = 20_000  # of an axis; longer ones are counted in pixels
SIGNATURES = (b"CDF\x01", b"CDF\x02", b"CDF\x05")
EPSG = re.compile(r'(?:AUTHORITY|ID)\s*\[\s*"EPSG"\s*,\s*"?(\d{4,5})"?\s*\]\s*\]?\s*$|EPSG:(\d{4,5})', re.IGNORECASE)
MAPPINGS = ("crs_wkt", "spatial_ref", "epsg_code", "esri_pe_string")
SHOWN = (("long_name", "name"), ("standard_name", "standard"), ("units", "units"), ("scale_factor", "× scale"),
         ("add_offset", "+ offset"))  # fmt: skip


async def read_header(source: Source, head: bytes) -> classic.Header:
    """Return the header, read further where it is longer than the first bytes; raise PreviewError."""
    raw, size = head, source.size_bytes or len(head)
    while True:
        try:
            return await asyncio.to_thread(classic.read_header, raw, size)
        except classic.ShortError:
            if len(raw) >= size or not source.bytes_left:
                raise LimitError("its header is cut, or longer than what is read of it") from None
        raw += await source.read(len(raw), min(size, 4 * len(raw), len(raw) + source.bytes_left))


def names_of(header: classic.Header) -> list[str]:
    """Return the names of the variables that are pictures, the one with the most pixels first."""
    found = [(one, _plain_of(header, one, ())) for one in header.variables if one.code in FORMS]
    drawn = [(shape.pixels, len(shape.axes), one.name) for one, shape in found if shape.pixels]
    return [name for _, _, name in sorted(drawn, key=lambda one: one[:2], reverse=True)]


async def read_variable(source: Source, header: classic.Header, name: str) -> Variable:
    """Return a variable with the coordinates of its axes, as far as the budget reaches."""
    by_name = {one.name: one for one in header.variables}
    found = by_name[name]
    axes = []
    for side in found.sides:
        coordinates = by_name.get(side.name)
        count = _length(header, side)
        values: tuple[float, ...] = ()
        texts: dict[str, str] = {}
        if coordinates is not None and coordinates.sides == (side,) and coordinates.code in FORMS:
            texts = {one.name: one.text for one in coordinates.attributes}
            if 0 < count <= MOST_COORDINATES:
                values = await _values(source, header, coordinates, count)
        axes.append(Axis(side.name, count, values, texts.get("units", ""), texts.get("calendar", "standard")))
    mapping = by_name.get(next((one.text for one in found.attributes if one.name == "grid_mapping"), ""))
    epsg = None if mapping is None else epsg_of({one.name: one.text for one in mapping.attributes})
    return _plain_of(header, found, axes, epsg)


async def _values(
    source: Source, header: classic.Header, coordinates: classic.Variable, count: int
) -> tuple[float, ...]:
    """Return the values of a coordinate; none where these are past the budget, or past the end of the file."""
    step = header.record_bytes if coordinates.is_record else coordinates.value_bytes
    stop = coordinates.begin + (count - 1) * step + coordinates.value_bytes
    try:
        raw = await source.read(coordinates.begin, stop)
    except LimitError:
        return ()
    if len(raw) < stop - coordinates.begin:
        return ()
    form = struct.Struct(f">{coordinates.code}")
    return tuple(float(form.unpack_from(raw, at * step)[0]) for at in range(count))


def _plain_of(
    header: classic.Header, found: classic.Variable, axes: Sequence[Axis], epsg: int | None = None
) -> Variable:
    item = found.value_bytes
    sides = [_length(header, side) for side in found.sides]
    strides = [item] * len(sides)
    for at in range(len(sides) - 2, -1, -1):
        strides[at] = strides[at + 1] * sides[at + 1]
    if found.is_record:
        strides[0] = header.record_bytes
    numbers = {one.name: one.numbers[0] for one in found.attributes if one.numbers}
    texts = {one.name: one.text for one in found.attributes}
    nodata = numbers.get("_FillValue", numbers.get("missing_value"))
    kinds = [Axis(side.name, length) for side, length in zip(found.sides, sides, strict=True)]
    return Variable(
        found.name, tuple(axes or kinds), f">{found.code}", Plain(found.begin, tuple(strides)), nodata,
        units=texts.get("units", ""), facts=facts_of(found.name, kinds, found.kind, texts), epsg=epsg,
    )  # fmt: skip


def facts_of(name: str, axes: Sequence[Axis], kind: str, texts: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
    """Return the facts of a variable: its shape, its type, and what its attributes say."""
    shape = " × ".join(f"{visible(axis.name, limit=24)} {axis.length:,}" for axis in axes)
    facts = [("variable", f"{visible(name, limit=60)}: {kind}"), ("shape", shape)]
    return (*facts, *((label, visible(texts[key], limit=80)) for key, label in SHOWN if texts.get(key)))


def epsg_of(texts: Mapping[str, str]) -> int | None:
    """Return the EPSG code that the attributes of a grid mapping name (CF 1.11, appendix F)."""
    for name in MAPPINGS:
        found = EPSG.search(texts.get(name, "")[:20_000])
        if found is not None:
            return int(found[1] or found[2])
    return None


def _length(header: classic.Header, side: classic.Side) -> int:
    if side.length:
        return side.length
    if header.records is None:
        raise PreviewError("how long it is cannot be told")
    return header.records
