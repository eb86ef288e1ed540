"""The central directory of a zip, from the last bytes of the archive (APPNOTE 6.3.10, sections 4.3 and 4.5).

The standard library's `zipfile` is not used. It reads the directory whole: 6.3 MB for 100,000 members, where a preview
may read 256 KiB. And it takes a signature in the comment for the end of the archive.
"""

import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass

from storage_tui.previews.base import PreviewError

END = b"PK\x05\x06"
LOCATOR, LOCATOR_BYTES = b"PK\x06\x07", 20  # of the end record of archives past 2 GiB; it stands before that record
END64 = b"PK\x06\x06"
ENTRY = b"PK\x01\x02"
LOCAL = b"PK\x03\x04"
MOST_COUNTED = 1 << 16  # the count in the end record begins again at 0 after this many members
ENDS_TRIED = 20_000  # a comment of 64 KiB has at most 16,384 signatures
WIDE_ENDS_TRIED = 100  # what else a record of 64 bits holds may look like one
SYSTEMS_WITH_UTF8 = (3, 19)  # Unix and macOS, whose names are UTF-8 also where the flag for it is missing
UTF8_FLAG, ENCRYPTED_FLAG = 0x800, 1
WIDE, UNICODE_NAME, UNICODE_NAME_START = 1, 0x7075, 5  # extra fields; after a version and a checksum the name begins

_ENTRY = struct.Struct("<4s6H3I5H2I")
_END = struct.Struct("<4s4H2IH")
_END64 = struct.Struct("<4sQ2H2I4Q")


@dataclass(frozen=True, slots=True)
class Entry:
    """One member, as the central directory describes it."""

    name: str
    method: int
    is_encrypted: bool
    packed_bytes: int
    size_bytes: int
    local_start: int
    volume: int
    mode: int
    comment: str


@dataclass(frozen=True, slots=True)
class Ending:
    """An end record: what it says, and where the directory is in the last bytes; `start` is negative before them."""

    at: int
    stop: int
    total: int
    start: int
    directory_stop: int
    prefix: int
    volume: int
    comment: str


@dataclass(frozen=True, slots=True)
class Directory:
    """The members that the last bytes list. `total` is not known for many more members than those.

    `prefix` is the number of bytes before the archive, which the places of the members count from; they are negative in
    an archive whose beginning is missing.
    """

    entries: list[Entry]
    total: int | None
    is_whole: bool
    prefix: int
    volume: int
    comment: str
    rest_bytes: int
    ends_early: bool


def read_directory(tail: bytes, tail_start: int) -> Directory:
    """Return what the last bytes of an archive list; raise PreviewError without an end record or a directory."""
    ending = _find_ending(tail, tail_start)
    entries: list[Entry] = []
    is_whole, start = ending.start >= 0, ending.start
    if not is_whole:  # begins before these bytes: with the first entry after which only entries follow
        start = tail.find(ENTRY, 0, ending.directory_stop)
    while 0 <= start < ending.directory_stop:
        found = _read_entry(tail, start, ending.directory_stop)
        if found is not None:
            entries.append(found[0])
            start = found[1]
        elif is_whole:
            break
        else:
            start = tail.find(ENTRY, start + 1, ending.directory_stop)
            entries.clear()
    if not entries and ending.total:
        raise PreviewError("its central directory is missing or damaged")
    ends_early = is_whole and start != ending.directory_stop and len(entries) != ending.total
    total: int | None = ending.total
    if is_whole:
        total = ending.total if ends_early else len(entries)
    elif ending.total < MOST_COUNTED and ending.directory_stop - ending.start >= MOST_COUNTED * _ENTRY.size:
        total = None
    rest = len(tail) - ending.stop
    return Directory(entries, total, is_whole, ending.prefix, ending.volume, ending.comment, max(0, rest), ends_early)


def _find_ending(tail: bytes, tail_start: int) -> Ending:
    """Return the last end record that a directory stands before."""
    empty: Ending | None = None
    possible: Ending | None = None
    at = len(tail)
    for _ in range(ENDS_TRIED):
        at = tail.rfind(END, 0, at + len(END) - 1)
        if at == -1:
            break
        ending = _read_ending(tail, tail_start, at)
        if ending is None:
            continue
        is_before = ending.start < 0 and ending.prefix  # its directory may be anywhere before these bytes
        if ending.stop > len(tail) or is_before:
            possible = possible or ending
        elif not ending.total:
            empty = empty or ending
        elif empty is not None and ending.stop < empty.stop:
            break
        else:  # the empty one, if there is any, stands in the comment of this one
            return ending
    if found := empty or possible:
        return found
    if END in tail:
        raise PreviewError("its central directory is missing or damaged")
    raise PreviewError("its end is missing: the archive is cut")


