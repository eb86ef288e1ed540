"""The values of Arrow arrays as text, through the C data interface (Apache Arrow, The Arrow C data interface).

Python's own dates end in the year 9999 and count microseconds: the library's conversion to them fails or rounds, and it
has none for views, runs and intervals. So the numbers are read as they are, and written out here.
"""

import ctypes
import struct
import uuid
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from storage_tui.previews.decoding.tables.moments import (
    DAY_S,
    INT96_BYTES,
    clock_text,
    date_text,
    duration_text,
    find_zone,
    int96_text,
    interval_text,
    timestamp_text,
)

CELL_CHARS = 64  # of a value; the table cuts values at half of this
HEX_BYTES = 16  # of binary, shown as they are; of more the number is shown

INTEGERS = {"c": "b", "C": "B", "s": "h", "S": "H", "i": "i", "I": "I", "l": "q", "L": "Q"}
FLOATS = {"e": "e", "f": "f", "g": "d"}
PER_SECOND = {"s": 1, "m": 1000, "u": 1_000_000, "n": 1_000_000_000}
INT96 = "int96"  # of Parquet, which Arrow does not have
INTERVAL12 = "interval"  # of Parquet: months, days and milliseconds
UUID_HINT = "uuid"  # of Parquet, whose type it is; Arrow has an extension type for it
UUID, BOOL8 = "arrow.uuid", "arrow.bool8"

Read = Callable[[int], str | None]
"""Return the text of the value at an index; None for a missing one."""


class _Schema(ctypes.Structure):
    pass


class _Array(ctypes.Structure):
    pass


_Schema._fields_ = [
    ("format", ctypes.c_char_p), ("name", ctypes.c_char_p), ("metadata", ctypes.c_void_p), ("flags", ctypes.c_int64),
    ("n_children", ctypes.c_int64), ("children", ctypes.POINTER(ctypes.POINTER(_Schema))),
    ("dictionary", ctypes.POINTER(_Schema)), ("release", ctypes.c_void_p), ("private", ctypes.c_void_p),
]  # fmt: skip
_Array._fields_ = [
    ("length", ctypes.c_int64), ("null_count", ctypes.c_int64), ("offset", ctypes.c_int64),
    ("n_buffers", ctypes.c_int64), ("n_children", ctypes.c_int64), ("buffers", ctypes.POINTER(ctypes.c_void_p)),
    ("children", ctypes.POINTER(ctypes.POINTER(_Array))), ("dictionary", ctypes.POINTER(_Array)),
    ("release", ctypes.c_void_p), ("private", ctypes.c_void_p),
]  # fmt: skip


def column_texts(batch: Any, count: int, columns: int, hints: Mapping[str, str]) -> list[list[str] | str]:
    """Return the first `count` values of the first columns as text, or the reason why a column is not read.

    `batch` exports itself by the Arrow PyCapsule interface. `hints` are formats by the name of a column, with `inside`
    for what is in it, or by `*` and
    the format in the data, for what a file says of its columns and the data does not.
    """
    schema_capsule, array_capsule = batch.__arrow_c_array__()
    schema, array = _pointer(schema_capsule, b"arrow_schema", _Schema), _pointer(array_capsule, b"arrow_array", _Array)
    found: list[list[str] | str] = []
    for at in range(min(columns, schema.n_children)):
        child, values = schema.children[at].contents, array.children[at].contents
        name = (child.name or b"").decode("utf-8", "replace")
        try:
            read = _reader(child, values, hints, name)
            found.append([read(row + array.offset) or "" for row in range(count)])
        except (ValueError, LookupError, OverflowError) as exc:
            found.append(str(exc) or type(exc).__name__)
    return found


def binary_values(batch: Any, count: int, name: str) -> list[bytes]:
    """Return the first `count` values of a column of bytes, without the missing ones; none where it is no such."""
    schema_capsule, array_capsule = batch.__arrow_c_array__()
    schema, array = _pointer(schema_capsule, b"arrow_schema", _Schema), _pointer(array_capsule, b"arrow_array", _Array)
    for at in range(schema.n_children):
        child, values = schema.children[at].contents, array.children[at].contents
        if (child.name or b"").decode("utf-8", "replace") == name and child.format in (b"z", b"Z", b"vz"):
            return _binaries(child.format.decode(), values, count, array.offset)
    return []


