"""NetCDF in all its forms against the netCDF library: dimensions, variables, types, what grows, attributes."""

import random
import struct
from pathlib import Path
from typing import Any

import numpy
import pytest

from storage_tui.previews import Preview, preview
from storage_tui.previews.base import MIB
from storage_tui.previews.table.grid import cell_text
from tests import effort, wanted
from tests.previews.ranges import Ranges, plain, show

netCDF4 = wanted.module("netCDF4")

CLASSIC = ("NETCDF3_CLASSIC", "NETCDF3_64BIT_OFFSET", "NETCDF3_64BIT_DATA")
FORMS = (*CLASSIC, "NETCDF4", "NETCDF4_CLASSIC")
SMALL_TYPES = ("i1", "S1", "i2", "i4", "f4", "f8")
ALL_TYPES = (*SMALL_TYPES, "u1", "u2", "u4", "i8", "u8")
WORDS = {"S1": "char", "i": "int", "u": "uint", "f": "float"}
NAMES = ("lat", "lon", "time", "τ", "a long name of a dimension", "x_1", "level-2", "sst")


def types_of(form: str) -> tuple[str, ...]:
    return ALL_TYPES if form in ("NETCDF3_64BIT_DATA", "NETCDF4") else SMALL_TYPES


def write(path: Path, form: str, chance: random.Random) -> None:
    """A file with some of everything that the form has."""
    with netCDF4.Dataset(path, "w", format=form) as file:
        groups = [file]
        if form == "NETCDF4" and chance.random() < 0.5:
            groups += [file.createGroup("forecast"), file.createGroup("forecast/members")]
        names = list(NAMES)
        chance.shuffle(names)
        sides = names[: chance.randrange(6)]
        growing = chance.choice([None, *sides[:1]])
        for side in sides:
            file.createDimension(side, None if side == growing else chance.choice([1, 2, 7, 36]))
        for group in groups:
            for number in range(chance.choice([0, 1, 3, 9, 40])):
                used = [side for side in sides if side != growing and chance.random() < 0.4][:3]
                if growing and chance.random() < 0.5:
                    used.insert(0, growing)
                made = group.createVariable(f"value {number}", chance.choice(types_of(form)), used)
                for kind in chance.sample(types_of(form), chance.randrange(3)):
                    made.setncattr(
                        f"note_{kind}", "K" if kind == "S1" else numpy.arange(chance.randrange(1, 9), dtype=kind)
                    )
                if made.dimensions[:1] == (growing,) and chance.random() < 0.5:
                    made[chance.randrange(4), ...] = "x" if made.dtype == "S1" else 1
        for kind in chance.sample(types_of(form), chance.randrange(4)):
            file.setncattr(f"root_{kind}", "words é" if kind == "S1" else numpy.arange(3, dtype=kind))


def kind_of(variable: Any, form: str) -> str:
    """The words of a preview for the type of a variable."""
    kind = numpy.dtype(variable.dtype)
    if kind.kind == "S":
        return "char" if form in CLASSIC else "text of 1"
    return f"{WORDS[kind.kind]}{8 * kind.itemsize}"


def rows_of(shown: Preview, heads: tuple[str, ...]) -> list[tuple[str, ...]]:
    lines = [line.plain for line in shown.lines]
    if len(lines) < 2:
        return []
    starts = [lines[0].index(head) for head in heads if head in lines[0]]
    return [tuple(line[a:b].strip() for a, b in zip(starts, [*starts[1:], None], strict=True)) for line in lines[1:]]


@pytest.mark.parametrize("form", FORMS)
async def test_each_file_has_what_the_netcdf_library_reads(form: str, tmp_path: Path) -> None:
    chance = random.Random(form)
    for number in range(effort.count(12, 25, 200)):
        path = tmp_path / f"{number}.nc"
        write(path, form, chance)
        shown = await preview(Ranges.of(path.read_bytes()).source(), width=300, is_full=True)
        with netCDF4.Dataset(path) as file:
            assert not shown.is_damaged and "objects" not in shown.note, path
            (check_classic if form in CLASSIC else check_hdf5)(file, shown, form)


def check_classic(file: Any, shown: Preview, form: str) -> None:
    assert shown.kind == "NetCDF"
    sides = [
        f"{name} {len(side):,}{' (grows)' if side.isunlimited() else ''}" for name, side in file.dimensions.items()
    ]
    facts = dict(shown.facts)
    assert facts["dimensions"] == (", ".join(sides) or "none")
    for name in file.ncattrs():
        value = file.getncattr(name)
        text = value if isinstance(value, str) else ", ".join(f"{number:.6g}" for number in value.tolist())
        assert facts[name] == text
    expected = []
    for name, variable in file.variables.items():
        lengths = [f"{side} {size:,}" for side, size in zip(variable.dimensions, variable.shape, strict=True)]
        expected.append((name, kind_of(variable, form), cell_text(" × ".join(lengths) or "scalar", 64)))
    assert rows_of(shown, ("variable", "type", "dimensions")) == expected