def _read_ending(tail: bytes, tail_start: int, at: int) -> Ending | None:
    """Return an end record; None where no directory stands before it."""
    if len(tail) - at < _END.size:
        return None
    _, volume, _, _, total, size, offset, comment_bytes = _END.unpack_from(tail, at)
    stop, directory_stop = at + _END.size + comment_bytes, at
    if tail.startswith(LOCATOR, max(0, at - LOCATOR_BYTES)) and at >= LOCATOR_BYTES:
        wide = tail.rfind(END64, 0, at - LOCATOR_BYTES)
        for _ in range(WIDE_ENDS_TRIED):
            if wide == -1 or int.from_bytes(tail[wide + 4 : wide + 12], "little") + 12 == at - LOCATOR_BYTES - wide:
                break
            wide = tail.rfind(END64, 0, wide + len(END64) - 1)
        if wide != -1 and at - wide >= _END64.size:
            record = _END64.unpack_from(tail, wide)
            volume, total, size, offset, directory_stop = record[4], record[7], record[8], record[9], wide
    start = directory_stop - size
    is_there = start + tail_start >= 0 and (start < 0 or tail.startswith(ENTRY, start) or (total == size == 0))
    if not is_there:  # something stands between the directory and its end
        start = offset - tail_start
        directory_stop = min(directory_stop, start + size)
        if not 0 <= start < directory_stop or not tail.startswith(ENTRY, start):
            return None
    comment = tail[at + _END.size : stop]
    return Ending(at, stop, total, start, directory_stop, start + tail_start - offset, volume, _text(comment))


def _read_entry(tail: bytes, at: int, end: int) -> tuple[Entry, int] | None:
    if end - at < _ENTRY.size:
        return None
    fields = _ENTRY.unpack_from(tail, at)
    if fields[0] != ENTRY:
        return None
    maker, flags, method, packed, size = fields[1] >> 8, fields[3], fields[4], fields[8], fields[9]
    name_bytes, extra_bytes, comment_bytes, volume, local_start = *fields[10:14], fields[16]
    start = at + _ENTRY.size
    stop = start + name_bytes + extra_bytes + comment_bytes
    if stop > end:
        return None
    raw, extra = tail[start : start + name_bytes], tail[start + name_bytes : start + name_bytes + extra_bytes]
    name = _name(raw, flags, maker, extra)
    if 0xFFFFFFFF in (packed, size, local_start):
        size, packed, local_start = _wide_sizes(extra, size, packed, local_start)
    mode = fields[15] >> 16 if maker in SYSTEMS_WITH_UTF8 else 0
    comment = _text(tail[stop - comment_bytes : stop]) if comment_bytes else ""
    return Entry(name, method, bool(flags & ENCRYPTED_FLAG), packed, size, local_start, volume, mode, comment), stop


def _name(raw: bytes, flags: int, maker: int, extra: bytes) -> str:
    """Return a name by its flag, by a Unicode field that belongs to it, or by the system it is from."""
    if flags & UTF8_FLAG:
        return raw.decode("utf-8", "backslashreplace")
    for kind, content in _fields(extra):
        if kind == UNICODE_NAME and content[1:UNICODE_NAME_START] == zlib.crc32(raw).to_bytes(4, "little"):
            return content[UNICODE_NAME_START:].decode("utf-8", "backslashreplace")
    if maker in SYSTEMS_WITH_UTF8:
        return _text(raw)
    return raw.decode("cp437")


def _text(raw: bytes) -> str:
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        return raw.decode("cp437")


def _fields(extra: bytes) -> Iterator[tuple[int, bytes]]:
    at = 0
    while at + 4 <= len(extra):
        kind, length = struct.unpack_from("<2H", extra, at)
        yield kind, extra[at + 4 : at + 4 + length]
        at += 4 + length


def _wide_sizes(extra: bytes, size: int, packed: int, local_start: int) -> tuple[int, int, int]:
    """Return the sizes and the offset, with 64-bit values of the zip64 field for those that are all ones."""
    for kind, content in _fields(extra):
        if kind == WIDE:
            wide = iter(struct.unpack_from(f"<{len(content) // 8}Q", content))
            values = [next(wide, value) if value == 0xFFFFFFFF else value for value in (size, packed, local_start)]
            return values[0], values[1], values[2]
    return size, packed, local_start
