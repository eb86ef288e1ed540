"""HDF5 and NetCDF-4 by h5py: every object is right, or said to be missing for the true reason, within the budget."""

import io
import random
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import h5py
import numpy
import pytest

from storage_tui.previews import Preview, preview
from storage_tui.previews.formats.hdf5 import FULL_BUDGET, PANE_BUDGET
from storage_tui.previews.member import open_member
from storage_tui.previews.table.grid import cell_text
from tests import effort
from tests.previews.hdf5_files import Row, files, written
from tests.previews.ranges import Ranges, plain, show
from tests.previews.samples import hdf5

CELLS = 64


def rows_of(shown: Preview) -> list[Row]:
    """The rows of a preview."""
    lines = [line.plain for line in shown.lines]
    if not lines:
        return []
    heads = [head for head in ("object", "type", "shape", "stored") if head in lines[0]]
    starts = [lines[0].index(head) for head in heads]
    cells = [[line[a:b].strip() for a, b in zip(starts, [*starts[1:], None], strict=True)] for line in lines[1:]]
    return [(row[0], row[1], row[2], row[3] if len(row) > 3 else "") for row in cells]


async def opened(content: bytes) -> Preview:
    """The preview on the whole screen."""
    return await preview(Ranges.of(content).source("blob"), width=300, is_full=True)


async def test_each_file_of_the_matrix_has_the_rows_that_are_right() -> None:
    every = list(files())
    count = effort.count(60, 120, len(every))
    for make in random.Random(count).sample(every, count):
        made = make()
        shown = await opened(made.content)
        expected = sorted(tuple(cell_text(cell, CELLS) for cell in row) for row in made.rows)
        assert rows_of(shown) == expected, made.name
        assert shown.kind == "HDF5" and not shown.note and not shown.is_damaged, made.name
        datasets = sum(bool(shape) for _, _, shape, _ in made.rows)
        assert ("datasets", f"{datasets:,}") in shown.facts, made.name


@pytest.mark.parametrize("libver", ["earliest", "latest"])
async def test_groups_and_datasets_are_listed_with_type_and_shape(libver: str) -> None:
    shown = await show(hdf5(libver), width=100)
    text = plain(shown)
    assert "/run0/temperature  float32            24 × 10" in text
    assert "/flags             int16, big-endian  5" in text
    assert ("datasets", "3") in shown.facts and not shown.note


@pytest.mark.parametrize("count", [1001, 1500])
async def test_more_members_than_lines_are_counted_in_the_pane(count: int) -> None:
    output = io.BytesIO()
    with h5py.File(output, "w") as file:
        for at in range(count):
            file[f"{at:05d}"] = numpy.int8(1)
    content = output.getvalue()
    shown = await show(content)
    assert len(shown.lines) == 1001
    assert f"the first 1,000 of {count:,} objects" in shown.note
    shown = await opened(content)
    assert ("datasets", f"{count:,}") in shown.facts and len(rows_of(shown)) == count


async def test_the_attributes_of_the_root_are_facts() -> None:
    output = io.BytesIO()
    with h5py.File(output, "w") as file:
        file.attrs["title"] = "NDVI \x1b[31m"
        file.attrs["bytes"] = numpy.bytes_(b"fixed")
        file.attrs["numbers"] = numpy.arange(4)
        file.attrs["share"] = 0.25
        file.attrs["many"] = numpy.arange(100)
        file.attrs["words"] = ["a", "b"]
    facts = dict((await opened(output.getvalue())).facts)
    assert facts["title"] == "NDVI \\x1b[31m" and facts["bytes"] == "fixed"
    assert facts["numbers"] == "0, 1, 2, 3" and facts["share"] == "0.25"
    assert facts["many"] == "0, 1, 2, 3, 4, 5, … 100 in all" and facts["words"] == "a, b"


async def test_an_attribute_that_claims_terabytes_is_named_by_its_type() -> None:
    output = io.BytesIO()
    with h5py.File(output, "w") as file:
        file.attrs["title"] = numpy.bytes_(b"x" * 3000)
        file["x"] = 1
    content = output.getvalue()
    assert content.count((3000).to_bytes(4, "little")) == 1
    shown = await opened(content.replace((3000).to_bytes(4, "little"), (1 << 31).to_bytes(4, "little")))
    assert rows_of(shown) == [("/x", "int64", "scalar", "")]


async def test_a_matlab_file_is_named_as_one() -> None:
    made = written("mat", "earliest", 512, lambda file: [])
    output = io.BytesIO(made.content)
    with h5py.File(output, "r+") as file:
        file["x"] = numpy.zeros((2, 3))
        file["x"].attrs["MATLAB_class"] = numpy.bytes_(b"double")
    content = b"MATLAB 7.3 MAT-file, Platform: GLNXA64".ljust(512) + output.getvalue()[512:]
    shown = await opened(content)
    assert shown.kind == "MATLAB 7.3 (HDF5)" and ("user block", "512 B") in shown.facts
    assert rows_of(shown) == [("/x", "float64, MATLAB double", "2 × 3", "")]


