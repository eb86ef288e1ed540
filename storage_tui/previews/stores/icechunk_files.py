"""The binary files of an Icechunk repository: snapshots and manifests, FlatBuffers packed by zstd.

Fields are counted as in the schemas `snapshot.fbs` and `manifest.fbs` of the Icechunk specification.
"""

import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from storage_tui.contract.sizes import size_text
from storage_tui.previews.base import MIB, LimitError, PreviewError
from storage_tui.previews.containers.streams import Unstream
from storage_tui.previews.stores.nodes import read_json
from storage_tui.previews.table.flatbuffer import Table

MAGIC = "ICE🧊CHUNK".encode()
HEADER_BYTES = 39  # the magic, 24 of the writer's name, then version, kind and packing with one byte each
SNAPSHOT, MANIFEST = 1, 2
PLAIN, ZSTD = 0, 1
UNPACKED_BYTES = 8 * MIB  # of one file: a manifest of 100,000 chunks
MOST_NODES = 5_000
MOST_MANIFESTS = 1_000  # of one array
MOST_SIDES = 32
DIGITS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"  # Crockford's base 32, in which ids are the names of files
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
ID, PATH, DOCUMENT, DATA_KIND, DATA = range(5)  # of a node
ARRAY = 1
NODES, FLUSHED, MESSAGE = 2, 3, 4  # of a snapshot
MANIFESTS = 2  # of an array's data
MANIFEST_ID, EXTENTS = 0, 1
ARRAYS = 1  # of a manifest
NODE_ID, REFS = 0, 1
INDEX, INLINE, OFFSET, LENGTH, CHUNK_ID, LOCATION = range(6)  # of a chunk
UNREAD = (PreviewError, struct.error, ValueError, LookupError, ArithmeticError, TypeError)
"""The errors of damaged files."""


@dataclass(frozen=True, slots=True)
class ManifestPlace:
    """The name of a manifest, and the range of chunks on each axis that it may hold, the end not included."""

    name: str
    extents: tuple[tuple[int, ...], ...]

    def holds(self, place: Sequence[int]) -> bool:
        """Return whether the manifest may hold the chunk at a place."""
        return len(place) == len(self.extents) and all(
            begin <= at < end for at, (begin, end) in zip(place, self.extents, strict=True)
        )


@dataclass(frozen=True, slots=True)
class StoredNode:
    """An array or a group of a snapshot: its id, its path without the first slash, its `zarr.json`."""

    node_id: tuple[int, ...]
    path: str
    document: dict[str, Any]
    manifests: tuple[ManifestPlace, ...]


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A state of the repository."""

    message: str
    written: str
    nodes: tuple[StoredNode, ...]
    node_count: int


@dataclass(frozen=True, slots=True)
class ChunkPlace:
    """Where the bytes of a chunk are: in the manifest, in a file of the repository, or elsewhere."""

    inline: bytes | None = None
    name: str = ""
    start: int = 0
    size_bytes: int = 0
    location: str = ""


class Manifest:
    """The places of chunks of some arrays."""

    def __init__(self, raw: bytes) -> None:
        """Read the table of a manifest that is unpacked."""
        self._root = Table.root(raw)

    def find(self, node_id: tuple[int, ...], place: tuple[int, ...]) -> ChunkPlace | None:
        """Return where a chunk is; None for one that was never written. The chunks of an array are in order."""
        for array in self._root.tables(ARRAYS, MOST_NODES):
            if array.struct(NODE_ID, "<8B") == node_id:
                return _search(array, place)
        return None


def unpacked(raw: bytes, kind: int) -> bytes:
    """Return the FlatBuffer of a file; raise PreviewError for another file, LimitError for one that is too large."""
    if not raw.startswith(MAGIC) or len(raw) < HEADER_BYTES:
        raise PreviewError("a file of it does not begin as one of Icechunk does")
    _, found, packing = raw[HEADER_BYTES - 3 : HEADER_BYTES]
    if found != kind:
        raise PreviewError("a file of it is of another kind than its folder says")
    if packing == PLAIN:
        return raw[HEADER_BYTES:]
    if packing != ZSTD:
        raise LimitError(f"its files are packed by method {packing}, which is not unpacked here")
    pieces, size = [], 0
    for piece in Unstream("zstd").feed(raw[HEADER_BYTES:]):
        size += len(piece)
        if size > UNPACKED_BYTES:
            raise LimitError(f"a file of it unpacks to more than {size_text(UNPACKED_BYTES)}")
        pieces.append(piece)
    return b"".join(pieces)


def read_snapshot(raw: bytes) -> Snapshot:
    """Return a snapshot from its file; raise PreviewError, or the errors of damaged FlatBuffers."""
    root = Table.root(unpacked(raw, SNAPSHOT))
    micros = root.integer(FLUSHED, "<Q")
    written = ""
    if micros < 1 << 55:
        written = f"{EPOCH + timedelta(microseconds=micros):%Y-%m-%d %H:%M} UTC"
    return Snapshot(root.text(MESSAGE), written, tuple(_nodes(root)), root.count(NODES))


def base32(number: Sequence[int]) -> str:
    """Return the name of the file with this id."""
    bits = "".join(f"{part:08b}" for part in number)
    bits += "0" * (-len(bits) % 5)
    return "".join(DIGITS[int(bits[at : at + 5], 2)] for at in range(0, len(bits), 5))


def _nodes(root: Table) -> Iterator[StoredNode]:
    for node in root.tables(NODES, MOST_NODES):
        data = node.table(DATA) if node.integer(DATA_KIND, "<B") == ARRAY else None
        places = () if data is None else tuple(_manifest_place(one) for one in data.tables(MANIFESTS, MOST_MANIFESTS))
        path = node.text(PATH).removeprefix("/")
        yield StoredNode(node.struct(ID, "<8B"), path, read_json(node.bytes(DOCUMENT)), places)


def _manifest_place(table: Table) -> ManifestPlace:
    extents = tuple(table.structs(EXTENTS, "<2I", MOST_SIDES))
    return ManifestPlace(base32(table.struct(MANIFEST_ID, "<12B")), extents)


def _search(array: Table, place: tuple[int, ...]) -> ChunkPlace | None:
    low, high = 0, array.count(REFS)
    while low < high:
        middle = (low + high) // 2
        found = array.item(REFS, middle)
        index = tuple(number for (number,) in found.structs(INDEX, "<I", MOST_SIDES))
        if index == place:
            return _chunk_place(found)
        if index < place:
            low = middle + 1
        else:
            high = middle
    return None


def _chunk_place(table: Table) -> ChunkPlace:
    if table.has(INLINE):
        return ChunkPlace(inline=table.bytes(INLINE))
    start, size = table.integer(OFFSET, "<Q"), table.integer(LENGTH, "<Q")
    if table.has(CHUNK_ID):
        return ChunkPlace(name=base32(table.struct(CHUNK_ID, "<12B")), start=start, size_bytes=size)
    return ChunkPlace(location=table.text(LOCATION) or "a place whose name is packed", start=start, size_bytes=size)
