"""The objects of an HDF5 file by h5py, which the extra `preview` installs: links, types, shapes, ways of storing.

A soft link and an external link are named and never followed. Of the values of datasets only the ends of coordinates
are read, and after all objects are listed. The child can open no file, so an external file, or a file that a virtual
dataset is put together from, stays closed.
"""

import contextlib
import importlib
import io
import os
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from storage_tui.previews.decoding import frames
from storage_tui.previews.decoding.hdf5.sides import Growing, Sides, dimensions_of
from storage_tui.previews.decoding.hdf5.types import shape_text, sides_of, storage_text, type_text
from storage_tui.previews.decoding.ranged_file import RangedFile

MOST_OBJECTS = 5_000  # opened; half a second of work
WORK_SECONDS = 1.5  # of the CPU, after which objects are only named: a third of what a child has
MOST_LINKS = 50_000  # named, in all groups together
MOST_ATTRIBUTES = 24  # of the root
ATTRIBUTE_BYTES = 64 * 1024  # of one that is read; a larger one lies in a place of its own
MOST_COORDINATES = 6
CHUNK_BYTES = 8 * 1024 * 1024  # of a coordinate, unpacked; a larger one is left out
MOST_VALUES = 6  # of one attribute
VALUE_CHARS = 120
CELL_CHARS = 400  # of a path; more of a path is not shown
UNREADABLE = (OSError, RuntimeError, ValueError, LookupError, TypeError, AttributeError, ArithmeticError, MemoryError)
DIMENSION = b"This is a netCDF dimension but not a netCDF variable"  # how netCDF-4 marks a dimension without values


def prepare() -> None:
    """Import h5py where it is installed, and use it once: a child cannot open the files of a library."""
    os.environ["OPENBLAS_NUM_THREADS"] = "1"  # a child starts no thread
    os.environ["HDF5_PLUGIN_PRELOAD"] = "::"  # no filter is loaded from a folder of this machine
    os.environ["HDF5_USE_FILE_LOCKING"] = "FALSE"
    try:
        h5py = importlib.import_module("h5py")
    except ImportError:
        return
    output = io.BytesIO()
    with h5py.File(output, "w") as file:
        file.attrs["title"] = "rehearsal"
        file["group/data"] = [1.5]
        axis = file.create_dataset("axis", data=[1.5, 2.5, 3.5], chunks=(2,), compression="gzip")
        axis.make_scale("axis")
        axis.attrs["units"] = "m"
    content = output.getvalue()
    decode({}, b"", RangedFile(len(content), len(content), lambda start, stop, most: content[start:most]))


def decode(job: dict[str, Any], content: bytes, file: RangedFile) -> tuple[dict[str, Any], bytes]:
    """Return the rows and counts of the objects, or `missing` without h5py.

    A row is path, type, shape and storage. A row of `coordinates` is path, number of values, the first, second and last
    of them, and the attributes `units` and `calendar`. `unread` counts the objects that are only named; `is_cut` says
    that there are more than were counted.
    """
    h5py = sys.modules.get("h5py")
    if h5py is None:
        return {"missing": True}, b""
    try:
        opened = h5py.File(file, "r")
    except OSError as exc:
        raise ValueError(_reason(exc)) from exc
    with opened:
        walk = _Walk(h5py, file)
        try:
            walk.begin(opened.id)
        except UNREADABLE as exc:
            raise ValueError(_reason(exc)) from exc
        rows = frames.fitting_rows(walk.rows, CELL_CHARS)
        told = {
            "rows": rows, "datasets": walk.datasets, "groups": walk.groups, "links": walk.links, "types": walk.types,
            "unread": walk.unread, "is_cut": walk.is_cut, "is_netcdf": walk.is_netcdf, "refused": file.refused,
            "named": len(walk.rows), "attributes": walk.attributes, "coordinates": walk.coordinates(),
        }  # fmt: skip
    return told, b""