async def test_a_tar_whose_first_member_is_an_hdf5_file_is_a_tar() -> None:
    output, content = io.BytesIO(), hdf5()
    with tarfile.open(fileobj=output, mode="w") as archive:
        member = tarfile.TarInfo("run.h5")
        member.size = len(content)
        archive.addfile(member, io.BytesIO(content))
    assert (await show(output.getvalue(), "runs.tar")).kind == "tar"


async def test_a_file_that_its_writer_has_not_closed_is_listed(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "x.h5", "w", libver="latest") as file:
        file["x"] = [1, 2]
        file.swmr_mode = True
        content = (tmp_path / "x.h5").read_bytes()
    shown = await show(content)
    assert rows_of(shown) == [("/x", "int64", "2", "")]


async def test_what_hdf5_says_about_a_damaged_file_is_the_reason() -> None:
    content = bytearray(hdf5())
    content[64:72] = b"\xf0" * 8  # where the root is
    shown = await show(bytes(content))
    assert shown.is_damaged and shown.facts[0][0] == "not shown as HDF5"
    assert "nable to" not in shown.facts[0][1]


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
@pytest.mark.parametrize("count", [10, 1_000_000])
async def test_a_member_of_a_zip_is_listed_unless_only_its_first_part_is_unpacked(method: int, count: int) -> None:
    inside, output = io.BytesIO(), io.BytesIO()
    with h5py.File(inside, "w") as file:
        file["x"] = numpy.random.default_rng(1).random(count)
    with zipfile.ZipFile(output, "w", method) as archive:
        archive.writestr("run.h5", inside.getvalue())
    source = Ranges.of(output.getvalue()).source("runs.zip")
    part = next(part for part in (await preview(source)).parts if part is not None)
    shown = await preview(await open_member(source, part), width=100)
    assert shown.kind == "HDF5" and not shown.is_damaged
    if method == zipfile.ZIP_STORED or count == 10:
        assert rows_of(shown) == [("/x", "float64", f"{count:,}", "")]
    else:
        assert "no objects: needs all of it, and only its first part was unpacked" in shown.note


def hard(file: h5py.File) -> list[Row]:
    """Names and filters that no library writes by itself, a type of its own, groups in groups."""
    rows: list[Row] = []
    for number, words in ((32015, "zstd"), (307, "bzip2"), (999, "filter 999")):
        creation = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
        creation.set_chunk((2,))
        creation.set_filter(number, h5py.h5z.FLAG_OPTIONAL, (1,))
        space = h5py.h5s.create_simple((4,))
        h5py.h5d.create(file.id, str(number).encode(), h5py.h5t.IEEE_F32LE, space, creation)
        rows.append((f"/{number}", "float32", "4", f"chunks 2, {words}"))
    for name, text in (
        (b"\xff\xfe", "/\\udcff\\udcfe"),
        (b"a\nb", "/a\\nb"),
        (b"...", "/..."),
        (b"x" * 60_000, "/" + "x" * 399),
    ):
        h5py.h5d.create(file.id, name, h5py.h5t.IEEE_F32LE, h5py.h5s.create_simple((4,)))
        rows.append((text, "float32", "4", ""))
    file["a type"] = numpy.dtype([("a", "<i4"), ("b", "<f8")])
    file.create_dataset("of that type", shape=(2,), dtype=file["a type"])
    rows += [("/a type", "type: record of a, b", "", ""), ("/of that type", "record of a, b", "2", "")]
    group = file
    for depth in range(1, 400):
        group = group.create_group("g")
        rows.append(("/g" * depth, "group", "", ""))
    return rows


@pytest.mark.parametrize("version", ["earliest", "latest"])
async def test_names_filters_and_depths_that_are_rare_are_right(version: str) -> None:
    made = written("hard", version, 0, hard)
    expected = [(cell_text(row[0], CELLS), *row[1:]) for row in made.rows]
    assert sorted(rows_of(await opened(made.content))) == sorted(expected)


WITHOUT = """
import asyncio, sys
sys.modules["h5py"] = None
from tests.previews.ranges import plain, show
shown = asyncio.run(show(sys.stdin.buffer.read()))
print(plain(shown), shown.is_damaged)
"""


def test_without_h5py_the_facts_are_shown_and_the_extra_is_named() -> None:
    done = subprocess.run([sys.executable, "-c", WITHOUT], input=hdf5(), capture_output=True, check=True)
    text = done.stdout.decode()
    assert "superblock: version 0" in text and "pip install 'storage-tui[preview]'" in text and "False" in text
    assert "datasets:" not in text


SCATTERED = 10**10


def scattered(count: int) -> Ranges:
    """A file of 10 GB with headers all over: the file of `hdf5`, and nothing behind it."""
    content = hdf5(groups=count)
    return Ranges(SCATTERED, lambda start, stop: content[start:stop].ljust(stop - start, b"\0"))


