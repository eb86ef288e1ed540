"""GeoParquet's native encodings, and Parquet's own type GEOMETRY: the shapes that well-known binary has."""

import io
import json
import struct
from typing import Any

import pyarrow
import pyarrow.parquet
import pytest

from storage_tui.previews.base import PreviewError
from storage_tui.previews.vector.atlas.layer import Features
from storage_tui.previews.vector.atlas.reading import read_layer, read_layers
from tests.previews.ranges import Ranges, show

COORDINATE = pyarrow.struct([("x", pyarrow.float64()), ("y", pyarrow.float64())])
HIGH = pyarrow.struct([*COORDINATE, ("z", pyarrow.float64())])
CODES = {"point": 1, "linestring": 2, "polygon": 3, "multipoint": 4, "multilinestring": 5, "multipolygon": 6}
DEPTHS = {"point": 0, "linestring": 1, "multipoint": 1, "polygon": 2, "multilinestring": 2, "multipolygon": 3}
PARTS = {"multipoint": "point", "multilinestring": "linestring", "multipolygon": "polygon"}


def shape(encoding: str, at: int) -> Any:
    """The coordinates of a shape, nested."""
    x, y = 5.0 + at, 45.0 + at / 8
    ring = [(x, y), (x + 0.6, y), (x + 0.6, y + 0.6), (x, y + 0.6), (x, y)]
    hole = [(x + 0.2, y + 0.2), (x + 0.2, y + 0.4), (x + 0.4, y + 0.4), (x + 0.2, y + 0.2)]
    if encoding == "point":
        return x, y
    if encoding in ("linestring", "multipoint"):
        return ring[: 2 + at % 3]
    if encoding in ("polygon", "multilinestring"):
        return [ring, hole]
    return [[ring, hole], [[(a + 0.7, b) for a, b in ring]]] if at % 2 else [[ring]]


def stored(value: Any, depth: int, *, has_height: bool) -> Any:
    if depth:
        return [stored(each, depth - 1, has_height=has_height) for each in value]
    return {"x": value[0], "y": value[1]} | ({"z": 7.0} if has_height else {})


def binary(encoding: str, value: Any) -> bytes:
    head = struct.pack("<BI", 1, CODES[encoding])
    if encoding == "point":
        return head + struct.pack("<2d", *value)
    count = struct.pack("<I", len(value))
    if encoding == "linestring":
        return head + count + b"".join(struct.pack("<2d", *each) for each in value)
    if encoding == "polygon":
        return head + count + b"".join(binary("linestring", ring)[5:] for ring in value)
    return head + count + b"".join(binary(PARTS[encoding], part) for part in value)


