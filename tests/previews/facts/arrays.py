"""Rows of arrays: h5py, netCDF4, numpy and zarr write and state."""

import warnings
import zipfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import cftime
import h5py
import netCDF4
import numpy
import zarr

from storage_tui.previews.base import MIB
from storage_tui.previews.stores.prefix import PANE_BUDGET
from tests.previews.facts.row import Row, Stated, known
from tests.previews.stores import kept_icechunk
from tests.previews.stores.trees import store

WAVE = numpy.linspace(-2.5, 4, 36, dtype="f4").reshape(3, 3, 4)
TYPES = {"f": "float", "i": "int", "u": "uint"}


def weather(form: str) -> Callable[[Path], Path]:
    """Return what writes a field over time, lat and lon in one of the forms of NetCDF, its time without an end."""

    def make(folder: Path) -> Path:
        path = folder / "a.nc"
        with netCDF4.Dataset(path, "w", format=form) as file:
            file.title = "Weather of 2026"
            axes = {"time": numpy.arange(3) * 6.0, "lat": numpy.linspace(50, 40, 3), "lon": numpy.linspace(5, 8, 4)}
            for name, values in axes.items():
                file.createDimension(name, None if name == "time" else len(values))
                file.createVariable(name, "f8", (name,))[:] = values
            file["time"].units, file["time"].calendar = "hours since 2026-01-01 06:00", "standard"
            file["lat"].units = "degrees_north"
            field = file.createVariable("t2m", "f4", ("time", "lat", "lon"))
            field.units = "K"
            field[:] = WAVE
        return path

    return make


def axis_words(values: Sequence[float], units: str = "", calendar: str = "standard") -> str:
    """First and last value of a coordinate, and its step; of times as dates."""
    step = f", step {values[1] - values[0]:.5g}" if len(values) > 2 else ""
    if " since " not in units:
        words = f" {units}" if units else ""
        return f"{len(values)}: {values[0]:.5g} to {values[-1]:.5g}{words}{step}"
    first, last = (f"{moment:%Y-%m-%d %H:%M}" for moment in cftime.num2date([values[0], values[-1]], units, calendar))
    return f"{len(values)}: {first} to {last}{step and f'{step} {units.split()[0]}'}"


def of_netcdf(path: Path) -> Stated:
    """Dimensions, attributes, coordinates and variables."""
    with netCDF4.Dataset(path) as file:
        sides = [
            f"{name} {len(side)}{' (grows)' if side.isunlimited() else ''}" for name, side in file.dimensions.items()
        ]
        facts = {"dimensions": ", ".join(sides), "title": file.title}
        lines = [" × ".join(f"{name} {len(file.dimensions[name])}" for name in file["t2m"].dimensions)]
        return Stated({**facts, **_axes_of(file)}, lines=lines)


def of_netcdf_4(path: Path) -> Stated:
    """The same of a file of HDF5."""
    with netCDF4.Dataset(path) as file:
        shape = " × ".join(map(str, file["t2m"].shape))
        assert str(file["t2m"].dtype) == "float32"
        facts = {"datasets": str(len(file.variables)), "title": file.title}
        return Stated({**facts, **_axes_of(file)}, lines=["/t2m    float32", f"{shape}"])


def _axes_of(file: Any) -> dict[str, str]:
    found = {}
    for name in file.dimensions:
        told = {key: file[name].getncattr(key) for key in file[name].ncattrs() if key in ("units", "calendar")}
        found[name] = axis_words(file[name][:].tolist(), **told)
    return found


def groups(folder: Path) -> Path:
    """A file of groups by h5py."""
    with h5py.File(folder / "a.h5", "w") as file:
        file.attrs["campaign"] = "Alps 2026"
        file.create_dataset("run/temperature", data=WAVE[0], compression="gzip", chunks=(3, 4))
        file["run/flags"] = numpy.arange(5, dtype=">i2")
        file["model/bias"] = numpy.zeros(10, "f8")
    return folder / "a.h5"


def of_h5py(path: Path) -> Stated:
    """Counts, attributes, and every dataset with its type and shape."""
    lines = []
    with h5py.File(path) as file:
        counts = {h5py.Group: 0, h5py.Dataset: 0}

        def look(name: str, thing: Any) -> None:
            counts[type(thing)] += 1
            if isinstance(thing, h5py.Dataset):
                kind = f"{TYPES[thing.dtype.kind]}{8 * thing.dtype.itemsize}"
                lines.append(f"/{name}")
                lines.append(kind + (", big-endian" if thing.dtype.byteorder == ">" else ""))
                lines.append(" × ".join(map(str, thing.shape)))

        file.visititems(look)
        facts = {
            "datasets": str(counts[h5py.Dataset]),
            "groups": str(counts[h5py.Group]),
            "campaign": str(file.attrs["campaign"]),
        }
    return Stated(facts, lines=lines)