def _binaries(form: str, values: Any, count: int, offset: int) -> list[bytes]:
    buffers = [values.buffers[number] for number in range(values.n_buffers)]
    cut = _pieces(form, buffers)
    read = _with_nulls(buffers[0], values.offset, lambda at: cut(at).hex())
    return [bytes.fromhex(value) for at in range(count) if (value := read(at + offset))]


def inside(place: str, *children: int) -> str:
    """Return the key of the hint for a child of what this is the key for."""
    return "\0".join((place, *map(str, children)))


def _pointer(capsule: object, name: bytes, kind: Any) -> Any:
    get = ctypes.pythonapi.PyCapsule_GetPointer
    get.restype, get.argtypes = ctypes.c_void_p, [ctypes.py_object, ctypes.c_char_p]
    return kind.from_address(get(capsule, name))


def _reader(schema: Any, array: Any, hints: Mapping[str, str], place: str, *, is_inner: bool = False) -> Read:
    """Return the function that reads an array; `is_inner` for values in others, whose text has quotes."""
    form = _told_format(schema.format.decode(), hints.get(place, ""), hints)
    buffers = [array.buffers[at] for at in range(array.n_buffers)]
    offset = array.offset
    if form == "n":
        return lambda at: None
    if schema.dictionary:
        index = _integers(form, buffers[1])
        among = _reader(schema.dictionary.contents, array.dictionary.contents, hints, place, is_inner=is_inner)
        return _with_nulls(buffers[0], offset, lambda at: among(index(at)))
    if form.startswith("+"):
        return _nested(form, schema, array, buffers, hints, place, is_inner=is_inner)
    read = _leaf(form, _extension(schema.metadata), buffers, is_inner=is_inner)
    return _with_nulls(buffers[0], offset, read)


def _told_format(form: str, hint: str, hints: Mapping[str, str]) -> str:
    """Return the format with what the hints say of it, where they can be true of values of this size."""
    if hint[:2] == "ts" and form[:2] == "ts" and form[4:]:
        return f"{form[:4]}{hint[4:]}"
    if (hint[:2] == "tD" and form == "l") or (hint == UUID_HINT and form == "w:16"):
        return hint
    return hints.get(f"*{form}", form)


