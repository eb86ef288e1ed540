"""The headers of a tar: V7, ustar, pax (POSIX.1-2001), GNU (its manual, Basic Tar Format) and star, with sparse files.

The standard library's `tarfile` is not used. It names members otherwise than GNU tar in 56 of 300 archives of GNU tar
(prefixes of old headers, sparse files with long names, labels). In Python 3.11.7 four headers keep it busy without end.
"""

import re
from dataclasses import dataclass, field
from typing import Any

from storage_tui.contract.sizes import size_text
from storage_tui.previews.base import Part, PreviewError
from storage_tui.previews.containers.tree import Member

BLOCK = 512
HEADER_BYTES = 64 * 1024  # of pax records or a long name at most; real ones have a few hundred bytes
MOST_PIECES = 20_000  # of one sparse file

HARD, SYMBOLIC, CHARACTER, DEVICE, FOLDER, PIPE = b"1", b"2", b"3", b"4", b"5", b"6"
PAX, PAX_SOLARIS, PAX_GLOBAL, GNU_NAME, GNU_LINK = b"x", b"X", b"g", b"L", b"K"
GNU_SPARSE, GNU_LABEL, GNU_CONTINUED, GNU_FOLDER = b"S", b"V", b"M", b"D"
FILES = (b"0", b"\x00", b"7")
WITHOUT_BYTES = (HARD, SYMBOLIC, CHARACTER, DEVICE, FOLDER, PIPE)  # whatever their size says
REMARKS = {CHARACTER: "device", DEVICE: "block device", PIPE: "pipe", GNU_LABEL: "label of the volume",
           GNU_CONTINUED: "the rest, from another volume"}  # fmt: skip

_NOT_ZERO = re.compile(rb"[^\0]")
_RECORD = re.compile(rb"(\d{1,9}) ")


class _NotRead(Exception):
    """The bytes at hand end inside of what belongs to a header."""


@dataclass
class Records:
    """What pax records say of a member; of the records of a sparse file in version 0.0 several have one name."""

    values: dict[str, str] = field(default_factory=dict)
    map: list[int] = field(default_factory=list)

    def number(self, *names: str) -> int | None:
        """Return the number in the first of these records that is there."""
        text = next((self.values[name] for name in names if self.values.get(name)), "")
        return int(text) if text.isascii() and text.isdigit() and len(text) < 20 else None