def array(folder: Path) -> Path:
    """An array by numpy."""
    numpy.save(folder / "a.npy", WAVE)
    return folder / "a.npy"


def of_numpy(path: Path) -> Stated:
    """Shape, type and range."""
    found = numpy.load(path)
    mean = found.mean(dtype="f8")
    return Stated(
        {
            "shape": " × ".join(map(str, found.shape)),
            "dtype": str(found.dtype),
            "values": f"{found.min():.5g} to {found.max():.5g}, mean {mean:.5g}",
        }
    )


def arrays(folder: Path) -> Path:
    """Two arrays in a zip."""
    numpy.savez_compressed(folder / "a.npz", wave=WAVE, flags=numpy.zeros(9, "u1"))
    return folder / "a.npz"


def of_numpy_zip(path: Path) -> Stated:
    """The arrays of a zip."""
    with numpy.load(path) as found, zipfile.ZipFile(path) as archive:
        lines = [f"{found[name].dtype}, {' × '.join(map(str, found[name].shape))}" for name in found.files]
        return Stated({"arrays": str(len(archive.namelist()))}, lines=lines)


def stored(version: int, **how: Any) -> Callable[[Path], Path]:
    """Return what writes a Zarr store."""

    def make(folder: Path) -> Path:
        for key, content in store(version, **how).blobs.items():
            path = folder / key
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
        return folder / "x.zarr"

    return make


def repository(folder: Path) -> Path:
    """A repository by icechunk 1.1."""
    for name, content in kept_icechunk.files().items():
        path = folder / "x.icechunk" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return folder / "x.icechunk"


REPOSITORY = {
    "Icechunk": "version 1", "branch": "main, snapshot WM3NK9QB9XB9X3WMT460",
    "tag": "v1, snapshot WM3NK9QB9XB9X3WMT460",
    "message": "first fields", "arrays": "6", "groups": "1", "title": "Weather of 2026",
    "lat": axis_words(numpy.linspace(59.5, 20.5, 40).tolist()), "lon": axis_words(numpy.linspace(0, 59, 60).tolist()),
    "time": "2: 2026-01-01 06:00 to 2026-01-01 12:00",
}  # fmt: skip
COVER = "cover [0, :, :]  0 to 255, 4 of 4 chunks"
"""What icechunk was told when it wrote the repository."""


def of_zarr(path: Path) -> Stated:
    """Arrays with their types, shapes and chunks, and the coordinates."""
    with warnings.catch_warnings(category=UserWarning, action="ignore"):
        root = zarr.open_group(path, mode="r", use_consolidated=False)
    found: dict[str, Any] = dict(root.members(max_depth=None))  # type: ignore[arg-type]
    known = {name: node for name, node in found.items() if isinstance(node, zarr.Array)}
    facts = {"arrays": str(len(known)), "groups": str(len(found) - len(known))}
    for name in ("time", "lat", "lon"):
        units = str(known[name].attrs.get("units", ""))
        facts[name] = axis_words(numpy.asarray(known[name][:]).tolist(), units)
    lines = [line for node in known.values() for line in (node.name.lstrip("/"), str(node.dtype))]
    lines += [" × ".join(map(str, node.chunks)) for node in known.values()]
    return Stated(facts, lines=lines)


HDF5 = {"requests": 16, "size_bytes": MIB, "why": "headers of objects lie all over the file"}
STORE = {
    "requests": PANE_BUDGET.requests,
    "size_bytes": PANE_BUDGET.size_bytes,
    "why": "a store is many blobs: a list, metadata, a chunk of each coordinate, the chunks of a picture",
}
ROWS = (
    *(
        Row("NetCDF", "netCDF4", weather(form), of_netcdf)
        for form in ("NETCDF3_CLASSIC", "NETCDF3_64BIT_OFFSET", "NETCDF3_64BIT_DATA")
    ),
    Row("NetCDF-4 (HDF5)", "netCDF4", weather("NETCDF4"), of_netcdf_4, **HDF5),
    Row("HDF5", "h5py", groups, of_h5py, **HDF5),
    Row("NumPy array", "numpy", array, of_numpy),
    Row("NumPy archive", "numpy", arrays, of_numpy_zip),
    Row(
        "Icechunk",
        "icechunk 1.1",
        repository,
        known(REPOSITORY, lines=[COVER]),
        **STORE,
    ),
    Row("Zarr store", "zarr", stored(2), of_zarr, **STORE),
    Row("Zarr store", "zarr", stored(3), of_zarr, **STORE),
    Row("Zarr store", "zarr", stored(3, shards=(1, 60, 90), is_consolidated=False), of_zarr, **STORE),
)
