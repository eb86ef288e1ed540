"""NumPy arrays against numpy: headers of all versions and of Python 2, types, orders, records, dates of any year."""

import io
import itertools
import random
from typing import Any

import numpy
import pytest

from storage_tui.contract.visible import visible
from storage_tui.previews import Preview, preview
from storage_tui.previews.base import MIB
from storage_tui.previews.member import open_member
from storage_tui.previews.table.dtypes import read_dtype, value_text
from storage_tui.previews.table.grid import cell_text
from tests import effort
from tests.previews.ranges import Ranges, plain, show

UNITS = ("Y", "M", "W", "D", "h", "m", "s", "ms", "us", "ns", "ps", "fs", "as")
WORDS = {"i": "int", "u": "uint", "f": "float", "c": "complex"}
PLAIN = ("?", "i1", "u1", *(f"{order}{kind}" for order in "<>" for kind in ("i2", "u4", "i8", "u8", "f2", "f4", "f8")))
OTHER = ("c8", ">c16", "S1", "S7", "U1", "U5", ">U3", "V3", "M8[D]", ">M8[ns]", "M8[25s]", "m8[ms]", ">m8[D]")
SHAPES = ((), (1,), (30,), (0,), (3, 0), (3, 4), (30, 40), (1, 1), (2, 3, 4), (2, 50, 3), (5, 1, 1, 2))


def saved(values: Any, version: tuple[int, int] | None = None) -> bytes:
    """An .npy by numpy."""
    output = io.BytesIO()
    numpy.lib.format.write_array(output, numpy.asanyarray(values), version=version)
    return output.getvalue()


def header_of(text: str, body: bytes = bytes(64), version: int = 1) -> bytes:
    """An .npy with a header of one's own."""
    raw = text.encode("utf-8" if version == 3 else "latin-1")
    return b"\x93NUMPY" + bytes([version, 0]) + len(raw).to_bytes(2 if version == 1 else 4, "little") + raw + body


def filled(kind: str, shape: tuple[int, ...], chance: random.Random) -> Any:
    """An array of random bytes that are values of this type."""
    dtype = numpy.dtype(kind)
    count = int(numpy.prod(shape, dtype=int))
    if dtype.kind in "SU":
        words = ["".join(chance.choices("abcdé "[: 6 if dtype.kind == "U" else 4], k=3)) for _ in range(count)]
        return numpy.array(words, dtype=dtype).reshape(shape)
    if dtype.kind in "Mm":
        return (
            numpy.array([chance.randrange(-(10**6), 10**9) for _ in range(count)], dtype="i8")
            .astype(dtype)
            .reshape(shape)
        )
    if dtype.kind in "fc":
        return (
            (numpy.array([chance.uniform(-1000, 1000) for _ in range(count)]) * (1 + 1j if dtype.kind == "c" else 1))
            .astype(dtype)
            .reshape(shape)
        )
    if dtype.kind == "b":
        return numpy.array([chance.random() < 0.5 for _ in range(count)], dtype=bool).reshape(shape)
    return numpy.frombuffer(chance.randbytes(dtype.itemsize * count), dtype=dtype).reshape(shape)


def cells_of(shown: Preview) -> list[list[str]]:
    """The cells of a preview under its head, without the labels of the rows."""
    return [line.plain.split()[1:] for line in shown.lines[1:]]


def text_of(value: Any) -> str:
    """A text, or a duration."""
    if isinstance(value, numpy.timedelta64):
        unit, step = numpy.datetime_data(value.dtype)
        return f"{value.astype('i8') * step} {unit}"
    return value.decode("latin-1") if isinstance(value, bytes) else str(value)


