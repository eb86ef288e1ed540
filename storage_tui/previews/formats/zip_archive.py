"""zip and npz: the tree of members from the central directory, one read at the end (APPNOTE 6.3.10)."""

import asyncio
import struct
import zlib
from dataclasses import dataclass

from storage_tui.contract.sizes import size_text
from storage_tui.previews.base import HEADER_BUDGET, Part, Preview, PreviewError, Source, View
from storage_tui.previews.containers.tree import FULL_LINES, TREE_LINES, Member, tree_lines
from storage_tui.previews.formats.npy import read_header, shape_text

END = b"PK\x05\x06"
LOCATOR, LOCATOR_BYTES = b"PK\x06\x07", 20  # of the end record of archives past 2 GiB; it stands before that record
END64 = b"PK\x06\x06"
ENTRY = b"PK\x01\x02"
LOCAL = b"PK\x03\x04"
MEMBERS = 5000  # parsed at most: as many as the bytes of the budget can hold
METHODS = {0: "stored", 8: "deflate", 9: "deflate64", 12: "bzip2", 14: "lzma", 93: "zstd", 95: "xz"}
NPY_HEADER_BYTES = 10_240  # unpacked at most from a member that is an array

_ENTRY = struct.Struct("<4s6H3I5H2I")
_END = struct.Struct("<4s4H2IH")
_END64 = struct.Struct("<4sQ2H2I4Q")
_LOCAL = struct.Struct("<4s5H3I2H")


@dataclass(frozen=True, slots=True)
class Entry:
    """One member, as the central directory describes it."""

    name: str
    method: int
    is_encrypted: bool
    packed_bytes: int
    size_bytes: int
    local_start: int


class ZipArchive:
    """zip: members with sizes; arrays with shape and type when the first read has their headers."""

    kind = "zip"
    budget = HEADER_BUDGET

    def matches(self, head: bytes, name: str) -> bool:
        """Return whether the first bytes are a local header, or the end record of an empty archive."""
        return head.startswith((LOCAL, END))

    async def show(self, source: Source, head: bytes, view: View) -> Preview:
        """Return the preview with one more read, of the last bytes."""
        size = source.size_bytes or len(head)
        want = min(size, source.bytes_left) if len(head) < size else size
        tail = await source.tail(want)
        total, entries = read_directory(tail, FULL_LINES if view.is_full else MEMBERS)
        if not entries and total:
            raise PreviewError("its central directory is missing or damaged")
        members = [Member(entry.name, entry.size_bytes, _remark(entry, head), _part(entry)) for entry in entries]
        arrays = sum(entry.name.endswith(".npy") for entry in entries)
        unpacked, packed = sum(e.size_bytes for e in entries), sum(e.packed_bytes for e in entries)
        part = "" if len(entries) >= total else f" (the last {len(entries):,} shown)"
        facts = [
            ("arrays" if arrays == len(entries) and arrays else "members", f"{total:,}{part}"),
            ("unpacked", f"{size_text(unpacked)} from {size_text(packed)}{', as it claims' if packed else ''}"),
        ]
        if any(entry.is_encrypted for entry in entries):
            facts.append(("encrypted", f"{sum(entry.is_encrypted for entry in entries):,} members"))
        methods = sorted({METHODS.get(entry.method, f"method {entry.method}") for entry in entries})
        if methods:
            facts.append(("compression", ", ".join(methods)))
        kind = "NumPy archive" if arrays and arrays == len(entries) else self.kind
        lines, parts = await asyncio.to_thread(tree_lines, members, FULL_LINES if view.is_full else TREE_LINES)
        return Preview(kind, facts=tuple(facts), lines=lines, parts=parts)


def read_directory(tail: bytes, limit: int = MEMBERS) -> tuple[int, list[Entry]]:
    """Return how many members the end record counts, and the members whose entries are in these last bytes."""
    end = tail.rfind(END)
    if end == -1 or len(tail) - end < _END.size:
        raise PreviewError("its end is missing: the archive is cut")
    _, _, _, _, total, directory_bytes, _, _ = _END.unpack_from(tail, end)
    directory_end = end
    end64 = tail.rfind(END64, 0, end)
    if end64 != -1 and tail.startswith(LOCATOR, end - LOCATOR_BYTES) and len(tail) - end64 >= _END64.size:
        record = _END64.unpack_from(tail, end64)
        total, directory_bytes, directory_end = record[7], record[8], end64
    start = directory_end - directory_bytes
    if start < 0:
        start = tail.find(ENTRY, 0, directory_end)
    entries: list[Entry] = []
    while start != -1 and start < directory_end and len(entries) < limit:
        found = _read_entry(tail, start)
        if found is None:
            start = tail.find(ENTRY, start + 1, directory_end)
            entries.clear()
            continue
        entry, start = found
        entries.append(entry)
    return total, entries


def _read_entry(tail: bytes, at: int) -> tuple[Entry, int] | None:
    if len(tail) - at < _ENTRY.size:
        return None
    fields = _ENTRY.unpack_from(tail, at)
    if fields[0] != ENTRY:
        return None
    flags, method, packed, size = fields[3], fields[4], fields[8], fields[9]
    name_bytes, extra_bytes, comment_bytes, local_start = fields[10], fields[11], fields[12], fields[16]
    start = at + _ENTRY.size
    name = tail[start : start + name_bytes].decode("utf-8" if flags & 0x800 else "cp437", "replace")
    extra = tail[start + name_bytes : start + name_bytes + extra_bytes]
    if 0xFFFFFFFF in (packed, size, local_start):
        size, packed, local_start = _wide_sizes(extra, size, packed, local_start)
    stop = start + name_bytes + extra_bytes + comment_bytes
    return Entry(name, method, bool(flags & 1), packed, size, local_start), stop


def _wide_sizes(extra: bytes, size: int, packed: int, local_start: int) -> tuple[int, int, int]:
    """Return the sizes and the offset, with 64-bit values of the zip64 field for those that are all ones."""
    at = 0
    while at + 4 <= len(extra):
        kind, length = struct.unpack_from("<2H", extra, at)
        if kind == 1:
            wide = iter(struct.unpack_from(f"<{length // 8}Q", extra[: at + 4 + length // 8 * 8], at + 4))
            values = [next(wide, value) if value == 0xFFFFFFFF else value for value in (size, packed, local_start)]
            return values[0], values[1], values[2]
        at += 4 + length
    return size, packed, local_start


def _part(entry: Entry) -> Part:
    """Return the place of a member, for the viewer to open it."""
    method = "encrypted" if entry.is_encrypted else METHODS.get(entry.method, f"method {entry.method}")
    return Part(entry.name, entry.local_start, entry.packed_bytes, entry.size_bytes, method, has_header=True)


def _remark(entry: Entry, head: bytes) -> str:
    """Return shape and type of an array when the head of the archive holds its beginning."""
    at = entry.local_start
    if not entry.name.endswith(".npy") or at + _LOCAL.size + 128 > len(head) or not head.startswith(LOCAL, at):
        return ""
    fields = _LOCAL.unpack_from(head, at)
    start = at + _LOCAL.size + fields[9] + fields[10]
    packed = head[start : start + min(entry.packed_bytes, NPY_HEADER_BYTES)]
    try:
        raw = zlib.decompressobj(-15).decompress(packed, NPY_HEADER_BYTES) if entry.method == 8 else packed
        header = read_header(raw)
    except (zlib.error, PreviewError):
        return ""
    return f"{header.dtype}, {shape_text(header.shape)}"
