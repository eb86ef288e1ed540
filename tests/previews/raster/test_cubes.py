"""Arrays in windows: every value is that of numpy, h5py and netCDF4, slices step, coordinates place them."""

import io
import random
from collections.abc import Callable
from typing import Any

import cftime
import h5py
import netCDF4
import numpy as np
import pytest

from storage_tui.contract.models import Blob
from storage_tui.previews import PreviewError
from storage_tui.previews.decoding.painting.cells import CELL_BYTES
from storage_tui.previews.raster.cubes.calendars import date_words
from storage_tui.previews.raster.opening import is_raster, open_raster
from storage_tui.previews.raster.windows.reading import WindowReader
from storage_tui.previews.raster.windows.shown import Style
from storage_tui.previews.raster.windows.view import View
from storage_tui.tui.viewer.raster.taking import python_line
from tests.previews.ranges import Ranges

SHAPE = 4, 3, 90, 70
GREY = Style((0,), "range", "grey")
CHUNKS: tuple[dict[str, Any], ...] = (
    {}, {"compression": "gzip", "shuffle": True, "fletcher32": True}, {"compression": "lzf", "chunks": (2, 3, 32, 16)},
    {"chunks": (1, 1, 90, 7)},
)  # fmt: skip


def noise(dtype: str) -> np.ndarray:
    """Numbers over the range of a type, or around 100."""
    numbers = np.random.default_rng(len(dtype))
    if np.dtype(dtype).kind == "f":
        return numbers.normal(100, 50, SHAPE).astype(dtype)
    limits = np.iinfo(dtype)
    return numbers.integers(limits.min, limits.max, SHAPE, np.dtype(dtype).newbyteorder("="), endpoint=True).astype(
        dtype
    )


def npy(array: np.ndarray) -> bytes:
    """An .npy file."""
    file = io.BytesIO()
    np.save(file, array)
    return file.getvalue()


def hdf5(array: np.ndarray, **options: Any) -> bytes:
    """An HDF5 file with one array in a group."""
    file = io.BytesIO()
    with h5py.File(file, "w") as opened:
        opened.create_dataset("group/a", data=array, **options)
    return file.getvalue()


def netcdf(form: str) -> tuple[bytes, np.ndarray]:
    """A NetCDF file of temperatures at three times, from south to north."""
    values = np.arange(3 * 40 * 50, dtype="i2").reshape(3, 40, 50)
    file = netCDF4.Dataset("a.nc", "w", format=form, memory=1)
    for name, length in (("time", None), ("lat", 40), ("lon", 50)):
        file.createDimension(name, length)
    time = file.createVariable("time", "f8", ("time",))
    time.units, time[:] = "days since 2000-01-01", [0, 1.5, 31]
    north = file.createVariable("lat", "f8", ("lat",))
    north.units, north[:] = "degrees_north", np.linspace(40, 44.875, 40)
    east = file.createVariable("lon", "f4", ("lon",))
    east.units, east[:] = "degrees_east", 5 + np.arange(50) * 0.25
    found = file.createVariable("t2m", "i2", ("time", "lat", "lon"), fill_value=-99)
    found.set_auto_scale(False)
    found.units, found[:] = "K", values
    other = file.createVariable("rain", "f4", ("lat", "lon"))
    other[:] = 1.5
    return bytes(file.close()), values


async def opened(content: bytes, name: str | None = None) -> WindowReader:
    """The reader of these bytes."""
    assert is_raster(content[: 64 * 1024])
    return await open_raster(Ranges.of(content).source(), name)


async def compare(reader: WindowReader, truth: Callable[[list[int], int, int], Any], *, count: int = 8) -> None:
    """Compare the values at random pixels of random slices."""
    pick = random.Random(1)
    for _ in range(count):
        indexes = [pick.randrange(step.count) for step in reader.scene.steps]
        for number, index in enumerate(indexes):
            reader.stepped(number, index)
        x, y = pick.randrange(reader.scene.main.width), pick.randrange(reader.scene.main.height)
        wanted = truth(indexes, x, y)
        assert await reader.pixel(x, y, reader.pixel_bands) == np.atleast_1d(wanted).tolist(), (indexes, x, y)


async def test_the_values_of_an_npy_array_are_those_of_numpy() -> None:
    for dtype in ("u1", "i2", ">i4", "u8", "f2", ">f4", "f8"):
        array = noise(dtype)
        for order in ("C", "F"):
            content = npy(np.asarray(array, order=order))  # type: ignore[call-overload]
            await compare(await opened(content), lambda at, x, y: array[at[0], at[1], y, x], count=4)  # noqa: B023


async def test_a_last_axis_of_few_is_one_of_bands() -> None:
    array = noise("u1")[0].transpose(1, 2, 0)
    reader = await opened(npy(np.ascontiguousarray(array)))
    assert (reader.scene.bands, reader.scene.steps, reader.scene.is_in_bytes) == (3, (), True)
    await compare(reader, lambda at, x, y: array[y, x])


async def test_the_values_of_hdf5_are_those_of_h5py() -> None:
    for dtype in ("i2", ">f4"):
        array = noise(dtype)
        for options in CHUNKS:
            reader = await opened(hdf5(array, **options))
            assert reader.names == ("group/a",)
            await compare(reader, lambda at, x, y: array[at[0], at[1], y, x], count=4)  # noqa: B023