@pytest.mark.parametrize("is_full", [False, True])
async def test_a_file_of_gigabytes_costs_no_more_than_the_budget(is_full: bool) -> None:
    ranges = scattered(1500 if is_full else 300)
    shown = await preview(ranges.source(), width=100, is_full=is_full)
    budget = FULL_BUDGET if is_full else PANE_BUDGET
    assert len(ranges.asked) <= budget.requests
    assert sum(stop - start for start, stop in ranges.asked) <= budget.size_bytes
    text = plain(shown)
    assert "run" in text and not shown.is_damaged
    assert "objects not read: needs more than" in shown.note
    assert next(value for label, value in shown.facts if label == "datasets").endswith("+")


async def test_objects_of_which_none_was_read_are_not_counted_as_none() -> None:
    shown = await preview(scattered(1500).source(), width=100)
    assert ("datasets", "not read") in shown.facts


async def test_a_cut_file_says_how_much_is_missing() -> None:
    content = hdf5(groups=60)
    shown = await show(content[: len(content) // 2])
    assert shown.kind == "HDF5" and not shown.is_damaged
    assert any(label == "cut" and value.endswith("are missing") for label, value in shown.facts)
    assert "its end is missing" in shown.note


@pytest.mark.some(every=4)
@pytest.mark.parametrize("place", range(0, 2000, 97))
async def test_addresses_that_lie_end_the_walk(place: int) -> None:
    content = bytearray(hdf5())
    content[96 + place : 104 + place] = (96).to_bytes(8, "little")
    shown = await show(bytes(content))
    assert shown.facts


async def test_damaged_bytes_anywhere_never_end_more_than_the_preview() -> None:
    every = list(files())
    chance = random.Random(7)
    for _ in range(effort.count(60, 150, 3000)):
        content = bytearray(chance.choice(every)().content[: 64 * 1024])
        for _ in range(chance.choice([1, 3, 20])):
            place = chance.randrange(len(content))
            content[place : place + chance.choice([1, 4, 8])] = chance.choice([b"\0", b"\xff" * 8, chance.randbytes(4)])
        shown = await show(bytes(content))
        assert shown.lines or shown.facts or shown.note
    assert ("datasets", "3") in (await show(hdf5())).facts


def secret(folder: Path) -> Path:
    """An HDF5 file of this machine, and raw values."""
    path = folder / "secret.h5"
    with h5py.File(path, "w") as file:
        file.create_dataset("data", data=numpy.full((7, 3), 42, "f4"), maxshape=(None, 3))
    (folder / "values.raw").write_bytes(b"*" * 480)
    return path


def endless(file: h5py.File, path: Path) -> None:
    """A virtual dataset as long as the one of another file."""
    most = h5py.h5s.UNLIMITED
    space = h5py.h5s.create_simple((0, 3), (most, 3))
    space.select_hyperslab((0, 0), (most, 1), block=(1, 3))
    creation = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
    creation.set_layout(h5py.h5d.VIRTUAL)
    creation.set_virtual(space, str(path).encode(), b"data", space)
    h5py.h5d.create(file.id, b"endless", h5py.h5t.IEEE_F32LE, space, creation)


def read_times(folder: Path) -> dict[str, int]:
    """When each file was read last."""
    return {entry.name: entry.stat().st_atime_ns for entry in folder.iterdir()}


@pytest.mark.parametrize("version", ["earliest", "latest"])
async def test_links_and_values_in_other_files_are_named_and_never_opened(tmp_path: Path, version: str) -> None:
    path = secret(tmp_path)
    output = io.BytesIO()
    with h5py.File(output, "w", libver=version) as file:
        file["outside"] = h5py.ExternalLink(str(path), "/data")
        file["inside/outside"] = h5py.ExternalLink(str(path), "/")
        file.create_dataset("raw", shape=(10, 12), dtype="f4", external=[(str(tmp_path / "values.raw"), 0, 480)])
        if version == "latest":
            whole = h5py.VirtualLayout(shape=(7, 3), dtype="f4")
            whole[:] = h5py.VirtualSource(str(path), "data", shape=(7, 3))
            file.create_virtual_dataset("whole", whole)
            endless(file, path)
    before = read_times(tmp_path)
    shown = await opened(output.getvalue())
    found = {row[0]: row[1:] for row in rows_of(shown)}
    assert found["/outside"][0] == "external link" and found["/inside/outside"][0] == "external link"
    assert "/outside/data" not in found and "42" not in plain(shown)
    assert found["/raw"] == ("float32", "10 × 12", "values in 1 other file, not opened")
    if version == "latest":
        assert found["/whole"] == ("float32", "7 × 3", "virtual, 1 source, not opened")
        assert found["/endless"] == ("float32", "? × 3", "virtual, 1 source, not opened")
    assert read_times(tmp_path) == before