def written(encoding: str, *, is_native: bool, has_height: bool = False, rows: int = 30, groups: int = 3) -> bytes:
    """A GeoParquet by pyarrow; each fifth shape is missing."""
    values = [None if at % 5 == 4 else shape(encoding, at) for at in range(rows)]
    if is_native:
        kind: Any = HIGH if has_height else COORDINATE
        for _ in range(DEPTHS[encoding]):
            kind = pyarrow.list_(kind)
        depth = DEPTHS[encoding]
        nested = [None if value is None else stored(value, depth, has_height=has_height) for value in values]
        column = pyarrow.array(nested, kind)
    else:
        column = pyarrow.array([None if value is None else binary(encoding, value) for value in values])
    told = {"encoding": encoding if is_native else "WKB", "geometry_types": []}
    geo = {"version": "1.1.0", "primary_column": "shape", "columns": {"shape": told}}
    table = pyarrow.table({"name": [f"f{at}" for at in range(rows)], "shape": column, "after": range(rows)})
    output = io.BytesIO()
    pyarrow.parquet.write_table(
        table.replace_schema_metadata({"geo": json.dumps(geo)}), output, row_group_size=-(-rows // groups)
    )
    return output.getvalue()


async def layer(content: bytes) -> Features:
    ((_, found),) = await read_layers(Ranges.of(content).source("a.parquet"))
    return found


@pytest.mark.parametrize("encoding", CODES)
async def test_native_shapes_are_those_of_well_known_binary(encoding: str) -> None:
    expected = await layer(written(encoding, is_native=False))
    content = written(encoding, is_native=True, has_height=encoding in ("point", "polygon"))
    found = await layer(content)
    assert found.count == expected.count == 30 and found.told.can_window and found.told.is_all
    for at in range(30):
        assert found.parts(at) == expected.parts(at) and found.properties(at) == expected.properties(at)
    shown = await show(content, "a.parquet", width=80, height=40)
    assert shown.is_drawing and dict(shown.facts)["column"] == f"shape, {encoding}"
    assert dict(shown.facts)["boxes"] == "of 3 row groups"


async def test_a_box_reads_the_row_groups_of_its_coordinates() -> None:
    ranges = Ranges.of(written("point", is_native=True, rows=3000, groups=30))
    source = ranges.source("a.parquet")
    await read_layers(source)
    before = len(ranges.asked)
    found = await read_layer(source, (15.5, -90.0, 19.5, 90.0), 0)
    assert {found.properties(at)["name"] for at in range(found.count) if found.parts(at)} == {"f11", "f12", "f13"}
    assert sum(stop - start for start, stop in ranges.asked[before:]) < 300_000


async def test_coordinates_that_are_no_doubles_are_refused_in_a_line() -> None:
    kinds = (pyarrow.struct([("x", pyarrow.float32()), ("y", pyarrow.float32())]), pyarrow.list_(COORDINATE),
             pyarrow.struct([("lon", pyarrow.float64()), ("lat", pyarrow.float64())]), pyarrow.int64())  # fmt: skip
    geo = {"version": "1.1.0", "primary_column": "a", "columns": {"a": {"encoding": "point"}}}
    for kind in kinds:
        output = io.BytesIO()
        table = pyarrow.table({"a": pyarrow.nulls(3, kind), "b": [1, 2, 3]})
        pyarrow.parquet.write_table(table.replace_schema_metadata({"geo": json.dumps(geo)}), output)
        with pytest.raises(PreviewError) as raised:
            await read_layers(Ranges.of(output.getvalue()).source("a.parquet"))
        assert "\n" not in str(raised.value)
        shown = await show(output.getvalue(), "a.parquet", width=80, height=20)
        assert shown.kind == "GeoParquet" and "Traceback" not in shown.note


class _Shapes(pyarrow.ExtensionType):  # type: ignore[misc]
    """The type that Parquet's own GEOMETRY is written from."""

    def __init__(self, told: str = "{}") -> None:
        self.told = told
        super().__init__(pyarrow.binary(), "geoarrow.wkb")

    def __arrow_ext_serialize__(self) -> bytes:
        return self.told.encode()

    @classmethod
    def __arrow_ext_deserialize__(cls, storage: Any, serialized: bytes) -> "_Shapes":
        return cls(serialized.decode())


async def test_parquets_own_type_is_on_the_map() -> None:
    values = pyarrow.array([binary("polygon", shape("polygon", at)) for at in range(30)], pyarrow.binary())
    column = pyarrow.ExtensionArray.from_storage(_Shapes(), values)
    output = io.BytesIO()
    pyarrow.parquet.write_table(pyarrow.table({"n": range(30), "g": column}), output, row_group_size=10)
    assert "Geometry" in str(pyarrow.parquet.ParquetFile(io.BytesIO(output.getvalue())).schema)
    found = await layer(output.getvalue())
    assert found.count == 30 and found.told.can_window
    assert found.parts(3)[0][1] == [tuple(each) for each in shape("polygon", 3)[0]]
    shown = await show(output.getvalue(), "a.parquet", width=80, height=40)
    assert shown.kind == "GeoParquet" and dict(shown.facts)["boxes"] == "of 3 row groups"