def is_same(cell: str, value: Any) -> bool:
    """Whether a cell shows this value."""
    if isinstance(value, numpy.bool_):
        return cell == str(bool(value))
    if isinstance(value, numpy.integer):
        return cell == str(int(value))
    if isinstance(value, numpy.floating):
        return abs(float(cell) - float(value)) <= 0.06  # five digits of the largest
    if isinstance(value, numpy.complexfloating):
        return cell == value_text(complex(value))
    if isinstance(value, numpy.datetime64):
        return cell == cell_text(str(value))
    return cell == (value.tobytes().hex() if isinstance(value, numpy.void) else value)


@pytest.mark.parametrize("kind", [*PLAIN, *OTHER])
async def test_the_corner_of_an_array_has_the_values_that_numpy_has(kind: str) -> None:
    chance = random.Random(kind)
    for shape, order in itertools.product(SHAPES, "CF"):
        values = numpy.asarray(filled(kind, shape, chance), order=order)
        shown = await show(saved(values), width=400)
        facts = dict(shown.facts)
        assert facts["shape"] == (" × ".join(map(str, shape)) or "scalar")
        assert ("order" in facts) == (values.flags.f_contiguous and not values.flags.c_contiguous)
        assert not shown.is_damaged and not shown.note
        if not values.size:
            assert not shown.lines
            continue
        rows = values.reshape(-1, shape[-1]) if len(shape) > 1 else values.reshape(-1, 1)
        expected = rows[:20, :12]
        lines = shown.lines[1:]
        assert len(lines) == len(expected)
        if values.dtype.kind in "SUm":  # cells with blanks in them
            for line, row in zip(lines, expected, strict=True):
                for value in row:
                    assert visible(text_of(value)).strip() in line.plain
            continue
        found = cells_of(shown) if shape else [[shown.lines[1].plain]]
        for cells, row in zip(found, expected, strict=True):
            assert all(is_same(cell, value) for cell, value in zip(cells, row, strict=True)), (kind, shape, cells, row)


def test_types_are_named_as_numpy_names_them() -> None:
    for kind in (*PLAIN, "c8", "c16"):
        dtype = numpy.dtype(kind)
        end = ", big-endian" if dtype.str[0] == ">" else ""
        name = "bool" if dtype.kind == "b" else f"{WORDS[dtype.kind]}{8 * dtype.itemsize}"
        assert read_dtype(dtype.str).words == name + end
        assert read_dtype(dtype.str).size_bytes == dtype.itemsize
    for kind, words in {
        "S5": "bytes of 5", "<U3": "text of 3", ">U3": "text of 3, big-endian", "V8": "opaque of 8", "O": "object",
        "M8[ns]": "datetime64[ns]", "M8[25s]": "datetime64[25s]", "m8[D]": "timedelta64[D]", "M8": "datetime64",
    }.items():  # fmt: skip
        assert read_dtype(numpy.dtype(kind).str).words == words


@pytest.mark.parametrize("unit", UNITS)
def test_dates_of_any_year_are_written_as_numpy_writes_them(unit: str) -> None:
    chance = random.Random(unit)
    most = (1 << 62) if unit in ("ns", "ps", "fs", "as") else 10**9 if unit in ("Y", "M") else 10**12
    read = read_dtype(f"<M8[{unit}]").read
    assert read is not None
    numbers = [0, 1, -1, 59, 60, 86_399, 86_400, 11_016, -719_528, -719_529, 2_932_896, 2_932_897, -(1 << 63)]
    numbers += [chance.randrange(-most, most) for _ in range(effort.count(500, 2000, 50_000))]
    for number in numbers:
        raw = int(number).to_bytes(8, "little", signed=True)
        assert read(raw) == str(numpy.frombuffer(raw, f"<M8[{unit}]")[0])


RECORDS: list[Any] = [
    [("x", "<f4"), ("y", ">i2"), ("name", "S4")],
    [("when", "M8[s]"), ("where", [("lat", "f8"), ("lon", "f8")]), ("ok", "?")],
    [("pixels", "u1", (2, 3)), ("é", "f4")],
    [(("a title", "name"), "i4"), ("b", "c8")],
    numpy.dtype({"names": ["a", "b"], "formats": ["i1", "i8"], "offsets": [0, 8], "itemsize": 24}),
    numpy.dtype([("a", "i1"), ("b", "f8")], align=True),
]


