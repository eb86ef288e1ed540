"""Types, shapes and storage of HDF5 in words (HDF5 File Format 3.0, IV.A.2)."""

from typing import Any

MOST_NAMES = 6  # of a record or an enumeration
MOST_SORTED = 1000  # names of an enumeration
MOST_DEPTH = 4  # of types in types
NAME_CHARS = 24
FILTERS = {1: "gzip", 2: "shuffle", 3: "fletcher32", 4: "szip", 5: "nbit", 6: "scaleoffset", 305: "lzo", 307: "bzip2",
           32000: "lzf", 32001: "blosc", 32004: "lz4", 32008: "bitshuffle", 32013: "zfp", 32015: "zstd",
           32017: "sz", 32024: "sz3", 32026: "blosc2", 32028: "ffmpeg"}  # fmt: skip
FIELDS = {16: (15, 10, 5, 0, 10), 32: (31, 23, 8, 0, 23), 64: (63, 52, 11, 0, 52)}  # sign, exponent, mantissa of IEEE


def type_text(h5t: Any, kind: Any, depth: int = 0) -> str:
    """Return a type in words: `int16, big-endian`, `record of x, y`, `text of 8`, `lists of float32`."""
    sort, size = kind.get_class(), kind.get_size()
    if depth > MOST_DEPTH:
        return "…"
    if sort == h5t.INTEGER:
        sign = "int" if kind.get_sign() == h5t.SGN_2 else "uint"
        return _number(h5t, kind, f"{sign}{kind.get_precision()}")
    if sort == h5t.FLOAT:
        bits = kind.get_precision()
        fields = tuple(kind.get_fields())
        odd = f" with {fields[2]} bits of exponent" if bits in FIELDS and fields != FIELDS[bits] else ""
        return _number(h5t, kind, f"float{bits}{odd}")
    if sort == h5t.STRING:
        return "text" if kind.is_variable_str() else f"text of {size}"
    if sort == h5t.BITFIELD:
        return f"bits{size * 8}"
    if sort == h5t.OPAQUE:
        tag = kind.get_tag().decode("ascii", "replace")
        return f"opaque of {size}" + (f", {tag[:NAME_CHARS]}" if tag else "")
    if sort == h5t.REFERENCE:
        if kind.equal(h5t.STD_REF_OBJ):
            return "reference to an object"
        return "reference to a region" if kind.equal(h5t.STD_REF_DSETREG) else "reference"
    if sort == h5t.VLEN:
        return f"lists of {type_text(h5t, kind.get_super(), depth + 1)}"
    if sort == h5t.ARRAY:
        sides = " × ".join(f"{side:,}" for side in kind.get_array_dims())
        return f"{type_text(h5t, kind.get_super(), depth + 1)} [{sides}]"
    if sort == h5t.ENUM:
        return _enumeration(h5t, kind, depth)
    if sort == h5t.COMPOUND:
        return _record(h5t, kind)
    if sort == h5t.TIME:
        return f"time of {size}"
    if sort == getattr(h5t, "COMPLEX", None):
        return _number(h5t, kind.get_super(), f"complex{size * 8}")
    return f"type of class {sort}"


def shape_text(h5py: Any, space: Any, *, is_virtual: bool = False) -> str:
    """Return a shape in words: `24 × 10`, `0 × 3, grows`, `scalar`, `empty`.

    A side without an end of a virtual dataset depends on other files, which are not opened: it is `?`.
    """
    sort = space.get_simple_extent_type()
    if sort != h5py.h5s.SIMPLE:
        return "scalar" if sort == h5py.h5s.SCALAR else "empty"
    sides, grows = sides_of(h5py, space)
    if is_virtual and any(grows):
        return " × ".join("?" if can_grow else f"{side:,}" for side, can_grow in zip(sides, grows, strict=True))
    return " × ".join(f"{side:,}" for side in sides) + (", grows" if any(grows) else "")


def sides_of(h5py: Any, space: Any) -> tuple[tuple[int, ...], tuple[bool, ...]]:
    """Return the sides of a shape, and which of them can grow."""
    if space.get_simple_extent_type() != h5py.h5s.SIMPLE:
        return (), ()
    sides, ends = space.get_simple_extent_dims(), space.get_simple_extent_dims(True)
    return sides, tuple(end == h5py.h5s.UNLIMITED or end > side for side, end in zip(sides, ends, strict=True))


def storage_text(h5py: Any, creation: Any) -> str:
    """Return how the values are stored: `chunks 64 × 64, shuffle, gzip 4`; empty for one piece in the file."""
    layout = creation.get_layout()
    parts: list[str] = []
    if layout == h5py.h5d.VIRTUAL:
        count = creation.get_virtual_count()
        parts.append(f"virtual, {count:,} source{'' if count == 1 else 's'}, not opened")
    if layout == h5py.h5d.COMPACT:
        parts.append("compact")
    if layout == h5py.h5d.CHUNKED:
        parts.append("chunks " + " × ".join(f"{side:,}" for side in creation.get_chunk()))
        for at in range(creation.get_nfilters()):
            number, _, values, name = creation.get_filter(at)
            known = FILTERS.get(number) or name.decode("ascii", "replace")[:NAME_CHARS] or f"filter {number}"
            parts.append(f"gzip {values[0]}" if number == 1 and values else known)
    if count := creation.get_external_count():
        parts.append(f"values in {count:,} other file{'' if count == 1 else 's'}, not opened")
    return ", ".join(parts)


def _number(h5t: Any, kind: Any, name: str) -> str:
    """Return a number's name, its size where that is larger than its bits, and its order where that is not usual."""
    size = kind.get_size()
    wide = f" in {size} bytes" if kind.get_precision() != size * 8 else ""
    orders = {h5t.ORDER_BE: ", big-endian", h5t.ORDER_VAX: ", VAX order"}
    return name + wide + (orders.get(kind.get_order(), "") if size > 1 else "")


def _enumeration(h5t: Any, kind: Any, depth: int) -> str:
    count = kind.get_nmembers()
    places = sorted(range(min(count, MOST_SORTED)), key=kind.get_member_value)[:MOST_NAMES]  # writers sort by name
    names = [kind.get_member_name(at) for at in places]
    if names == [b"FALSE", b"TRUE"] and count == 2 and kind.get_size() == 1:
        return "bool"
    return f"enumeration of {type_text(h5t, kind.get_super(), depth + 1)}: {_names(names, count)}"


def _record(h5t: Any, kind: Any) -> str:
    count = kind.get_nmembers()
    names = [kind.get_member_name(at) for at in range(min(count, MOST_NAMES))]
    if names == [b"r", b"i"] and count == 2:
        real, imaginary = kind.get_member_type(0), kind.get_member_type(1)
        if real.get_class() == h5t.FLOAT and real.equal(imaginary):
            return _number(h5t, real, f"complex{2 * real.get_precision()}")
    return f"record of {_names(names, count)}"


def _names(names: list[bytes], count: int) -> str:
    shown = ", ".join(name.decode("utf-8", "replace")[:NAME_CHARS] for name in names)
    return shown + ("…" if count > len(names) else "")