@pytest.mark.parametrize("form", ["NETCDF3_64BIT_DATA", "NETCDF4"])
async def test_a_netcdf_variable_has_its_place_its_times_and_its_north_at_the_top(form: str) -> None:
    content, values = netcdf(form)
    reader = await opened(content)
    assert reader.names == ("t2m", "rain") and reader.scene.units == "K"
    await compare(reader, lambda at, x, y: values[at[0], 39 - y, x])
    reader.stepped(0, 1)
    assert [(step.name, step.words) for step in reader.scene.steps] == [("time", "2000-01-02 12:00")]
    assert reader.scene.degrees(0.5, 0.5) == pytest.approx((5, 44.875))
    assert reader.scene.degrees(49.5, 39.5) == pytest.approx((5 + 49 * 0.25, 40))
    rain = await opened(content, "rain")
    assert await rain.pixel(3, 3, (0,)) == [1.5]


async def test_a_picture_of_a_slice_has_its_statistics_and_reads_the_rows_in_view_only() -> None:
    array = np.arange(3 * 2000 * 1500, dtype="f4").reshape(3, 2000, 1500)
    content = npy(array)
    ranges = Ranges.of(content)
    reader = await open_raster(ranges.source())
    reader.stepped(0, 2)
    view = View(1500, 2000, 60, 20, left=400, top=900)
    picture = await reader.picture(view, GREY, across=1, ground=bytes(3))
    seen = array[2, 900:940, 400:460]
    assert picture.is_sharp and len(picture.cells) == 60 * 20 * CELL_BYTES
    assert (picture.bands[0].least, picture.bands[0].most) == (seen.min(), seen.max())
    assert reader.source.bytes_read < 1_000_000
    whole = await reader.picture(view.fit(), GREY, across=2, ground=bytes(3))
    assert whole.share == 1 and whole.bands[0].count == whole.pixels


async def test_an_array_too_large_for_every_row_is_shown_whole_by_fewer_rows() -> None:
    side = 60_000
    head = npy(np.zeros((1, 1), "f4")).replace(b"(1, 1), }" + b" " * 10, f"({side}, {side}), }}".encode().ljust(19))
    head = head[:128]
    ranges = Ranges(128 + side * side * 4, lambda start, stop: head[start:stop].ljust(stop - start, b"\0"))
    reader = await open_raster(ranges.source())
    picture = await reader.picture(View(side, side, 160, 50).fit(), GREY, across=2, ground=bytes(3), is_first=True)
    assert picture.share == 1 and picture.row_step > 1 and not picture.is_sharp
    assert reader.source.requests <= 32 and reader.source.bytes_read <= 4 * 1024 * 1024


async def test_the_line_of_python_reads_the_slice_in_view(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    array = noise("f4")
    (tmp_path / "a.npy").write_bytes(npy(array))
    (tmp_path / "a.h5").write_bytes(hdf5(array))
    for name in ("a.npy", "a.h5"):
        reader = await opened((tmp_path / name).read_bytes())
        reader.stepped(0, 2)
        reader.stepped(1, 1)
        line = python_line(Blob(name, "data"), reader.scene, View(70, 90, 10, 5, left=20, top=30), GREY)
        assert (eval(line, {"numpy": np, "h5py": h5py}) == array[2, 1, 30:40, 20:30]).all(), line


@pytest.mark.parametrize(
    ("units", "calendar"),
    [("days since 2000-01-01", "standard"), ("hours since 1900-01-01 00:00:0.0", "gregorian"),
     ("seconds since 1970-01-01T00:00:00Z", "proleptic_gregorian"), ("days since 1850-01-01", "noleap"),
     ("minutes since 2001-02-03 04:05", "366_day"), ("days since 1-1-1", "360_day")],
)  # fmt: skip
def test_times_are_those_of_cftime(units: str, calendar: str) -> None:
    for value in (0, 1, 59, 60, 365, 366, 1461.25, 12_345, 700_000.25):
        wanted = cftime.num2date(value, units.replace("Z", ""), calendar)
        shown = date_words(value, units, calendar)
        clock = f"{wanted.hour:02d}:{wanted.minute:02d}" + (f":{wanted.second:02d}" if wanted.second else "")
        date = f"{wanted.year:04d}-{wanted.month:02d}-{wanted.day:02d}"
        assert shown == (date if clock == "00:00" else f"{date} {clock}"), value


def test_what_is_no_time_has_no_date() -> None:
    later = "days since 2000-01-01"
    for value, units, calendar in (
        (1, "K", ""), (1, "days since yesterday", ""), (1e30, later, ""), (float("nan"), later, ""),
        (1, "days since 2000-13-41", "noleap"), (1, later, "julian"), (1, "days since 0001-01-01", "standard"),
    ):  # fmt: skip
        assert date_words(value, units, calendar) == ""


def hostile() -> dict[str, bytes]:
    """Files that lie about their arrays."""
    chunked = hdf5(noise("i2"), compression="gzip")
    classic, _ = netcdf("NETCDF3_CLASSIC")
    large = (
        b"\x93NUMPY\x01\x00v\x00" + b"{'descr': '<f8', 'fortran_order': False, 'shape': (1099511627776, 1099511627776)}"
    )
    return {
        "npy of no values": npy(noise("f4"))[:128], "npy of all numbers": large.ljust(127) + b"\n",
        "cut hdf5": chunked[: len(chunked) // 2], "damaged chunks": chunked[:3000] + b"\xff" * (len(chunked) - 3000),
        "cut header": classic[:100], "cut values": classic[:1200], "scaled": hdf5(noise("i2"), scaleoffset=0),
        "no array": hdf5(np.arange(5)),
    }  # fmt: skip


async def test_a_hostile_file_ends_with_one_line() -> None:
    for name, content in hostile().items():
        with pytest.raises(PreviewError) as raised:
            reader = await open_raster(Ranges.of(content).source())
            main = reader.scene.main
            await reader.picture(View(main.width, main.height, 80, 24).fit(), GREY, across=2, ground=bytes(3))
        assert str(raised.value) and "\n" not in str(raised.value), name