@dataclass
class Walk:
    """A walk from header to header until the bytes end.

    `archives` counts archives that were joined; `note` says what ended the walk before the end of the blob.
    """

    at: int = 0
    members: list[Member] = field(default_factory=list)
    archives: int = 1
    comment: str = ""
    note: str = ""
    is_complete: bool = False
    is_over: bool = False
    _data: bytes = b""
    _start: int = 0
    _global: Records = field(default_factory=Records)
    _own: Records = field(default_factory=Records)
    _long: dict[bytes, str] = field(default_factory=dict)
    _files: dict[str, Part] = field(default_factory=dict)

    def go(self, data: bytes, start: int, *, is_end: bool) -> None:
        """Read the headers from `at` on; `data` begins at the offset `start` of the archive, `is_end` at its end.

        Raises PreviewError when the first header is damaged.
        """
        self._data, self._start = data, start
        try:
            while not self.is_over and self._step(is_end=is_end):
                pass
        except _NotRead:
            if is_end:
                self._stop("a header is cut")
        except PreviewError as exc:
            if not self.members:
                raise
            self._stop(f"{exc} at byte {self.at:,}: what follows is not listed")

    def finish(self, size_bytes: int | None) -> None:
        """Say how the walk ended, when no more bytes are read of a blob of this size; None when it is not known."""
        if self.is_over or size_bytes is None:
            return
        if self.at < size_bytes:
            self.note = f"the {size_text(size_bytes - self.at)} after its end were not read" if self.is_complete else ""
        elif self.at > size_bytes:
            self._stop("its last member is cut, or goes on in another volume")
        else:
            self.is_complete = True

    def _step(self, *, is_end: bool) -> bool:
        """Read one header; return whether there may be another."""
        block = self._slice(self.at, BLOCK)
        if not block or (len(block) < BLOCK and not is_end):
            return False
        if not any(block):
            return self._skip_zeros()
        if self.is_complete:  # an end came before: another archive is joined, or something else follows
            if not is_header(block):
                rest = size_text(self._start + len(self._data) - self.at)
                self._stop(f"followed by {rest}{'' if is_end else ' or more'} that are no tar")
                return False
            self.archives, self._global, self.is_complete = self.archives + 1, Records(), False
        if len(block) < BLOCK:
            raise _NotRead
        size, kind = check_header(block), block[156:157]
        if kind in (PAX, PAX_SOLARIS, PAX_GLOBAL, GNU_NAME, GNU_LINK):
            self._keep(kind, self._whole(self.at + BLOCK, size))
        else:
            size = self._add(block, kind, size)
            self._own, self._long = Records(), {}
        self.at += BLOCK + _padded(size)
        return True

    def _skip_zeros(self) -> bool:
        """Go past a block of zeros, which ends an archive, and the zeros after it; return whether more bytes follow."""
        found = _NOT_ZERO.search(self._data, self.at - self._start)
        stop = found.start() if found else len(self._data)
        self.is_complete = True
        self.at += (self._start + stop - self.at) // BLOCK * BLOCK
        return found is not None

    def _keep(self, kind: bytes, body: bytes) -> None:
        """Keep what a header says about the members after it."""
        if kind in (GNU_NAME, GNU_LINK):
            self._long[kind] = _text(body)
            return
        records = self._global if kind == PAX_GLOBAL else self._own
        for name, value in read_records(body):
            if name in ("GNU.sparse.offset", "GNU.sparse.numbytes") and value.isdigit() and len(value) < 20:
                records.map.append(int(value))
            records.values[name] = value
            if name == "GNU.volume.label" and kind == PAX_GLOBAL:
                self.members.append(Member(value, 0, REMARKS[GNU_LABEL]))
        if kind == PAX_GLOBAL:
            self.comment = records.values.get("comment", "")

    def _add(self, block: bytes, kind: bytes, size: int) -> int:
        """Add a member; return the size of what follows its header."""
        records = Records(self._global.values | self._own.values, self._own.map)
        size = told if (told := records.number("size")) is not None else size
        name = self._name(block, kind, records)
        start, stop, real, pieces = self.at + BLOCK, self.at + BLOCK + size, size, None
        if kind == GNU_SPARSE or records.number("GNU.sparse.major") or records.number("GNU.sparse.size") is not None:
            start, real, pieces = self._sparse(block, kind, records, size)
        if kind == GNU_SPARSE:
            stop = start + size
        elif kind in WITHOUT_BYTES:
            stop, real = start + self._bytes_after(size), 0
        elif kind == GNU_FOLDER:  # the names in it follow, for a backup of what changed
            real = 0
        remark, part = REMARKS.get(kind, ""), None
        if kind in (HARD, SYMBOLIC):
            target = records.values.get("linkpath") or self._long.get(GNU_LINK) or _text(block[157:257])
            remark, part = f"{'link to' if kind == HARD else '→'} {target}", self._files.get(target)
            part = part if kind == HARD else None
        elif name[-1:] != "/" and kind not in (*WITHOUT_BYTES, GNU_LABEL, GNU_CONTINUED, GNU_FOLDER):
            part = Part(name, start, stop - start, real, pieces=pieces)
            self._files[name] = part
        self.members.append(Member(name, real, remark, part))
        return stop - self.at - BLOCK

    def _name(self, block: bytes, kind: bytes, records: Records) -> str:
        name = records.values.get("GNU.sparse.name") or records.values.get("path") or self._long.get(GNU_NAME)
        name = name or header_name(block)
        return name.rstrip("/") + "/" if kind in (FOLDER, GNU_FOLDER) else name

    def _sparse(
        self, block: bytes, kind: bytes, records: Records, size: int
    ) -> tuple[int, int, tuple[tuple[int, int], ...]]:
        """Return where the bytes of a sparse file begin, its size, and the places of its pieces."""
        start = self.at + BLOCK
        if kind == GNU_SPARSE:
            numbers = _pairs(block[386:482])
            real, more = _number(block[483:495]), block[482]
            while more:
                if len(numbers) > 2 * MOST_PIECES:
                    raise PreviewError("the map of a sparse file is damaged")
                block = self._whole(start, BLOCK)
                numbers, more, start = numbers + _pairs(block[:504]), block[504], start + BLOCK
        elif records.number("GNU.sparse.major"):
            real = records.number("GNU.sparse.realsize", "GNU.sparse.size") or 0
            numbers, start = self._map_in_data(start, size)
        else:
            real = records.number("GNU.sparse.size", "GNU.sparse.realsize") or 0
            told = records.values.get("GNU.sparse.map", "").split(",")
            numbers = [int(text) for text in told if text.isdigit() and len(text) < 20] or records.map
        return start, real, tuple(zip(numbers[::2], numbers[1::2], strict=False))

    def _map_in_data(self, start: int, size: int) -> tuple[list[int], int]:
        """Return the numbers of the map before the bytes of a sparse file (version 1.0), and where the bytes begin."""
        at, numbers, count = start, b"", None
        while count is None or numbers.count(b"\n") < 1 + 2 * count:
            if at - start >= size or len(numbers) > HEADER_BYTES * 8:
                raise PreviewError("the map of a sparse file is damaged")
            numbers += self._whole(at, BLOCK)
            at += BLOCK
            first, has_count, _ = numbers.partition(b"\n")
            if has_count:
                count = int(first) if first.isdigit() and len(first) < 9 else MOST_PIECES + 1
                if count > MOST_PIECES:
                    raise PreviewError("the map of a sparse file is damaged")
        told = numbers.split(b"\n")[1 : 1 + 2 * (count or 0)]
        if not all(text.isdigit() and len(text) < 20 for text in told):
            raise PreviewError("the map of a sparse file is damaged")
        return [int(text) for text in told], at

    def _bytes_after(self, size: int) -> int:
        """Return the bytes after the header of a member that should have none: some writers store them with a link."""
        if not size:
            return 0
        block = self._slice(self.at + BLOCK, BLOCK)
        return 0 if is_header(block) or not any(block) else size

    def _slice(self, at: int, size: int) -> bytes:
        return self._data[at - self._start : at - self._start + size] if at >= self._start else b""

    def _whole(self, at: int, size: int) -> bytes:
        """Return bytes that belong to a header."""
        if size > HEADER_BYTES:
            raise PreviewError(f"a header of {size_text(size)}")
        found = self._slice(at, size)
        if len(found) < size:
            raise _NotRead
        return found

    def _stop(self, note: str) -> None:
        self.note, self.is_over = note, True


