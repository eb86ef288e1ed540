"""The chunks of a snapshot as if they were blobs of a Zarr store: a name of a chunk is looked up in its manifest."""

import asyncio
import re

from storage_tui.contract.sizes import size_text
from storage_tui.contract.visible import visible
from storage_tui.previews.base import LimitError
from storage_tui.previews.reasons import reason_of
from storage_tui.previews.stores.icechunk_files import (
    MANIFEST,
    UNREAD,
    ChunkPlace,
    Manifest,
    ManifestPlace,
    Snapshot,
    StoredNode,
    unpacked,
)
from storage_tui.previews.stores.prefix import Part, Prefix

_NUMBERS = re.compile(r"(?:c(?:$|[/.]))?((?:\d+(?:[/.]|$))*)", re.ASCII)


class SnapshotChunks:
    """Reads chunks of the arrays of one snapshot, within the budget of the prefix. Each manifest is read once."""

    def __init__(self, prefix: Prefix, snapshot: Snapshot) -> None:
        self._prefix = prefix
        self._arrays = {node.path: node for node in snapshot.nodes}
        self._manifests: dict[str, Manifest | str] = {}
        self._reading = asyncio.Lock()

    @property
    def requests_left(self) -> int:
        """How many more requests the budget allows."""
        return self._prefix.requests_left

    @property
    def bytes_left(self) -> int:
        """How many more bytes the budget allows."""
        return self._prefix.bytes_left

    async def read(self, name: str, start: int, stop: int) -> Part | None:
        """Return a range of a chunk, by the name that the chunk has in a Zarr store; None for one never written.

        Raises LimitError for a chunk that lies in another place, and past the budget; an error of the client.
        """
        found = self._split(name)
        if found is None:
            return None
        node, place = found
        for where in node.manifests:
            if where.holds(place):
                manifest = await self._manifest(where)
                try:
                    chunk = manifest.find(node.node_id, place)
                except UNREAD as exc:
                    raise LimitError(f"is named in a manifest that is not read: {reason_of(exc)}") from exc
                if chunk is not None:
                    return await self._read(chunk, start, stop)
        return None

    async def _read(self, chunk: ChunkPlace, start: int, stop: int) -> Part | None:
        if chunk.inline is not None:
            return Part(chunk.inline[start:stop], len(chunk.inline))
        if chunk.location:
            raise LimitError(f"lies in another place, which is not opened: {visible(chunk.location, limit=60)}")
        stop = min(stop, chunk.size_bytes)
        if stop <= start:
            return Part(b"", chunk.size_bytes)
        part = await self._prefix.read(f"chunks/{chunk.name}", chunk.start + start, chunk.start + stop)
        return None if part is None else Part(part.data, chunk.size_bytes)

    def _split(self, name: str) -> tuple[StoredNode, tuple[int, ...]] | None:
        """Return the array of a chunk's name, and the place of the chunk in it."""
        for path in sorted((path for path in self._arrays if name.startswith(f"{path}/")), key=len, reverse=True):
            match = _NUMBERS.fullmatch(name[len(path) + 1 :])
            if match is not None:
                node = self._arrays[path]
                place = tuple(int(number) for number in re.findall(r"\d+", match[1])[:64])
                return node, place if any(len(where.extents) == len(place) for where in node.manifests) else ()
        return None

    async def _manifest(self, where: ManifestPlace) -> Manifest:
        """Return a manifest, read once however many chunks ask for it; raise LimitError for one that is not read."""
        async with self._reading:
            if where.name not in self._manifests:
                self._manifests[where.name] = await self._load(where.name)
        found = self._manifests[where.name]
        if isinstance(found, str):
            raise LimitError(found)
        return found

    async def _load(self, name: str) -> Manifest | str:
        """Return a manifest, or the reason why its chunks are not read."""
        part = await self._prefix.read(f"manifests/{name}", 0, self._prefix.bytes_left // 2)
        if part is None:
            return "is named in a manifest that is not there"
        if not part.is_whole:
            return f"is named in a manifest of {size_text(part.size_bytes)}, which is past the budget"
        try:
            return Manifest(await asyncio.to_thread(unpacked, part.data, MANIFEST))
        except UNREAD as exc:
            return f"is named in a manifest that is not read: {reason_of(exc)}"
