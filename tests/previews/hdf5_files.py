"""HDF5 files of all types, layouts, filters, links and versions by h5py, each with the rows that are right."""

import io
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import h5py
import numpy

Row = tuple[str, str, str, str]
VERSIONS = ("earliest", "v108", "v110", "latest")
USER_BLOCKS = (0, 512, 1024, 32768, 65536)


@dataclass(frozen=True)
class Made:
    """A file, and the rows, counts and facts that a preview must have."""

    name: str
    content: bytes
    rows: tuple[Row, ...]


def low_level(kind: Any) -> Callable[[Any, str], None]:
    """A dataset of three values with a type of HDF5 that numpy has not."""

    def make(group: Any, name: str) -> None:
        h5py.h5d.create(group.id, name.encode(), kind, h5py.h5s.create_simple((3,)))

    return make


def integer(bits: int) -> Any:
    kind = h5py.h5t.STD_I16LE.copy()
    kind.set_precision(bits)
    return kind


def bfloat16() -> Any:
    kind = h5py.h5t.IEEE_F32LE.copy()
    kind.set_fields(15, 7, 8, 0, 7)
    kind.set_precision(16)
    kind.set_size(2)
    return kind


TYPES: dict[str, Any] = {  # by the words of a preview: a dtype, or a function that makes the dataset
    **{f"{sign}int{8 * size}": f"<{sign[:1] or 'i'}{size}" for sign in ("", "u") for size in (1, 2, 4, 8)},
    **{f"{sign}int{8 * size}, big-endian": f">{sign[:1] or 'i'}{size}" for sign in ("", "u") for size in (2, 4, 8)},
    **{f"float{8 * size}": f"<f{size}" for size in (2, 4, 8)},
    **{f"float{8 * size}, big-endian": f">f{size}" for size in (2, 4, 8)},
    "complex64": "<c8", "complex128": "<c16", "complex128, big-endian": ">c16",
    "bool": "?", "text of 1": "S1", "text of 7": "S7", "text": h5py.string_dtype(), "text ": h5py.string_dtype("ascii"),
    "text of 9": h5py.string_dtype("utf-8", 9), "opaque of 8": "V8",
    "opaque of 8, NUMPY:<M8[ns]": h5py.opaque_dtype(numpy.dtype("M8[ns]")),
    "enumeration of uint8: RED, GREEN, BLUE": h5py.enum_dtype({"RED": 0, "GREEN": 1, "BLUE": 42}, basetype="u1"),
    "enumeration of int32, big-endian: A": h5py.enum_dtype({"A": 7}, basetype=">i4"),
    "enumeration of int16: A0, A1, A2, A3, A4, A5…": h5py.enum_dtype({f"A{at}": at for at in range(40)}, basetype="i2"),
    "record of x, y": [("x", "f4"), ("y", "<i2")],
    "record of x, inner": [("x", "f4"), ("inner", [("a", "u1"), ("b", "S3")])],
    "record of r, i": [("r", "f4"), ("i", "f8")],
    "record of c0, c1, c2, c3, c4, c5…": [(f"c{at}", "f8") for at in range(50)],
    "record of \\x1b[31m": [("\x1b[31m", "f8")],
    "float32 [2 × 3]": ("f4", (2, 3)),
    "lists of int32": h5py.vlen_dtype("i4"), "lists of float64, big-endian": h5py.vlen_dtype(">f8"),
    "lists of record of a": h5py.vlen_dtype(numpy.dtype([("a", "i4")])),
    "reference to an object": h5py.ref_dtype, "reference to a region": h5py.regionref_dtype,
    "bits8": low_level(h5py.h5t.STD_B8LE), "bits32": low_level(h5py.h5t.STD_B32BE),
    "int12 in 2 bytes": low_level(integer(12)), "float16 with 8 bits of exponent": low_level(bfloat16()),
    "time of 4": low_level(h5py.h5t.UNIX_D32LE),
    f"float{numpy.finfo('g').bits if numpy.finfo('g').nmant == 112 else 80} in 16 bytes": "g",
}  # fmt: skip


def option(text: str, shape: Any = (10, 12), sides: str = "10 × 12", **options: Any) -> tuple[Any, str, str]:
    """A dataset by options of h5py."""
    return lambda group, name: group.create_dataset(name, shape=shape, dtype="<f4", **options), sides, text


def compact(group: Any, name: str) -> None:
    creation = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
    creation.set_layout(h5py.h5d.COMPACT)
    h5py.h5d.create(group.id, name.encode(), h5py.h5t.IEEE_F32LE, h5py.h5s.create_simple((4,)), creation)


def virtual(group: Any, name: str) -> None:
    layout = h5py.VirtualLayout(shape=(4, 100), dtype="<f4")
    for at in range(4):
        layout[at] = h5py.VirtualSource(f"part{at}.h5", "data", shape=(100,))
    group.create_virtual_dataset(name, layout, fillvalue=-5)