@pytest.mark.parametrize("descr", RECORDS, ids=str)
@pytest.mark.parametrize("order", ["C", "F"])
async def test_records_are_shown_with_a_column_a_field(descr: Any, order: str) -> None:
    dtype = numpy.dtype(descr)
    values = numpy.zeros((3, 2), dtype, order=order)
    for at, place in enumerate(numpy.ndindex(values.shape)):
        name = dtype.names[-1]
        values[place][name] = at % 2 if values[place][name].dtype == bool else at
    shown = await show(saved(values), width=200)
    assert not shown.is_damaged and not shown.note
    assert shown.lines[0].plain.split() == [*dtype.names]
    last = [line.plain.split()[-1] for line in shown.lines[1:]]
    for cell, (_, record) in zip(last, numpy.ndenumerate(values), strict=True):
        assert cell == value_text(read_dtype(dtype[-1].str).read(record[dtype.names[-1]].tobytes()))
    assert [line.plain.split()[0] for line in shown.lines[1:]] == [f"{i},{j}" for i in range(3) for j in range(2)]


@pytest.mark.parametrize("version", [(1, 0), (2, 0), (3, 0)])
async def test_each_version_of_the_header_is_read(version: tuple[int, int]) -> None:
    shown = await show(saved(numpy.arange(6.0).reshape(3, 2), version))
    assert ("dtype", "float64") in shown.facts and cells_of(shown)[2] == ["4.0000", "5.0000"]


PYTHON_2 = {
    "{'descr': '<f8', 'fortran_order': False, 'shape': (3L, 2L), }": ("3 × 2", "float64"),
    "{'descr': '<f8', 'fortran_order': False, 'shape': (8L,), }\n": ("8", "float64"),
    "{'descr': '<f8', 'fortran_order': False, 'shape': (8l,), }": ("8", "float64"),
    "{u'descr': u'<f8', u'fortran_order': True, u'shape': (2L, 4L)}": ("2 × 4", "float64"),
    "{'shape': (4L,), 'fortran_order': False, 'descr': [('3L', '<f8'), (u'b', '<f8', (1L,))]}": (
        "4",
        "record of 3L, b",
    ),
    "{'shape': (4L,), 'fortran_order': False, 'descr': [(b'x', '<f8'), ('y', '>i4')]}": ("4", "record of x, y"),
    "{'descr': '|S8', 'fortran_order': False, 'shape': ()}": ("scalar", "bytes of 8"),
    "{'descr': '|b1', 'fortran_order': 0, 'shape': (10L, )}": ("10", "bool"),
}


@pytest.mark.parametrize("text", PYTHON_2)
async def test_a_header_by_python_2_is_read(text: str) -> None:
    shown = await show(header_of(text))
    shape, words = PYTHON_2[text]
    assert not shown.is_damaged and ("shape", shape) in shown.facts and ("dtype", words) in shown.facts
    assert shown.lines


@pytest.mark.parametrize("values", [[{"a": 1}], [None, "x"]])
async def test_objects_are_not_loaded(values: list[object]) -> None:
    shown = await show(saved(numpy.array(values, dtype=object)))
    assert "not loaded" in shown.note and not shown.lines
    shown = await show(saved(numpy.array([(1, None)], dtype=[("a", "i4"), ("b", "O")])))
    assert "not loaded" in shown.note and ("dtype", "record of a, b") in shown.facts and not shown.lines


async def test_a_long_double_is_named_without_values() -> None:
    shown = await show(saved(numpy.zeros(3, "g")))
    assert dict(shown.facts)["dtype"].startswith("float") and not shown.lines and not shown.is_damaged