def is_header(block: bytes) -> bool:
    """Return whether the checksum shows a header, which has no magic in its oldest form."""
    try:
        return len(block) == BLOCK and any(block[:100]) and check_header(block) >= 0
    except PreviewError:
        return False


def check_header(header: bytes) -> int:
    """Return the size in a header; raise PreviewError when the checksum shows that this is none."""
    signed: Any = memoryview(header).cast("b")  # some old writers added the bytes up as signed ones
    told = _number(header[148:156], default=-1)
    sums = (sum(values) - sum(values[148:156]) + 8 * 0x20 for values in (header, signed))
    if told not in sums:
        raise PreviewError("a header is damaged")
    return _number(header[124:136])


def header_name(header: bytes) -> str:
    """Return the name in a header, after its prefix when it is long (ustar; star has a shorter prefix)."""
    name = _text(header[:100])
    is_star = header[508:512] == b"tar\0"
    prefix = _text(header[345 : 476 if is_star else 500]) if header[257:263] == b"ustar\x00" else ""
    return f"{prefix}/{name}" if prefix else name


def read_records(body: bytes) -> list[tuple[str, str]]:
    """Return the records of a pax header by their lengths: a value may hold any byte (POSIX.1-2001, pax)."""
    records, at = [], 0
    while at < len(body) and body[at]:
        found = _RECORD.match(body, at)
        stop = at + int(found[1]) if found else 0
        name, has_value, value = body[found.end() if found else at : stop - 1].partition(b"=")
        if not found or not has_value or not found.end() < stop <= len(body) or body[stop - 1 : stop] != b"\n":
            raise PreviewError("a pax header is damaged")
        records.append((name.decode("utf-8", "backslashreplace"), value.decode("utf-8", "backslashreplace")))
        at = stop
    return records


def _pairs(raw: bytes) -> list[int]:
    """Return the offsets and sizes in the table of a sparse header, which ends where a place is empty."""
    numbers: list[int] = []
    for at in range(0, len(raw) - 23, 24):
        if not raw[at]:
            break
        numbers += _number(raw[at : at + 12]), _number(raw[at + 12 : at + 24])
    return numbers


def _padded(size: int) -> int:
    return -(-size // BLOCK) * BLOCK


def _number(raw: bytes, default: int = 0) -> int:
    if raw[0] == 0x80:  # GNU: a binary number that octal digits cannot hold
        return int.from_bytes(raw[1:], "big")
    digits = raw.split(b"\x00")[0].strip()
    if not digits:
        return default
    if not all(byte in b"01234567" for byte in digits):
        raise PreviewError("a header is damaged")
    return int(digits, 8)


def _text(raw: bytes) -> str:
    return raw.split(b"\x00")[0].decode("utf-8", "backslashreplace")
