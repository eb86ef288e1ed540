"""One member of an archive as a blob of its own: a stored or sparse one by ranges, a packed one from its start."""

import asyncio
from dataclasses import replace
from itertools import accumulate

from storage_tui.contract.models import Blob
from storage_tui.contract.sizes import size_text
from storage_tui.previews.base import KIB, MIB, Budget, LimitError, Part, PreviewError, Source
from storage_tui.previews.containers.streams import unpack
from storage_tui.previews.formats.compressed import Held, Piece

LOCAL = b"PK\x03\x04"
LOCAL_BYTES = 30
NAMES_BYTES = 4 * KIB  # the name and the extra fields of a local header; they may take 128 KiB but never do
MEMBER_BUDGET = Budget(requests=2, size_bytes=MIB)
STORED, LZMA = "stored", "lzma"
METHODS = (STORED, "deflate", "bzip2", LZMA, "zstd", "xz")  # how zip packs; tar stores
LZMA_BYTES = 9  # before the bytes in a zip: a version, the length 5, and five bytes of settings (APPNOTE 5.8.8)


async def open_member(archive: Source, part: Part) -> Source:
    """Return a Source of the member; raise PreviewError when its way of packing is not supported here."""
    if part.method not in METHODS:
        why = "it is encrypted" if part.method == "encrypted" else f"{part.method} is not unpacked here"
        raise LimitError(f"{part.name!a} cannot be shown: {why}")
    archive.begin()
    archive.allow(MEMBER_BUDGET)
    start = part.start
    if part.has_header:
        start = await _data_start(archive, part)
    name = f"{archive.blob.key}!/{part.name}"
    if part.pieces is not None:
        stored = Sparse(archive, replace(part, start=start))
        return Source(stored, Blob(name, archive.blob.storage_type, part.size_bytes), is_alone=True)
    if part.method == STORED and archive.size_bytes is not None:
        size = min(part.size_bytes, max(0, archive.size_bytes - start))
        blob = Blob(name, archive.blob.storage_type, size)
        return Source(Stored(archive, start, size), blob, is_alone=True)
    packed = await archive.read(start, start + min(part.packed_bytes, archive.bytes_left or part.packed_bytes))
    if part.packed_bytes and not packed:
        raise LimitError(f"{part.name!a} lies past the first part of the archive that is unpacked here")
    held = await asyncio.to_thread(_unpack, part, packed)
    return Source(held, Blob(name, archive.blob.storage_type, held.size_bytes), is_alone=True)


class Stored:
    """A storage of one blob, the member, which is a range of the archive."""

    def __init__(self, archive: Source, start: int, size_bytes: int) -> None:
        self._archive = archive
        self._start = start
        self._size = size_bytes

    async def read_range(
        self, key: str, storage_type: str = "data", *, start: int = 0, stop: int | None = None, etag: str | None = None
    ) -> Piece:
        """Return the range of the member, which is a range of the archive."""
        stop = self._size if stop is None else min(stop, self._size)
        data = await _read(self._archive, self._start + start, self._start + stop)
        return Piece(data, replace(Blob(key, storage_type), size_bytes=self._size))


class Sparse:
    """A storage of one blob, a sparse file of a tar: pieces that lie one after the other, and zeros between them."""

    def __init__(self, archive: Source, part: Part) -> None:
        self._archive = archive
        self._size = part.size_bytes
        pieces = part.pieces or ()
        places = accumulate((size for _, size in pieces), initial=part.start)
        self._pieces = [(offset, size, place) for (offset, size), place in zip(pieces, places, strict=False)]
        ends = [0, *(offset + size for offset, size in pieces)]
        in_order = all(offset >= end for (offset, _), end in zip(pieces, ends, strict=False))
        if not in_order or ends[-1] > part.size_bytes or sum(size for _, size in pieces) > part.packed_bytes:
            raise PreviewError(f"{part.name!a} cannot be shown: the map of a sparse file is damaged")

    async def read_range(
        self, key: str, storage_type: str = "data", *, start: int = 0, stop: int | None = None, etag: str | None = None
    ) -> Piece:
        """Return the range of the file; its pieces are one range of the archive."""
        stop = self._size if stop is None else min(stop, self._size)
        data = bytearray(max(0, stop - start))
        found = [piece for piece in self._pieces if piece[0] < stop and piece[0] + piece[1] > start]
        if found:
            first, last = found[0], found[-1]
            begin = first[2] + max(0, start - first[0])
            packed = await _read(self._archive, begin, last[2] + min(last[1], stop - last[0]))
            for offset, size, place in found:
                low, high = max(offset, start), min(offset + size, stop)
                at = place + low - offset - begin
                part = packed[at : at + high - low]
                if len(part) < high - low:
                    raise LimitError(
                        "its bytes lie past the end of the archive, or past the part that is unpacked here"
                    )
                data[low - start : high - start] = part
        return Piece(bytes(data), replace(Blob(key, storage_type), size_bytes=self._size))


async def _read(archive: Source, start: int, stop: int) -> bytes:
    archive.begin()
    archive.allow(Budget(requests=1, size_bytes=max(MIB, stop - start)))
    return await archive.read(start, stop)


async def _data_start(archive: Source, part: Part) -> int:
    """Return the offset of a zip member's bytes; its local header may be longer than its entry says (APPNOTE 4.3.7)."""
    packed_bytes = min(part.packed_bytes, 64 * KIB)  # fetched with the same request
    head = await archive.read(part.start, part.start + LOCAL_BYTES + NAMES_BYTES + packed_bytes)
    if not head.startswith(LOCAL) or len(head) < LOCAL_BYTES:
        raise PreviewError(f"{part.name!a} cannot be shown: its header is damaged")
    return part.start + LOCAL_BYTES + int.from_bytes(head[26:28], "little") + int.from_bytes(head[28:30], "little")


def _unpack(part: Part, packed: bytes) -> Held:
    """Return the member as far as these bytes unpack; all of it when as many bytes come out as the archive says."""
    if part.method == STORED:  # in an archive that is itself packed
        return Held(packed, len(packed) == part.size_bytes)
    is_whole = len(packed) == part.packed_bytes
    if part.method == LZMA:  # to the header of a file of its own, with a size that is not known
        packed = packed[4:LZMA_BYTES] + b"\xff" * 8 + packed[LZMA_BYTES:]
    unpacked = unpack(part.method, packed, is_whole=is_whole)
    is_complete = unpacked.is_complete or (is_whole and len(unpacked.content) == part.size_bytes)
    if not unpacked.content and not is_complete:
        raise LimitError(unpacked.note or f"its first block is longer than the {size_text(len(packed))} read")
    return Held(unpacked.content, is_complete)