async def test_a_large_array_shows_what_was_read_and_says_what_was_not() -> None:
    values = numpy.arange(4_000_000, dtype="f8").reshape(2000, 2000, order="F")
    shown = await preview(Ranges.of(saved(values)).source(), width=300)
    assert cells_of(shown)[3][:4] == ["3.0000", "2003.0000", "4003.0000", "6003.0000"] or cells_of(shown)[3][
        0
    ].startswith("3")
    assert cells_of(shown)[3][11] == "…"


async def test_a_cut_array_of_records_says_so() -> None:
    content = saved(numpy.zeros(100, [("x", "f8"), ("y", "f4")]))
    shown = await show(content[:-5])
    assert f"cut: {len(content):,} bytes expected" in shown.note


async def test_a_header_longer_than_numpy_reads_is_no_damage() -> None:
    content = saved(numpy.zeros(3, [(f"a long name of a field {at}", "f8") for at in range(1000)]))
    shown = await show(content)
    assert not shown.is_damaged and "10,000 are read, as numpy does" in plain(shown)


@pytest.mark.parametrize(
    "text",
    [
        "{'descr': '<f9', 'fortran_order': False, 'shape': (3,)}",
        "{'descr': '<f8', 'fortran_order': False, 'shape': (-3,)}",
        "{'descr': '<f8', 'fortran_order': False, 'shape': (True,)}",
        "{'descr': '<f8', 'fortran_order': False, 'shape': 3}",
        "{'descr': '<f8', 'fortran_order': False}",
        "{'descr': ['<f8'], 'fortran_order': False, 'shape': (3,)}",
        "{'descr': [('a', '<f8', (-1,))], 'fortran_order': False, 'shape': (3,)}",
        "{'descr': " + "[('a', " * 20 + "'<f8'" + ")]" * 20 + ", 'fortran_order': False, 'shape': (3,)}",
        "{'descr': None, 'fortran_order': False, 'shape': (3,)}",
        "__import__('os').system('true')",
        "",
        "(" * 9000,
        "-" * 9000 + "1",
    ],
)
async def test_a_header_that_describes_no_array_is_damage(text: str) -> None:
    shown = await show(header_of(text))
    assert shown.is_damaged and "not shown as NumPy array" in plain(shown)


@pytest.mark.parametrize(
    "text",
    [
        "{'descr': '|S0', 'fortran_order': False, 'shape': (3,)}",
        "{'descr': '<U0', 'fortran_order': False, 'shape': (1000000000, 1000000000)}",
        "{'descr': [], 'fortran_order': False, 'shape': (3,)}",
        "{'descr': [('a', '<f8', (2147483647, 2147483647))], 'fortran_order': False, 'shape': (3,)}",
        "{'descr': '<f8', 'fortran_order': True, 'shape': (4611686018427387903,) * 1}".replace(" * 1", ""),
        "{'descr': '<f8', 'fortran_order': False, 'shape': (" + "2, " * 64 + ")}",
        "{'descr': '<f8', 'fortran_order': False, 'shape': (" + "1, " * 3000 + ")}",
    ],
)
async def test_sizes_of_nothing_and_of_everything_cost_nothing(text: str) -> None:
    shown = await show(header_of(text))
    assert shown.facts and len(plain(shown)) < MIB


async def test_members_of_an_npz_are_read_in_the_same_way() -> None:
    output = io.BytesIO()
    numpy.savez(
        output,
        dates=numpy.array(["12000-01-01"], "M8[D]"),
        f=numpy.ones((2, 3), order="F"),
        r=numpy.zeros(2, RECORDS[0]),
    )
    source = Ranges.of(output.getvalue()).source("x.npz")
    shown = await preview(source)
    text = plain(shown)
    assert "datetime64[D], 1" in text and "float64, 2 × 3" in text and "record of x, y, name, 2" in text
    part = next(part for part in shown.parts if part is not None and part.name == "dates.npy")
    assert "12000-01-01" in plain(await preview(await open_member(source, part)))