def _with_nulls(validity: int | None, offset: int, read: Read) -> Read:
    if not validity:
        return lambda at: read(at + offset)

    def read_known(at: int) -> str | None:
        at += offset
        known = ctypes.string_at(validity + at // 8, 1)[0] >> at % 8 & 1
        return read(at) if known else None

    return read_known


def _leaf(form: str, extension: str, buffers: Sequence[Any], *, is_inner: bool) -> Read:
    """Return the reader of values without others in them."""
    start = buffers[1]
    if form in INTEGERS:
        number = _integers(form, start)
        return (lambda at: str(bool(number(at)))) if extension == BOOL8 else (lambda at: str(number(at)))
    if form in FLOATS:
        code = FLOATS[form]
        size = struct.calcsize(code)
        return lambda at: float_text(ctypes.string_at(start + at * size, size), code)
    if form == "b":
        return lambda at: str(bool(ctypes.string_at(start + at // 8, 1)[0] >> at % 8 & 1))
    if form == UUID_HINT or (extension == UUID and form == "w:16"):
        return lambda at: str(uuid.UUID(bytes=ctypes.string_at(start + at * 16, 16)))
    if form[0] in "zZuUvw":
        pieces = _pieces(form, buffers)
        if form[-1] in "uU":
            return lambda at: _quoted(pieces(at).decode("utf-8", "replace"), is_inner=is_inner)
        return lambda at: bytes_text(pieces(at))
    if form.startswith("d:"):
        told = [int(part) for part in form[2:].split(",")]
        scale, size = told[1], (told[2] if len(told) > 2 else 128) // 8
        return lambda at: decimal_text(_signed(start, at, size), scale)
    return _time(form, start)


def _time(form: str, start: Any) -> Read:
    """Return the reader of dates, times, timestamps, durations and intervals."""
    if form == "tdD":
        return lambda at: date_text(_signed(start, at, 4))
    if form == "tdm":
        return lambda at: date_text(_signed(start, at, 8) // (DAY_S * 1000))
    if form[:2] == "tt":
        size, per_second = 4 if form[2] in "sm" else 8, PER_SECOND[form[2]]
        return lambda at: clock_text(_signed(start, at, size), per_second)
    if form[:2] == "ts":
        per_second, zone = PER_SECOND[form[2]], find_zone(form[4:])
        return lambda at: timestamp_text(_signed(start, at, 8), per_second, zone)
    if form[:2] == "tD":
        per_second = PER_SECOND[form[2]]
        return lambda at: duration_text(_signed(start, at, 8), per_second)
    if form == INTERVAL12:
        return lambda at: interval_text(
            _unsigned(start, 3 * at, 4), _unsigned(start, 3 * at + 1, 4), _unsigned(start, 3 * at + 2, 4), 1000
        )
    if form == INT96:
        return lambda at: int96_text(ctypes.string_at(start + at * INT96_BYTES, INT96_BYTES))
    if form == "tiM":
        return lambda at: interval_text(_signed(start, at, 4), 0, 0)
    if form == "tiD":
        return lambda at: interval_text(0, _signed(start, 2 * at, 4), _signed(start, 2 * at + 1, 4), 1000)
    if form == "tin":
        return lambda at: interval_text(
            _signed(start, 4 * at, 4), _signed(start, 4 * at + 1, 4), _signed(start, 2 * at + 1, 8)
        )
    raise ValueError(f"values of the type {form!r} are not read here")


def _nested(
    form: str,
    schema: Any,
    array: Any,
    buffers: Sequence[Any],
    hints: Mapping[str, str],
    place: str,
    *,
    is_inner: bool,
) -> Read:
    """Return the reader of lists, structs, maps, unions and runs."""
    has_own_text = form[:2] not in ("+r", "+u")  # the others are the value in them
    inner = [
        _reader(
            schema.children[at].contents,
            array.children[at].contents,
            hints,
            inside(place, at),
            is_inner=is_inner or has_own_text,
        )
        for at in range(schema.n_children)
    ]
    offset = array.offset
    if form == "+s":
        names = [(schema.children[at].contents.name or b"").decode("utf-8", "replace") for at in range(len(inner))]
        return _with_nulls(buffers[0], offset, lambda at: _struct_text(names, inner, at))
    if form == "+r":
        ends, values = array.children[0].contents, inner[1]
        end = _integers(schema.children[0].contents.format.decode(), ends.buffers[1])
        return lambda at: values(_run(end, ends.offset, ends.length, at + offset))
    if form.startswith("+u"):
        kinds = [int(text) for text in form.partition(":")[2].split(",") if text]
        return lambda at: _union_text(form, kinds, inner, buffers, at + offset)
    if form.startswith("+w:"):
        size = int(form[3:])
        return _with_nulls(buffers[0], offset, lambda at: _list_text(inner[0], at * size, (at + 1) * size))
    width = 8 if form in ("+L", "+vL") else 4
    if form in ("+vl", "+vL"):
        return _with_nulls(buffers[0], offset, lambda at: _list_text(
            inner[0], begin := _signed(buffers[1], at, width), begin + _signed(buffers[2], at, width)
        ))  # fmt: skip
    if form in ("+l", "+L"):
        return _with_nulls(buffers[0], offset, lambda at: _list_text(
            inner[0], _signed(buffers[1], at, width), _signed(buffers[1], at + 1, width)
        ))  # fmt: skip
    if form == "+m":
        return _with_nulls(buffers[0], offset, _map_reader(schema, array, hints, place, buffers[1]))
    raise ValueError(f"values of the type {form!r} are not read here")


def _map_reader(schema: Any, array: Any, hints: Mapping[str, str], place: str, offsets: int) -> Read:
    pairs, found = schema.children[0].contents, array.children[0].contents
    key, value = (
        _reader(pairs.children[at].contents, found.children[at].contents, hints, inside(place, 0, at), is_inner=True)
        for at in (0, 1)
    )
    shift = found.offset

    def read(at: int) -> str:
        def pair(place: int) -> str:
            return f"{_inner(key(place + shift))}: {_inner(value(place + shift))}"

        return "{" + _list_text(pair, _signed(offsets, at, 4), _signed(offsets, at + 1, 4))[1:-1] + "}"

    return read


def _list_text(read: Read, start: int, stop: int) -> str:
    """Return a list as text, as far as a cell shows it."""
    text = ""
    for at in range(start, stop):
        text += f"{', ' if at > start else ''}{_inner(read(at))}"
        if len(text) > CELL_CHARS:
            break
    return f"[{text}]"


def _struct_text(names: Sequence[str], inner: Sequence[Read], at: int) -> str:
    return "{" + ", ".join(f"{name}: {_inner(read(at))}" for name, read in zip(names, inner, strict=True)) + "}"


def _union_text(form: str, kinds: Sequence[int], inner: Sequence[Read], buffers: Sequence[Any], at: int) -> str | None:
    chosen = kinds.index(_signed(buffers[0], at, 1))
    return inner[chosen](_signed(buffers[1], at, 4) if form.startswith("+ud") else at)


def _run(end: Callable[[int], int], offset: int, count: int, at: int) -> int:
    """Return the index of the run with this index: the first whose end is past it."""
    low, high = 0, count - 1
    while low < high:
        middle = (low + high) // 2
        low, high = (low, middle) if end(middle + offset) > at else (middle + 1, high)
    return low


def _inner(text: str | None) -> str:
    return "null" if text is None else text


def _quoted(text: str, *, is_inner: bool) -> str:
    return repr(text) if is_inner else text


def _integers(form: str, start: int) -> Callable[[int], int]:
    code = INTEGERS[form]
    size, is_signed = struct.calcsize(code), code.islower()
    return lambda at: int.from_bytes(ctypes.string_at(start + at * size, size), "little", signed=is_signed)


def _signed(start: int, at: int, size: int) -> int:
    return int.from_bytes(ctypes.string_at(start + at * size, size), "little", signed=True)


def _unsigned(start: int, at: int, size: int) -> int:
    return int.from_bytes(ctypes.string_at(start + at * size, size), "little")


def _pieces(form: str, buffers: Sequence[Any]) -> Callable[[int], bytes]:
    """Return the function that cuts a value out of the bytes of all."""
    if form.startswith("w:"):
        size = int(form[2:])
        return lambda at: ctypes.string_at(buffers[1] + at * size, size)
    if form in ("vz", "vu"):
        return lambda at: _viewed(ctypes.string_at(buffers[1] + at * 16, 16), buffers)
    width = 8 if form in ("Z", "U") else 4

    def cut(at: int) -> bytes:
        start, stop = _signed(buffers[1], at, width), _signed(buffers[1], at + 1, width)
        return ctypes.string_at(buffers[2] + start, stop - start) if stop > start else b""

    return cut


def _viewed(view: bytes, buffers: Sequence[Any]) -> bytes:
    """Return the bytes of a view: in it when they are few, else in another buffer."""
    size, _, index, start = struct.unpack("<i4sii", view)
    return view[4 : 4 + size] if size <= 12 else ctypes.string_at(buffers[2 + index] + start, size)


def _extension(metadata: int | None) -> str:
    """Return the name of the extension type in the metadata of a field; empty without one."""
    if not metadata:
        return ""
    at, texts = metadata + 4, []
    for _ in range(2 * _signed(metadata, 0, 4)):
        size = _signed(at, 0, 4)
        texts.append(ctypes.string_at(at + 4, size))
        at += 4 + size
    return dict(zip(texts[::2], texts[1::2], strict=True)).get(b"ARROW:extension:name", b"").decode("utf-8", "replace")


def float_text(raw: bytes, code: str) -> str:
    """Return the shortest text that reads as the same number of this size."""
    (value,) = struct.unpack(f"<{code}", raw)
    text = repr(value)
    if code != "d" and value == value and value not in (float("inf"), float("-inf")):
        text = next(
            text for digits in range(1, 18) if struct.pack(f"<{code}", float(text := f"{value:.{digits}g}")) == raw
        )
        text = repr(float(text))
    return text.removesuffix(".0")


def bytes_text(raw: bytes) -> str:
    """Return bytes as text where they are printable ASCII, in hexadecimal where they are few, else their number."""
    if raw and len(raw) <= CELL_CHARS and all(0x20 <= byte < 0x7F for byte in raw):
        return repr(raw)
    if raw and len(raw) <= HEX_BYTES:
        return f"0x{raw.hex()}"
    return f"{len(raw):,} byte{'' if len(raw) == 1 else 's'}"


def decimal_text(unscaled: int, scale: int) -> str:
    """Return a decimal number with all its places."""
    if scale <= 0:
        return str(unscaled * 10**-scale)
    digits = str(abs(unscaled)).zfill(scale + 1)
    return f"{'-' if unscaled < 0 else ''}{digits[:-scale]}.{digits[-scale:]}"