def check_hdf5(file: Any, shown: Preview, form: str) -> None:
    assert shown.kind == "NetCDF-4 (HDF5)"
    expected = []
    groups = [("", file), *((group.path, group) for group in nested(file))]
    for path, group in groups:
        if path:
            expected.append((path, "group", ""))
        for name, side in group.dimensions.items():
            if name not in group.variables:
                expected.append(
                    (f"{path}/{name}", "dimension", f"{len(side):,}{', grows' if side.isunlimited() else ''}")
                )
        for name, variable in group.variables.items():
            sides = " × ".join(f"{size:,}" for size in variable.shape) or "scalar"
            can_grow = any(file.dimensions[side].isunlimited() for side in variable.dimensions)
            expected.append((f"{path}/{name}", kind_of(variable, form), sides + (", grows" if can_grow else "")))
    found = [row[:3] for row in rows_of(shown, ("object", "type", "shape", "stored"))]
    assert found == sorted(expected)


def nested(group: Any) -> list[Any]:
    """All groups below a group."""
    return [inner for child in group.groups.values() for inner in (child, *nested(child))]


def header(version: int, variables: int, records: int = 0) -> bytes:
    """A file with a growing dimension and variables of six bytes a record."""
    wide = 8 if version == 5 else 4

    def number(value: int) -> bytes:
        return value.to_bytes(wide, "big")

    raw = b"CDF" + bytes([version]) + number(records) + b"\0\0\0\x0a" + number(1) + number(1) + b"t\0\0\0" + number(0)
    raw += bytes(4) + number(0) + b"\0\0\0\x0b" + number(variables)
    for at in range(variables):
        name = f"{at:08d}".encode()
        raw += number(8) + name + number(1) + number(0) + bytes(4) + number(0) + struct.pack(">I", 3) + number(4)
        raw += (64).to_bytes(4 if version == 1 else 8, "big")
    return raw


@pytest.mark.parametrize("version", [1, 2, 5])
async def test_a_header_longer_than_the_first_read_is_read_on(version: int) -> None:
    content = header(version, 9000)
    ranges = Ranges(10**9, lambda start, stop: content[start:stop].ljust(stop - start, b"\0"))
    shown = await preview(ranges.source(), width=200)
    assert len(shown.lines) == 9001 and not shown.is_damaged
    assert len(ranges.asked) <= 4 and sum(stop - start for start, stop in ranges.asked) <= MIB


async def test_a_header_longer_than_the_budget_is_no_damage() -> None:
    content = header(2, 5000)
    content = content.replace(b"\0\0\0\x080", b"\0\0\0\xf80" + b"x" * 240)
    ranges = Ranges(10**9, lambda start, stop: content[start:stop].ljust(stop - start, b"\0"))
    shown = await preview(ranges.source(), width=200)
    assert not shown.is_damaged
    assert shown.facts == (("not shown as NetCDF", "its header is longer than the 1.0 MB that are read"),)


async def test_a_cut_header_is_damage() -> None:
    shown = await show(header(1, 40)[:-9])
    assert shown.is_damaged and ("not shown as NetCDF", "its header is cut") in shown.facts


@pytest.mark.parametrize("version", [1, 2, 5])
async def test_records_that_the_writer_did_not_count_are_counted_by_the_size(version: int) -> None:
    unknown = (1 << (64 if version == 5 else 32)) - 1
    for variables, step in ((1, 2), (3, 12)):
        content = header(version, variables, unknown)
        content = content.replace(
            (64).to_bytes(4 if version == 1 else 8, "big"), (4096).to_bytes(4 if version == 1 else 8, "big")
        )
        shown = await show(content.ljust(4096, b"\0") + bytes(step * 5))
        assert ("dimensions", "t 5 (grows)") in shown.facts


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ((b"\0\0\0\x0a", b"\0\0\0\x0c"), "its header is damaged"),
        ((b"\0\0\0\x03\0\0\0\x04", b"\0\0\0\x63\0\0\0\x04"), "its header names type 99, which does not exist"),
        ((b"\0\0\0\x03\0\0\0\x04", b"\0\0\0\x0a\0\0\0\x04"), "its header names type 10, which does not exist"),
        ((b"\0\0\0\x01\0\0\0\0\0\0\0\0", b"\0\0\0\x01\0\0\0\x09\0\0\0\0"), "names a dimension that does not exist"),
    ],
)
async def test_a_damaged_header_is_named(change: tuple[bytes, bytes], reason: str) -> None:
    content = header(1, 1)
    assert change[0] in content
    shown = await show(content.replace(*change) + bytes(64))
    assert shown.is_damaged and reason in plain(shown)


async def test_coordinates_of_a_large_file_cost_a_few_reads_and_none_past_the_end(tmp_path: Path) -> None:
    path = tmp_path / "large.nc"
    with netCDF4.Dataset(path, "w", format="NETCDF3_CLASSIC") as file:
        for name, count in (("time", None), ("lat", 100), ("lon", 100)):
            file.createDimension(name, count)
        file.createVariable("t2m", "f4", ("time", "lat", "lon"))[:] = numpy.zeros((40, 100, 100), "f4")
        for name, count in (("time", 40), ("lat", 100), ("lon", 100)):
            file.createVariable(name, "f8", (name,))[:] = numpy.arange(count)
        file["time"].units = "days since 2000-01-01"
    content = path.read_bytes()
    ranges = Ranges.of(content)
    facts = dict((await preview(ranges.source())).facts)
    assert (facts["time"], facts["lat"]) == ("40: 2000-01-01 to 2000-02-09", "100: 0 to 99, step 1")
    assert len(ranges.asked) <= 8 and sum(stop - start for start, stop in ranges.asked) <= 100_000 < len(content)
    cut = dict((await preview(Ranges.of(content[:100_000]).source())).facts)
    assert "dimensions" in cut and "time" not in cut
