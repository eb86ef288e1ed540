"""The types of NumPy without numpy: their words, their sizes, and their values as text (NEP 1; numpy, Data types).

Dates are those of numpy: the calendar of today for all years, also before year 1 and after year 9999.
"""

import ast
import re
import struct
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from storage_tui.contract.visible import visible
from storage_tui.previews.base import PreviewError

Read = Callable[[bytes], Any]

CODES = {"b1": "?", "i1": "b", "u1": "B", "i2": "h", "u2": "H", "i4": "i", "u4": "I", "i8": "q", "u8": "Q", "f2": "e",
         "f4": "f", "f8": "d"}  # fmt: skip
NUMBERS = {"i": "int", "u": "uint", "f": "float", "c": "complex"}
PLAIN = re.compile(r"([<>|=])([biufcSUVOMm?a])([0-9]*)(?:\[([0-9]*)([A-Za-z]+)(?:/1)?\])?")
LONG = re.compile(r"('(?:\\.|[^'\\])*'|\"(?:\\.|[^\"\\])*\")|(?<=[0-9])[lL]\b")
MOST_FIELDS = 2_000
MOST_DEPTH = 8
MOST_VALUES = 6  # of a field that is an array
TEXT_CHARS = 64
NO_TIME = -(1 << 63)  # NaT
SHOWN_FIELDS = 8  # in the words of a record
DIGITS = {"s": 0, "ms": 3, "us": 6, "ns": 9, "ps": 12, "fs": 15, "as": 18}  # of a second
STEPS = {"h": 3600, "m": 60, "s": 1}  # seconds


@dataclass(frozen=True, slots=True)
class Dtype:
    """A type: its words, the size of a value in bytes, and `read`, which returns a value of that many bytes.

    `read` is None for a type that is not shown: objects, and numbers that Python has not. `code` is the struct format
    of a plain number. A record has `fields`: name, offset and type of each.
    """

    words: str
    size_bytes: int
    read: Read | None = None
    code: str | None = None
    fields: tuple[tuple[str, int, "Dtype"], ...] = field(default=())
    has_objects: bool = False


def read_literal(text: str) -> Any:
    """Return the value of a Python literal, also one of Python 2 with `3L`; raise ValueError or SyntaxError."""
    try:
        return ast.literal_eval(text)
    except SyntaxError:
        return ast.literal_eval(LONG.sub(lambda found: found[1] or "", text))


def read_dtype(descr: Any, depth: int = 0) -> Dtype:
    """Return the type that the header of an .npy file describes; raise PreviewError when there is no such type."""
    if depth > MOST_DEPTH:
        raise PreviewError("its type is nested too deep")
    if isinstance(descr, list):
        return _record(descr, depth)
    if isinstance(descr, tuple) and len(descr) == 2:
        return _array(read_dtype(descr[0], depth + 1), descr[1])
    found = PLAIN.fullmatch(descr) if isinstance(descr, str) else None
    if found is None:
        raise PreviewError(f"{visible(str(descr), limit=40)!r} is no type of an array")
    order, kind, size, count, unit = found[1], found[2], int(found[3] or 0), found[4], found[5]
    return _plain(">" if order == ">" else "<", kind, size, int(count or 1), unit)


def _plain(order: str, kind: str, size: int, count: int, unit: str | None) -> Dtype:
    end = ", big-endian" if order == ">" else ""
    if kind == "O":
        return Dtype("object", 8, has_objects=True)
    if kind in "Mm":
        name = "datetime64" if kind == "M" else "timedelta64"
        step = "" if unit is None else f"[{'' if count == 1 else count}{unit}]"
        read_time = _date if kind == "M" else _duration
        return Dtype(f"{name}{step}{end}", 8, lambda raw: read_time(struct.unpack(f"{order}q", raw)[0], count, unit))
    if kind in "Sa":
        return Dtype(f"bytes of {size}", size, lambda raw: raw.rstrip(b"\0").decode("latin-1"))
    if kind == "U":
        codec = "utf-32-be" if order == ">" else "utf-32-le"
        return Dtype(f"text of {size}{end}", 4 * size, lambda raw: raw.decode(codec, "replace").rstrip("\0"))
    if kind == "V":
        return Dtype(f"opaque of {size}", size, bytes.hex)
    if kind == "?" or (kind == "b" and size == 1):
        return Dtype("bool", 1, lambda raw: raw != b"\0", "<?")
    words = f"{NUMBERS.get(kind, kind)}{8 * size}{end if size > 1 else ''}"
    code = CODES.get(f"{kind}{size}")
    if code is not None:
        return Dtype(words, size, lambda raw: struct.unpack(order + code, raw)[0], order + code)
    if kind == "c" and size in (8, 16):
        pair = f"{order}2{'f' if size == 8 else 'd'}"
        return Dtype(words, size, lambda raw: complex(*struct.unpack(pair, raw)))
    if (kind == "f" and size in (10, 12, 16)) or (kind == "c" and size in (20, 24, 32)):
        return Dtype(words, size)  # a long double, whose bits depend on the machine
    raise PreviewError(f"'{kind}{size}' is no type of an array")