@dataclass
class _Walk:
    """A walk over the groups from the root, breadth first."""

    h5py: Any
    file: RangedFile
    rows: list[list[str]] = field(default_factory=list)
    attributes: list[list[str]] = field(default_factory=list)
    datasets: int = 0
    groups: int = 0
    links: int = 0
    types: int = 0
    unread: int = 0
    is_cut: bool = False
    is_netcdf: bool = False
    _opened: int = 0
    _axes: list[tuple[str, Any]] = field(default_factory=list)  # the paths and datasets of coordinates
    _sides: Sides = field(default_factory=Sides)
    _seen: dict[int, str] = field(default_factory=dict)  # the first path of each object that has several

    def begin(self, root: Any) -> None:
        """Walk from the root group."""
        group = self.h5py.h5g.open(root, b"/")
        with _skipping():
            self._seen[self.h5py.h5o.get_info(group).addr] = "/"
        self._describe(group)
        level = [("", group)]
        while level:
            members = [
                (group, name, link, address, f"{path}/{name.decode('utf-8', 'surrogateescape')}")
                for path, group in level
                for name, link, address in self._members(path, group)
            ]
            members.sort(key=lambda member: member[2:4])  # in the order of the file, which needs fewer reads
            found = [(member[-1], self._member(*member)) for member in members]
            level = [(path, member) for path, member in found if member is not None]
        self._sides.settle()

    def coordinates(self) -> list[list[Any]]:
        """Return the ends of the coordinates, as far as the budget reaches and their chunks are not too large."""
        found = []
        for path, axis in sorted(self._axes)[:MOST_COORDINATES]:
            with _skipping():
                dataset = self.h5py.Dataset(axis)
                count = dataset.shape[0]
                chunk = dataset.chunks[0] if dataset.chunks else 1
                if chunk * dataset.dtype.itemsize > CHUNK_BYTES or dataset.external or dataset.is_virtual:
                    continue
                ends = [dataset[at].item() for at in sorted({0, min(1, count - 1), count - 1})]
                found.append([path, count, ends, *(self._words(axis, name) for name in (b"units", b"calendar"))])
        return found

    def _words(self, dataset: Any, name: bytes) -> str:
        with _skipping():
            if self.h5py.h5a.exists(dataset, name):
                return _bytes_of(self.h5py.h5a, dataset, name).decode("utf-8", "replace")[:VALUE_CHARS]
        return ""

    def _members(self, path: str, group: Any) -> list[tuple[bytes, int, int]]:
        """Return name, sort of link and address of the members of a group, as far as they can be read."""
        found: list[tuple[bytes, int, int]] = []
        left = MOST_LINKS - len(self.rows)

        def note(name: bytes, info: Any) -> bool | None:
            found.append((name, info.type, info.u))
            return True if len(found) >= left else None

        is_whole = False
        with _skipping():
            if left > 0:
                group.links.iterate(note, info=True)
                is_whole = len(found) < left
        if not is_whole:
            self.is_cut = True
            words = "members not read"
            with _skipping():
                words = f"{group.get_num_objs():,} members, {len(found):,} of them read"
            self.rows.append([path or "/", "group", "", words])
        return found

    def _member(self, group: Any, name: bytes, link: int, address: int, path: str) -> Any:
        """Note one member; return it when it is a group to walk."""
        kinds = self.h5py.h5l
        if link != kinds.TYPE_HARD:
            self.links += 1
            self._link(group, name, link, path)
            return None
        if address in self._seen:
            self.links += 1
            self.rows.append([path, "link", "", f"the same object as {self._seen[address]}"])
            return None
        self._seen[address] = path
        if self._opened >= MOST_OBJECTS or time.process_time() > WORK_SECONDS:
            self.unread += 1
            self.rows.append([path, "not read", "", ""])
            return None
        self._opened += 1
        try:
            member = self.h5py.h5o.open(group, name)
        except UNREADABLE as exc:
            self.unread += 1
            self.rows.append([path, "not read", "", "" if self.file.refused else _reason(exc)])
            return None
        if isinstance(member, self.h5py.h5g.GroupID):
            self.groups += 1
            self.rows.append([path, "group", "", ""])
            return member
        if isinstance(member, self.h5py.h5d.DatasetID):
            self.datasets += 1
            self._dataset(member, path, address)
        else:
            self.types += 1
            self.rows.append([path, f"type: {type_text(self.h5py.h5t, member)}", "", ""])
        return None

    def _link(self, group: Any, name: bytes, kind: int, path: str) -> None:
        kinds = self.h5py.h5l
        if kind not in (kinds.TYPE_SOFT, kinds.TYPE_EXTERNAL):
            self.rows.append([path, "user-defined link", "", ""])
            return
        words = "soft link" if kind == kinds.TYPE_SOFT else "external link"
        target = "not read"
        with _skipping():
            value = group.links.get_val(name)
            parts = value if isinstance(value, tuple) else (value,)
            target = "to " + ", ".join(part.decode("utf-8", "surrogateescape") for part in parts)
        self.rows.append([path, words, "", target])

    def _dataset(self, dataset: Any, path: str, address: int) -> None:
        kind = shape = storage = "not read"
        sides: tuple[int, ...] = ()
        grows: tuple[bool, ...] = ()
        is_virtual = False
        with _skipping():
            kind = type_text(self.h5py.h5t, dataset.get_type())
            creation = dataset.get_create_plist()
            storage = storage_text(self.h5py, creation)
            is_virtual = creation.get_layout() == self.h5py.h5d.VIRTUAL
            space = dataset.get_space()
            shape = shape_text(self.h5py, space, is_virtual=is_virtual)
            sides, grows = sides_of(self.h5py, space)
        if self.is_netcdf or path.count("/") == 1:
            kind = self._role(dataset, kind)
        if len(sides) == 1 and sides[0] and len(self._axes) < MOST_COORDINATES and self._is_axis(dataset, kind):
            self._axes.append((path, dataset))
        row = [path, kind, shape, storage]
        self.rows.append(row)
        if self.is_netcdf and any(grows) and not is_virtual:
            dimensions = None
            with _skipping():
                dimensions = dimensions_of(self.h5py, importlib.import_module("numpy"), dataset, address)
            self._sides.found.append(Growing(row, sides, grows, dimensions))

    def _is_axis(self, dataset: Any, kind: str) -> bool:
        """Return whether a dataset of one side holds the numbers along a dimension (HDF5 Dimension Scales, 3.1)."""
        if kind == "dimension" or dataset.get_type().get_class() not in (self.h5py.h5t.INTEGER, self.h5py.h5t.FLOAT):
            return False
        with _skipping():
            h5a = self.h5py.h5a
            return h5a.exists(dataset, b"CLASS") and _bytes_of(h5a, dataset, b"CLASS") == b"DIMENSION_SCALE"
        return False

    def _role(self, dataset: Any, kind: str) -> str:
        """Return the type with what NetCDF-4 or MATLAB say about a dataset."""
        h5a = self.h5py.h5a
        with _skipping():
            if h5a.exists(dataset, b"_Netcdf4Dimid"):
                self.is_netcdf = True
            if self.is_netcdf and h5a.exists(dataset, b"NAME") and DIMENSION in _bytes_of(h5a, dataset, b"NAME"):
                return "dimension"
            if h5a.exists(dataset, b"MATLAB_class"):
                return f"{kind}, MATLAB {_bytes_of(h5a, dataset, b'MATLAB_class').decode('ascii', 'replace')}"
        return kind

    def _describe(self, root: Any) -> None:
        """Note the attributes of the root group."""
        h5a = self.h5py.h5a
        with _skipping():
            for at in range(min(h5a.get_num_attrs(root), MOST_ATTRIBUTES)):
                attribute = h5a.open(root, index=at)
                name = attribute.name
                if name in (b"_NCProperties", b"_nc3_strict"):
                    self.is_netcdf = True
                text = "not read"
                with _skipping():
                    text = self._value(attribute)
                self.attributes.append([name.decode("utf-8", "surrogateescape"), text])

    def _value(self, attribute: Any) -> str:
        """Return the first values of an attribute in words; type and shape of what is no text and no number."""
        h5t = self.h5py.h5t
        kind, space = attribute.get_type(), attribute.get_space()
        words = type_text(h5t, kind)
        sides = shape_text(self.h5py, space)
        count = space.get_simple_extent_npoints()
        is_plain = kind.get_class() in (h5t.INTEGER, h5t.FLOAT, h5t.STRING, h5t.ENUM)
        if not is_plain or not 0 < count * kind.get_size() <= ATTRIBUTE_BYTES:
            return words if sides == "scalar" else f"{words}, {sides}"
        numpy = importlib.import_module("numpy")
        values = numpy.empty(attribute.shape, dtype=attribute.dtype)
        attribute.read(values)
        found = [_text(value) for value in values.reshape(-1)[:MOST_VALUES].tolist()]
        return ", ".join(found)[:VALUE_CHARS] + (f", … {count:,} in all" if count > MOST_VALUES else "")


def _bytes_of(h5a: Any, dataset: Any, name: bytes) -> bytes:
    """Return an attribute that is a text of a fixed length."""
    attribute = h5a.open(dataset, name)
    if attribute.get_storage_size() > ATTRIBUTE_BYTES:
        raise ValueError("no short text")
    numpy = importlib.import_module("numpy")
    values = numpy.empty(attribute.shape, dtype=attribute.dtype)
    attribute.read(values)
    value = values.reshape(-1)[0]
    return bytes(value) if isinstance(value, bytes) else str(value).encode()


def _text(value: Any) -> str:
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    return f"{value:.6g}" if isinstance(value, float) else str(value)


def _reason(exc: Exception) -> str:
    """Return the part of a message of HDF5 that names the cause."""
    text = str(exc)
    cause = text[text.find("(") + 1 : text.rfind(")")] if "(" in text else text
    return f"HDF5 does not read it: {cause}"[:120]


@contextlib.contextmanager
def _skipping() -> Iterator[None]:
    """Go on after an object, or a part of an object, that h5py cannot read or that the budget does not reach."""
    with contextlib.suppress(*UNREADABLE):
        yield
