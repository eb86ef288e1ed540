"""One member of an archive as a blob of its own: a stored one by ranges, a deflated one from its start."""

import asyncio
import zlib
from dataclasses import replace

from storage_tui.contract.models import Blob
from storage_tui.previews.base import KIB, MIB, Budget, Part, PreviewError, Source
from storage_tui.previews.containers.streams import UNPACKED_BYTES
from storage_tui.previews.formats.compressed import Held, Piece

LOCAL = b"PK\x03\x04"
LOCAL_BYTES = 30
NAMES_BYTES = 4 * KIB  # the name and the extra fields of a local header; they may take 128 KiB but never do
MEMBER_BUDGET = Budget(requests=2, size_bytes=MIB)


async def open_member(archive: Source, part: Part) -> Source:
    """Return a Source of the member; raise PreviewError when its way of packing is not supported here."""
    if part.method not in ("stored", "deflate"):
        why = "it is encrypted" if part.method == "encrypted" else f"{part.method} is not unpacked here"
        raise PreviewError(f"{part.name!a} cannot be shown: {why}")
    archive.begin()
    archive.allow(MEMBER_BUDGET)
    start = part.start
    if part.has_header:
        start = await _data_start(archive, part)
    name = f"{archive.blob.key}!/{part.name}"
    if part.method == "stored":
        size = part.size_bytes
        if archive.size_bytes is not None:
            size = min(size, max(0, archive.size_bytes - start))
        blob = Blob(name, archive.blob.storage_type, size)
        return Source(Stored(archive, start, size), blob)
    packed = await archive.read(start, start + min(part.packed_bytes, archive.bytes_left or part.packed_bytes))
    content, is_whole = await asyncio.to_thread(_inflate, packed)
    held = Held(content, is_whole)
    return Source(held, Blob(name, archive.blob.storage_type, held.size_bytes))


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
        self._archive.begin()
        self._archive.allow(Budget(requests=1, size_bytes=max(MIB, stop - start)))
        data = await self._archive.read(self._start + start, self._start + stop)
        return Piece(data, replace(Blob(key, storage_type), size_bytes=self._size))


async def _data_start(archive: Source, part: Part) -> int:
    """Return the offset of a zip member's bytes; its local header may be longer than its entry says (APPNOTE 4.3.7)."""
    packed_bytes = min(part.packed_bytes, 64 * KIB)  # fetched with the same request
    head = await archive.read(part.start, part.start + LOCAL_BYTES + NAMES_BYTES + packed_bytes)
    if not head.startswith(LOCAL) or len(head) < LOCAL_BYTES:
        raise PreviewError(f"{part.name!a} cannot be shown: its header is damaged")
    return part.start + LOCAL_BYTES + int.from_bytes(head[26:28], "little") + int.from_bytes(head[28:30], "little")


def _inflate(packed: bytes) -> tuple[bytes, bool]:
    unpacker = zlib.decompressobj(-15)
    try:
        content = unpacker.decompress(packed, UNPACKED_BYTES)
    except zlib.error as exc:
        raise PreviewError("its deflate stream is damaged") from exc
    if not content and not unpacker.eof:
        raise PreviewError("no part of it can be unpacked")
    return content, unpacker.eof
