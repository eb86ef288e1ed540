"""The objects of an HDF5 file, read by ranges: groups, and datasets with type and shape (HDF5 File Format 3.0).

Objects may lie anywhere and refer to any place. Each object is read once and their number is bounded. An object beyond
the reads of a preview is named without its shape.
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass, field

from storage_tui.previews.base import KIB, BudgetError, PreviewError, Source

MOST_OBJECTS = 400  # a few screens
MOST_MESSAGES = 200  # of one object
MOST_NODES = 64  # of one group's tree
READ_BEFORE = 4 * KIB  # read before the wanted place too: related objects lie on both sides
NODE_BYTES = 2 * KIB  # the least read at a place; headers and nodes are mostly shorter

DATASPACE, LINK_INFO, DATATYPE, LINK, CONTINUATION, SYMBOL_TABLE = 1, 2, 3, 6, 16, 17
CLASSES = {2: "time", 3: "text", 4: "bits", 5: "opaque", 6: "record", 7: "reference", 9: "variable", 10: "array"}


@dataclass(frozen=True, slots=True)
class Entry:
    """One object: its path, its type (`float32`, `group`, `not read`), its shape."""

    path: str
    kind: str
    shape: tuple[int, ...] | None = None


@dataclass(slots=True)
class Header:
    """The content of the messages of an object header."""

    kind: str = ""
    shape: tuple[int, ...] | None = None
    table: tuple[int, int] | None = None  # tree and heap of an old-style group
    links: list[tuple[str, int]] = field(default_factory=list)
    is_group: bool = False
    is_dense: bool = False  # a group whose links lie in a heap of their own


class Objects:
    """A walk from the root group, breadth first. `is_cut` when some object could not be read."""

    def __init__(self, source: Source, *, offset_bytes: int, length_bytes: int, base: int) -> None:
        if offset_bytes not in (2, 4, 8) or length_bytes not in (2, 4, 8):
            raise PreviewError(f"addresses of {offset_bytes} bytes do not exist in HDF5")
        self.is_cut = False
        self._source = source
        self._offset, self._length, self._base = offset_bytes, length_bytes, base

    async def walk(self, root: int) -> list[Entry]:
        """Return the objects below the root group."""
        found: list[Entry] = []
        queue, seen = [("", root)], {root}
        while queue and len(found) < MOST_OBJECTS:
            path, at = queue.pop(0)
            try:
                header = await self._header(at)
                children = await self._children(header)
            except (BudgetError, struct.error, IndexError):
                self.is_cut = True
                found.append(Entry(path or "/", "not read"))
                continue
            if path:
                found.append(Entry(path, "group" if header.is_group else header.kind or "type", header.shape))
            if header.is_dense:
                self.is_cut = True
            for name, child in children:
                if child not in seen and len(seen) < MOST_OBJECTS:
                    seen.add(child)
                    queue.append((f"{path}/{name}", child))
        self.is_cut = self.is_cut or bool(queue)
        return found

    async def _header(self, at: int) -> Header:
        start = await self._read(at, NODE_BYTES)
        blocks: list[tuple[int, int]] = []
        if start[:4] == b"OHDR":
            flags = start[5]
            place = 6 + (16 if flags & 0x20 else 0) + (4 if flags & 0x10 else 0)
            size_bytes = 1 << (flags & 3)
            size = int.from_bytes(start[place : place + size_bytes], "little")
            blocks.append((at + place + size_bytes, size))
            read, skip = self._new_messages, 4 + 2 * bool(flags & 4)
        elif start[:1] == b"\x01":
            blocks.append((at + 16, struct.unpack_from("<I", start, 8)[0]))
            read, skip = self._old_messages, 8
        else:
            raise IndexError("no object header")
        header, count = Header(), 0
        while blocks and count < MOST_MESSAGES:
            place, size = blocks.pop(0)
            for kind, body in read(await self._read(place, min(size, 64 * KIB)), size, skip):
                count += 1
                if kind == CONTINUATION:
                    where, length = self._number(body, 0), self._number(body, self._offset, self._length)
                    is_new = skip != 8  # these blocks have a signature and a checksum around their messages
                    blocks.append((self._base + where + 4 * is_new, max(0, length - 8 * is_new)))
                else:
                    self._take(header, kind, body)
        return header

    @staticmethod
    def _old_messages(raw: bytes, size: int, skip: int) -> Iterator[tuple[int, bytes]]:
        at = 0
        while at + skip <= min(size, len(raw)):
            kind, length = struct.unpack_from("<HH", raw, at)
            yield kind, raw[at + skip : at + skip + length]
            at += skip + length

    @staticmethod
    def _new_messages(raw: bytes, size: int, skip: int) -> Iterator[tuple[int, bytes]]:
        at = 0
        while at + skip <= min(size, len(raw)):
            kind, length = struct.unpack_from("<BH", raw, at)
            yield kind, raw[at + skip : at + skip + length]
            at += skip + length

    def _take(self, header: Header, kind: int, body: bytes) -> None:
        if kind == DATASPACE and body:
            header.shape = self._shape(body)
        elif kind == DATATYPE and len(body) >= 8:
            header.kind = type_text(body)
        elif kind == SYMBOL_TABLE:
            header.is_group = True
            header.table = self._number(body, 0), self._number(body, self._offset)
        elif kind == LINK_INFO:
            header.is_group = True
            place = 2 + (8 if body[1] & 1 else 0)
            header.is_dense = body[place : place + self._offset] != b"\xff" * self._offset
        elif kind == LINK:
            header.is_group = True
            if (link := self._link(body)) is not None:
                header.links.append(link)

    def _shape(self, body: bytes) -> tuple[int, ...]:
        rank, start = body[1], 8 if body[0] == 1 else 4
        return tuple(self._number(body, start + side * self._length, self._length) for side in range(min(rank, 32)))

    def _link(self, body: bytes) -> tuple[str, int] | None:
        """Return the name and the place of a hard link; None for any other link."""
        flags, at = body[1], 2
        kind = body[at] if flags & 8 else 0
        at += bool(flags & 8) + (8 if flags & 4 else 0) + bool(flags & 16)
        size_bytes = 1 << (flags & 3)
        size = int.from_bytes(body[at : at + size_bytes], "little")
        at += size_bytes
        name = body[at : at + size].decode("utf-8", "replace")
        return None if kind else (name, self._base + self._number(body, at + size))

    async def _children(self, header: Header) -> list[tuple[str, int]]:
        if header.table is None:
            return header.links
        tree, heap = header.table
        names = await self._read(self._base + heap, 8 + 2 * self._length + self._offset)
        if names[:4] != b"HEAP":
            raise IndexError("no heap of names")
        size = self._number(names, 8, self._length)
        data = await self._read(self._base + self._number(names, 8 + 2 * self._length), min(size, 64 * KIB))
        found: list[tuple[str, int]] = []
        nodes, seen = [self._base + tree], {self._base + tree}
        while nodes and len(seen) <= MOST_NODES:
            try:
                raw = await self._read(nodes.pop(0), NODE_BYTES)
            except BudgetError:
                self.is_cut = True
                continue
            if raw[:4] == b"TREE":
                step = self._length + self._offset
                first = 8 + 2 * self._offset + self._length
                places = [self._number(raw, first + step * i) for i in range(struct.unpack_from("<H", raw, 6)[0])]
                fresh = [self._base + place for place in places if self._base + place not in seen]
                seen.update(fresh)
                nodes += fresh
            elif raw[:4] == b"SNOD":
                found += list(self._symbols(raw, data))
            else:
                raise IndexError("no node")
        return found

    def _symbols(self, raw: bytes, names: bytes) -> Iterator[tuple[str, int]]:
        step = 2 * self._offset + 24
        for index in range(struct.unpack_from("<H", raw, 6)[0]):
            at = 8 + index * step
            if at + step > len(raw):
                self.is_cut = True
                return
            name = self._number(raw, at)
            text = names[name : names.find(b"\x00", name)].decode("utf-8", "replace")
            yield text, self._base + self._number(raw, at + self._offset)

    def _number(self, raw: bytes, at: int, size: int | None = None) -> int:
        size = size or self._offset
        if at + size > len(raw):
            raise IndexError("a number is cut")
        return int.from_bytes(raw[at : at + size], "little")

    async def _read(self, at: int, size: int) -> bytes:
        """Return at least one byte at a place, and at most `size`; bytes that are kept already cost nothing."""
        held = self._source.kept(at, at + size)
        if len(held) == size or (held and at + len(held) == self._source.size_bytes):
            return held
        left = self._source.bytes_left
        if not left or not 0 <= at < (self._source.size_bytes or 0):
            if held:
                return held
            raise BudgetError("it is in a part that cannot be read")
        start = max(0, at - READ_BEFORE)
        await self._source.read(start, start + max(left // self._source.requests_left, min(left, READ_BEFORE + size)))
        return self._source.kept(at, at + size)


def type_text(body: bytes) -> str:
    """Return a datatype in words (HDF5 File Format, IV.A.2.d)."""
    kind, flags, size = body[0] & 15, body[1], int.from_bytes(body[4:8], "little")
    if kind in (0, 1):
        name = f"{'float' if kind else 'int' if flags & 8 else 'uint'}{size * 8}"
        return f"{name}, big-endian" if flags & 1 and size > 1 else name
    if kind == 3:
        return f"text of {size}"
    if kind == 8:
        return "enumeration"
    return "text" if kind == 9 and flags & 15 == 1 else CLASSES.get(kind, f"class {kind}")