def _array(inner: Dtype, shape: Any) -> Dtype:
    """Return the type of a field that is an array."""
    sides = (shape,) if isinstance(shape, int) else tuple(shape)
    if not all(isinstance(side, int) and 0 <= side < 1 << 31 for side in sides):
        raise PreviewError("a field of its type has a shape that is none")
    count = 1
    for side in sides:
        count *= side
    words = f"{inner.words} [{' × '.join(f'{side:,}' for side in sides)}]"
    size, read = inner.size_bytes, inner.read
    if read is None:
        return Dtype(words, size * count, has_objects=inner.has_objects)

    def values(raw: bytes) -> str:
        shown = [value_text(read(raw[at * size : (at + 1) * size])) for at in range(min(count, MOST_VALUES))]
        return f"[{', '.join(shown)}{', …' if count > MOST_VALUES else ''}]"

    return Dtype(words, size * count, values)


def _record(descr: list[Any], depth: int) -> Dtype:
    """Return the type of a record; numpy names the gaps in it `''`."""
    if len(descr) > MOST_FIELDS:
        raise PreviewError(f"its type has more than {MOST_FIELDS:,} fields")
    fields: list[tuple[str, int, Dtype]] = []
    at = 0
    for item in descr:
        if not isinstance(item, tuple) or not 2 <= len(item) <= 3:
            raise PreviewError("a field of its type has no name and type")
        kind = read_dtype(item[1], depth + 1)
        if len(item) == 3:
            kind = _array(kind, item[2])
        name = item[0][1] if isinstance(item[0], tuple) and len(item[0]) == 2 else item[0]  # title and name
        if isinstance(name, bytes):  # by Python 2
            name = name.decode("latin-1")
        if name != "":
            fields.append((str(name), at, kind))
        at += kind.size_bytes
    names = ", ".join(visible(name, limit=20) for name, _, _ in fields[:SHOWN_FIELDS])
    words = f"record of {names}{'…' if len(fields) > SHOWN_FIELDS else ''}"

    def values(raw: bytes) -> str:
        shown = [cell_of(raw, place, kind) for _, place, kind in fields[:MOST_VALUES]]
        return f"({', '.join(shown)}{', …' if len(fields) > MOST_VALUES else ''})"

    has_objects = any(kind.has_objects for _, _, kind in fields)
    return Dtype(words, at, None if has_objects else values, fields=tuple(fields), has_objects=has_objects)


def cell_of(raw: bytes, at: int, kind: Dtype) -> str:
    """Return the value at a place as text."""
    return "…" if kind.read is None else value_text(kind.read(raw[at : at + kind.size_bytes]))


def value_text(value: Any) -> str:
    """Return a value in few characters, short but still distinct."""
    if isinstance(value, float):
        return f"{value:.5g}"
    if isinstance(value, complex):
        return f"{value.real:.5g}{value.imag:+.5g}j"
    return str(value)[:TEXT_CHARS]


def _date(value: int, count: int, unit: str | None) -> str:
    if value == NO_TIME:
        return "NaT"
    value *= count
    if unit == "Y":
        return f"{1970 + value:04d}"
    if unit == "M":
        return f"{1970 + value // 12:04d}-{value % 12 + 1:02d}"
    if unit in ("W", "D"):
        return _day(value * (7 if unit == "W" else 1))
    if unit in STEPS:
        days, seconds = divmod(value * STEPS[unit], 86_400)
        clock = f"{seconds // 3600:02d}:{seconds // 60 % 60:02d}:{seconds % 60:02d}"
        return f"{_day(days)}T{clock[: {'h': 2, 'm': 5, 's': 8}[unit]]}"
    if unit in DIGITS:
        seconds, rest = divmod(value, 10 ** DIGITS[unit])
        return f"{_date(seconds, 1, 's')}.{rest:0{DIGITS[unit]}d}"
    return str(value)


def _duration(value: int, count: int, unit: str | None) -> str:
    return "NaT" if value == NO_TIME else f"{value * count} {unit or ''}".rstrip()


def _day(days: int) -> str:
    """Return a day since 1970-01-01 in the calendar of today, for any year.

    Years begin in March here, so that the odd day of a leap year is the last one. An era is 400 years.
    """
    era, day = divmod(days + 719_468, 146_097)  # the days from 0000-03-01 to 1970-01-01, and those of an era
    year = (day - day // 1_460 + day // 36_524 - day // 146_096) // 365
    day -= 365 * year + year // 4 - year // 100
    month = (5 * day + 2) // 153
    number = month + 3 if month < 10 else month - 9
    return f"{era * 400 + year + (number <= 2):04d}-{number:02d}-{day - (153 * month + 2) // 5 + 1:02d}"