CHUNKS: dict[str, Any] = {"chunks": (5, 6)}
LAYOUTS: list[tuple[Any, str, str]] = [  # what makes the dataset, its shape, how it is stored
    option(""),
    option("", (), "scalar"),
    option("", (0,), "0"),
    option("", (3, 0), "3 × 0"),
    option("", (1_000_000,), "1,000,000"),
    option("", (1,) * 32, " × ".join("1" * 32)),
    option("chunks 5 × 6", **CHUNKS),
    option("chunks 5 × 6", (0, 12), "0 × 12, grows", maxshape=(None, 12), **CHUNKS),
    option("chunks 5 × 6", (10, 12), "10 × 12, grows", maxshape=(None, None), **CHUNKS),
    option("chunks 5 × 6", (10, 12), "10 × 12, grows", maxshape=(20, 12), **CHUNKS),
    option("chunks 5 × 6", (10, 12), "10 × 12", maxshape=(10, 12), **CHUNKS),
    *(option(f"chunks 5 × 6, gzip {level}", compression=level, **CHUNKS) for level in (0, 4, 9)),
    option("chunks 5 × 6, lzf", compression="lzf", **CHUNKS),
    option("chunks 5 × 6, shuffle", shuffle=True, **CHUNKS),
    option("chunks 5 × 6, fletcher32", fletcher32=True, **CHUNKS),
    option("chunks 5 × 6, shuffle, gzip 6, fletcher32", shuffle=True, fletcher32=True, compression=6, **CHUNKS),
    option("chunks 5 × 6, scaleoffset", scaleoffset=2, **CHUNKS),
    (lambda group, name: group.create_dataset(name, data=h5py.Empty("<f4")), "empty", ""),
    (compact, "4", "compact"),
    (virtual, "4 × 100", "virtual, 4 sources, not opened"),
    option("values in 1 other file, not opened", external=[("values.raw", 0, 480)]),
    option("values in 2 other files, not opened", external=[("a.raw", 0, 240), ("b.raw", 7, 240)]),
]
MEMBERS = (0, 1, 4, 7, 8, 9, 10, 14, 15, 16, 17, 64, 199, 200, 201, 250, 999)


def written(name: str, version: str, user_block: int, fill: Callable[[Any], list[Row]], **options: Any) -> Made:
    """A file of a version with a user block."""
    output = io.BytesIO()
    with h5py.File(output, "w", libver=version, userblock_size=user_block, **options) as file:
        rows = fill(file)
    content = bytearray(output.getvalue())
    content[:user_block] = b"#!/bin/sh user block"[:user_block].ljust(user_block, b"\n")
    return Made(f"{name}, {version}, {user_block}", bytes(content), tuple(rows))


def typed(words: str, make: Any) -> Callable[[Any], list[Row]]:
    def fill(file: Any) -> list[Row]:
        group = file.create_group("of type")
        if callable(make) and not isinstance(make, type):
            make(group, "values")
        else:
            group.create_dataset("values", shape=(3,), dtype=make)
        return [("/of type", "group", "", ""), ("/of type/values", words.strip(), "3", "")]

    return fill


def laid_out(make: Any, sides: str, text: str) -> Callable[[Any], list[Row]]:
    def fill(file: Any) -> list[Row]:
        make(file, "values")
        return [("/values", "float32", sides, text)]

    return fill


def crowded(count: int) -> Callable[[Any], list[Row]]:
    def fill(file: Any) -> list[Row]:
        group = file.create_group("crowd")
        for at in range(count):
            group[f"member {at:04d}"] = numpy.zeros(at % 5, "<i2")
        rows = [(f"/crowd/member {at:04d}", "int16", f"{at % 5}", "") for at in range(count)]
        return [("/crowd", "group", "", ""), *rows]

    return fill


def linked(file: Any) -> list[Row]:
    """Links of all sorts, a circle, names that hurt, a named type."""
    file["a"] = numpy.zeros((), "<f8")
    file["hard"] = file["a"]
    file["soft"] = h5py.SoftLink("/a")
    file["dangling"] = h5py.SoftLink("/nowhere")
    file["outside"] = h5py.ExternalLink("other.h5", "/there")
    group = file.create_group("group")
    group["up"] = file["/"]
    group["self"] = group
    group["deep/deeper/x"] = numpy.zeros(2, "<u2")
    group["\x1b]0;title\x07"] = 1
    group["ünïcode…"] = numpy.zeros((1, 2), "<u2")
    file["a type"] = numpy.dtype("<f4")
    return [
        ("/a", "float64", "scalar", ""), ("/a type", "type: float32", "", ""),
        ("/dangling", "soft link", "", "to /nowhere"), ("/group", "group", "", ""),
        ("/group/\\x1b]0;title\\x07", "int64", "scalar", ""), ("/group/deep", "group", "", ""),
        ("/group/deep/deeper", "group", "", ""), ("/group/deep/deeper/x", "uint16", "2", ""),
        ("/group/self", "link", "", "the same object as /group"), ("/group/up", "link", "", "the same object as /"),
        ("/group/ünïcode…", "uint16", "1 × 2", ""), ("/hard", "link", "", "the same object as /a"),
        ("/outside", "external link", "", "to other.h5, /there"), ("/soft", "soft link", "", "to /a"),
    ]  # fmt: skip


def files() -> Iterator[Callable[[], Made]]:
    """All files, each made when it is called for."""
    for at, (words, make) in enumerate(TYPES.items()):
        for version in VERSIONS[at % 2 :: 2]:
            block = USER_BLOCKS[at % len(USER_BLOCKS)]
            yield lambda words=words, make=make, version=version, block=block: written(
                words, version, block, typed(words, make)
            )
    for at, (make, sides, text) in enumerate(LAYOUTS):
        for version in VERSIONS:
            block = USER_BLOCKS[(at + 1) % len(USER_BLOCKS)]
            yield lambda make=make, sides=sides, text=text, version=version, block=block: written(
                f"{sides} {text}", version, block, laid_out(make, sides, text)
            )
    for count in MEMBERS:
        for version in ("earliest", "latest"):
            for is_ordered in (False, True):
                yield lambda count=count, version=version, is_ordered=is_ordered: written(
                    f"{count} members, ordered {is_ordered}", version, 0, crowded(count), track_order=is_ordered
                )
    for version in VERSIONS:
        for block in USER_BLOCKS:
            yield lambda version=version, block=block: written("links", version, block, linked)
