"""The arrays of HDF5 files by h5py: which there are, their layout, the coordinates of their axes, places of chunks.

Values are read of coordinates only. Links to other files are not followed, and the child can open no file.
"""

import io
import struct
import sys
import time
from typing import Any

from storage_tui.previews.decoding.hdf5 import objects
from storage_tui.previews.decoding.hdf5.objects import UNREADABLE
from storage_tui.previews.decoding.ranged_file import RangedFile

MOST_ARRAYS = 2_000  # that are looked at
MOST_NAMES = 500
WORK_SECONDS = 1.5
MOST_COORDINATES = 20_000  # of an axis; longer ones are counted in pixels
MOST_AXES = 12
MOST_PLACES = 6_000  # of chunks, in one answer
LZF = 32000  # skips the chunks that do not get smaller, which their size says
LEAST_SIDE = 8  # pixels: a smaller array is a table, not a picture
FILTERS = {1: "deflate", 2: "shuffle", 3: "fletcher32", 32000: "lzf"}
CODES = {("i", 1): "b", ("i", 2): "h", ("i", 4): "i", ("i", 8): "q", ("u", 1): "B", ("u", 2): "H", ("u", 4): "I",
         ("u", 8): "Q", ("f", 2): "e", ("f", 4): "f", ("f", 8): "d", ("b", 1): "B"}  # fmt: skip
TEXTS = ("units", "long_name", "standard_name", "calendar", "grid_mapping", "crs_wkt", "spatial_ref", "epsg_code",
         "esri_pe_string")  # fmt: skip
NUMBERS = ("_FillValue", "missing_value", "scale_factor", "add_offset")
TEXT_CHARS = 20_000


def read_array(job: dict[str, Any], content: bytes, file: RangedFile) -> tuple[dict[str, Any], bytes]:
    """Return one array, `variable` of the job or the largest, and `names` of all of them; `missing` without h5py.

    The array has `name`, `shape`, `code`, `texts`, `numbers`, `mapping`, and either `begin` or `chunks` and `filters`.
    `axes` are names, counts and texts; the bytes are the coordinates of all axes, as floats of 64 bits. Raises
    ValueError where there is no array that is a picture, or it is stored in a way that is not decoded.
    """
    h5py = sys.modules.get("h5py")
    if h5py is None:
        return {"missing": True}, b""
    with h5py.File(file, "r") as opened:
        found = _arrays(h5py, opened)
        names = [name for _, name in sorted(found, key=lambda one: (-one[0][0], -one[0][1]))]
        wanted = job.get("variable") or (names[0] if names else None)
        if wanted is None:
            raise ValueError(file.refused or "it has no array that is a picture")
        told = _described(h5py, opened, wanted)
        axes, values = _axes(h5py, opened, opened[wanted])
    told["axes"] = axes
    return {"names": names[:MOST_NAMES], "array": told}, values


def find_chunks(job: dict[str, Any], content: bytes, file: RangedFile) -> tuple[dict[str, Any], bytes]:
    """Return `places`, offset and size of the chunks of `variable` that begin at `corners`; 0 and 0 for none."""
    h5py = sys.modules["h5py"]
    places = []
    with h5py.File(file, "r") as opened:
        dataset = opened[job["variable"]].id
        creation = dataset.get_create_plist()
        kinds = [creation.get_filter(at)[0] for at in range(creation.get_nfilters())]
        used = sum(1 << at for at, kind in enumerate(kinds) if kind != LZF)
        for corner in job["corners"][:MOST_PLACES]:
            found = dataset.get_chunk_info_by_coord(tuple(corner))
            is_there = found.byte_offset is not None and found.size
            if is_there and found.filter_mask & used:
                raise ValueError("chunks that skip a filter are not decoded here")
            places.append([found.byte_offset, found.size] if is_there else [0, 0])
    return {"places": places}, b""


def prepare() -> None:
    """Import h5py where it is installed, and read an array once: a child cannot load what h5py loads late."""
    objects.prepare()
    h5py = sys.modules.get("h5py")
    if h5py is None:
        return
    numpy = sys.modules["numpy"]
    output = io.BytesIO()
    with h5py.File(output, "w") as file:
        axis = file.create_dataset("x", data=numpy.arange(8.0))
        axis.make_scale("x")
        axis.attrs["units"] = "m"
        array = file.create_dataset("a", data=numpy.zeros((8, 8)), chunks=(4, 8), compression="gzip", shuffle=True)
        array.dims[1].attach_scale(axis)
    content = output.getvalue()
    for read, job in ((read_array, {}), (find_chunks, {"variable": "a", "corners": [[0, 0]]})):
        read(job, b"", RangedFile(len(content), len(content), lambda start, stop, most: content[start:most]))


def _arrays(h5py: Any, opened: Any) -> list[tuple[tuple[int, int], str]]:
    """Return size and number of axes, and the name, of the arrays that are pictures."""
    found: list[tuple[tuple[int, int], str]] = []
    looked_at = 0

    def look(name: Any, thing: Any) -> bool | None:
        nonlocal looked_at
        looked_at += 1
        if looked_at > MOST_ARRAYS or time.process_time() > WORK_SECONDS:
            return True
        try:
            if isinstance(thing, h5py.Dataset) and isinstance(name, str) and _is_drawn(thing):
                shape = sorted(thing.shape)
                found.append(((shape[-1] * shape[-2], len(shape)), name))
        except UNREADABLE:
            pass
        return None

    try:
        opened.visititems(look)
    except UNREADABLE:
        if not found:
            raise
    return found


def _is_drawn(dataset: Any) -> bool:
    shape = dataset.shape
    if shape is None or not 2 <= len(shape) <= MOST_AXES or (dataset.dtype.kind, dataset.dtype.itemsize) not in CODES:
        return False
    return all(shape) and sorted(shape)[-2] >= LEAST_SIDE


def _described(h5py: Any, opened: Any, name: str) -> dict[str, Any]:
    """Return name, shape, type, layout and attributes of an array; raise ValueError for one that is not decoded."""
    dataset = opened[name]
    if not isinstance(dataset, h5py.Dataset) or not _is_drawn(dataset):
        raise ValueError("it is no array that is a picture")
    creation = dataset.id.get_create_plist()
    layout = creation.get_layout()
    told: dict[str, Any] = {
        "name": name, "shape": list(dataset.shape), "type": str(dataset.dtype), "code": _code(dataset.dtype),
        "texts": _texts(dataset), "numbers": _numbers(dataset), "fill": _number(dataset.fillvalue) or 0, "mapping": {},
    }  # fmt: skip
    if layout == h5py.h5d.CHUNKED:
        told["chunks"] = list(dataset.chunks)
        told["filters"] = filters = []
        for at in range(creation.get_nfilters()):
            number, _, values, label = creation.get_filter(at)
            if number not in FILTERS:
                raise ValueError(f"it is packed by {label.decode('ascii', 'replace')[:30]}, which is not decoded here")
            filters.append([FILTERS[number], dataset.dtype.itemsize if number == 2 else (list(values) or [0])[0]])
    elif layout == h5py.h5d.CONTIGUOUS and not creation.get_external_count():
        told["begin"] = dataset.id.get_offset()
        if told["begin"] is None:
            raise ValueError("none of its values was written")
    else:
        raise ValueError("its values lie in a header, or in other files, and are not drawn")
    mapping = told["texts"].get("grid_mapping")
    if mapping and opened.get(mapping, getclass=True, getlink=True) is h5py.HardLink:
        told["mapping"] = _texts(opened[mapping])
    return told


def _axes(h5py: Any, opened: Any, dataset: Any) -> tuple[list[dict[str, Any]], bytes]:
    """Return name, number of coordinates and texts of each axis, and the coordinates."""
    axes, pieces = [], []
    for at, count in enumerate(dataset.shape):
        axis: dict[str, Any] = {"name": f"axis {at}", "count": 0, "texts": {}}
        values = b""
        try:
            dimension = dataset.dims[at]
            axis["name"] = dimension.label or axis["name"]
            if len(dimension):
                scale = dimension[0]
                axis["name"] = str(scale.name).rpartition("/")[2][:80]
                kind = scale.dtype
                is_empty = str(scale.attrs.get("NAME", b"")).startswith(str(objects.DIMENSION)[:-1])
                if (
                    not is_empty
                    and scale.shape == (count,)
                    and count <= MOST_COORDINATES
                    and (kind.kind, kind.itemsize) in CODES
                ):
                    axis["texts"] = _texts(scale)
                    raw = scale[()].tolist()
                    values = struct.pack(f"<{count}d", *raw)
                    axis["count"] = count
        except UNREADABLE:
            pass
        axes.append(axis)
        pieces.append(values)
    return axes, b"".join(pieces)


def _code(kind: Any) -> str:
    return (">" if kind.byteorder == ">" else "<") + CODES[kind.kind, kind.itemsize]


def _texts(thing: Any) -> dict[str, str]:
    """Return the attributes in TEXTS."""
    found = {}
    for name in TEXTS:
        try:
            value = thing.attrs.get(name)
        except UNREADABLE:
            continue
        if value is not None:
            words = value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)
            found[name] = words[:TEXT_CHARS]
    return found


def _numbers(thing: Any) -> dict[str, float]:
    """Return the attributes in NUMBERS."""
    found = {}
    for name in NUMBERS:
        try:
            number = _number(thing.attrs.get(name))
        except UNREADABLE:
            continue
        if number is not None:
            found[name] = number
    return found


def _number(value: Any) -> float | None:
    """Return a number of numpy, or the first of an array, as a number of Python; None for anything else."""
    if value is None or not hasattr(value, "reshape") or getattr(value, "size", 0) < 1:
        return None
    plain = value.reshape(-1)[0].item()
    return plain if isinstance(plain, int | float) else None
