"""Small files, many in one request, where the server takes packs: this saves a round trip for each file.

An item that a pack does not complete is left to `Mover`, which moves it alone and reports the precise error. Therefore
nothing here retries or reports errors.
"""

import json
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, closing, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from storage_tui.client import calls
from storage_tui.client.batch.mover import Mover, done
from storage_tui.client.batch.plan import BatchItem
from storage_tui.client.batch.results import BatchResult
from storage_tui.client.control import TransferControl
from storage_tui.client.http.pace import Lane
from storage_tui.client.requests import CONTROL_BYTES, Request
from storage_tui.client.transfer.conflict import Conflict
from storage_tui.client.transfer.engine import TransferEngine
from storage_tui.client.transfer.local_tree import opened_below
from storage_tui.client.transfer.part_file import PartFile, Purpose
from storage_tui.client.transfer.sources import FileSource, source_below
from storage_tui.contract import checksum, wire
from storage_tui.contract.errors import CancelledError, ProtocolError, StorageError
from storage_tui.contract.models import Blob, ServiceInfo
from storage_tui.contract.packs import PACK_TYPE, PackError, PackReader, frame
from storage_tui.contract.storage_types import find_storage_type
from storage_tui.contract.wire import Span

SMALL_BYTES = 128 * 1024  # for a larger file a separate request costs little, compared with its bytes
PACK_BLOBS = 64  # in one request: enough to share its cost, few enough to send again quickly after a cut
PACK_BYTES = 1024 * 1024
READ_BYTES = 256 * 1024


@dataclass(frozen=True, slots=True, eq=False)
class Packed:
    """One item of a group: its number in the batch, and the handle by which people steer it."""

    number: int
    item: BatchItem
    control: TransferControl


@dataclass(frozen=True, slots=True)
class Ended:
    """The end of an item. A download may lack its final name, which its `part` gets at the commit."""

    number: int
    result: BatchResult
    part: PartFile | None = None


class Joining:
    """Decides, item by item, which items go into one pack."""

    def __init__(self, info: ServiceInfo, conflict: Conflict, most_blobs: int = PACK_BLOBS) -> None:
        self._info, self._conflict, self._most_blobs = info, conflict, most_blobs
        self._first: BatchItem | None = None
        self._count = self._size_bytes = 0

    def takes(self, item: BatchItem) -> bool:
        """Return whether the item goes into the pack with all items before; the first False ends the pack."""
        if not _is_packable(self._info, self._conflict, item):
            return False
        first = self._first = self._first or item
        self._count += 1
        self._size_bytes += item.size_bytes or 0
        limits = self._info.limits
        is_like = (first.direction, first.storage_type) == (item.direction, item.storage_type)
        is_room = self._count <= min(self._most_blobs, limits.batch_blobs)
        return is_like and is_room and self._size_bytes <= min(PACK_BYTES, limits.batch_bytes // 2)


def _is_packable(info: ServiceInfo, conflict: Conflict, item: BatchItem) -> bool:
    feature = "set-batch" if item.direction == "upload" else "get-batch"
    if feature not in info.features or item.root is None or item.size_bytes is None:
        return False
    if (item.conflict or conflict) is Conflict.RENAME:
        return False  # a name is chosen once, and the mover may move the item in the end
    if item.direction == "upload" and not find_storage_type(item.storage_type).may_overwrite:
        return False  # a blob stored before a cut would be refused when it is sent again
    return item.size_bytes <= min(SMALL_BYTES, info.limits.batch_blob_bytes)


class Packs:
    """Moves groups of small items, from any thread."""

    def __init__(self, engine: TransferEngine, mover: Mover, conflict: Conflict, most_blobs: int = PACK_BLOBS) -> None:
        self._engine, self._mover = engine, mover
        self._conflict, self._most_blobs = conflict, most_blobs
        self._asking = threading.Lock()
        self._has_asked = False

    def ask(self) -> None:
        """Ask the server once for its features; a failure here is reported when the first item is moved."""
        if self._has_asked:
            return
        with self._asking:
            if not self._has_asked:
                with suppress(StorageError):
                    self._engine.describe()
                self._has_asked = True

    def joining(self) -> Joining:
        """Return the rule that chooses the items of the next pack."""
        return Joining(self._engine.service.description or ServiceInfo(), self._conflict, self._most_blobs)

    def move(self, rows: Sequence[Packed]) -> Iterator[Ended]:
        """Move a group and yield the items that ended, as they end. The caller moves the others one by one."""
        places = {}
        for row in rows:
            place = self._mover.settle(row.item, row.control)
            if isinstance(place, BatchResult):
                yield Ended(row.number, place)
            else:
                places[row] = place
        if len(places) < 2:
            return
        way = self._uploads if rows[0].item.direction == "upload" else self._downloads
        with suppress(StorageError, OSError, PackError):
            yield from way(places)

    def _uploads(self, places: Mapping[Packed, tuple[str, Path]]) -> Iterator[Ended]:
        frames: dict[Packed, _Framed] = {}
        for row, (key, path) in places.items():
            with suppress(StorageError, OSError):
                content = _content(row.item, path)
                if content is not None:
                    told = checksum.encode(checksum.extend(0, content))
                    head = {"key": key, "crc32c": told, "content_type": row.item.content_type or calls.UPLOAD_TYPE}
                    frames[row] = _Framed(frame(head, content), len(content), told)
        length = sum(len(framed.raw) for framed in frames.values())
        headers = {"Content-Type": PACK_TYPE, "Content-Length": str(length)}
        answer = self._sent(wire.SET, frames, headers, _passing(frames, self._engine.pace.up))
        results = wire.parse_answer(b"".join(map(bytes, answer)))
        rows = results.get("results") if isinstance(results, dict) else None
        if not isinstance(rows, list) or len(rows) != len(frames):
            raise ProtocolError("the server did not report for each blob of a pack whether it was stored")
        for (row, framed), raw in zip(frames.items(), rows, strict=True):
            key, path = places[row]
            blob = _blob(raw, row.item.storage_type)
            if blob is not None and (blob.key, blob.size_bytes, blob.crc32c) == (key, framed.size_bytes, framed.crc32c):
                yield _verified(row, key, path, blob)

    def _downloads(self, places: Mapping[Packed, tuple[str, Path]]) -> Iterator[Ended]:
        body = json.dumps({"keys": [key for key, _ in places.values()]}, ensure_ascii=False).encode()
        headers = {"Content-Type": "application/json", "Content-Length": str(len(body))}
        reader, waiting = PackReader(SMALL_BYTES), iter(places.items())
        with ExitStack() as stack:
            folders: dict[Path, int] = {}
            for chunk in self._sent(wire.GET, places, headers, [body]):
                for head, content in reader.feed(chunk):
                    row, (key, path) = next(waiting, (None, ("", Path())))
                    if row is None or head.get("key") != key:
                        raise ProtocolError("the server sent a different blob than requested")
                    blob = _blob(head, row.item.storage_type)
                    is_damaged = blob is not None and blob.crc32c != checksum.encode(checksum.extend(0, content))
                    if blob is None or is_damaged or _is_held(row):
                        continue
                    row.control.done_bytes = row.control.total_bytes = len(content)
                    with suppress(StorageError):
                        part = self._part(row.item, key, path, content, folders, stack)
                        yield _verified(row, key, path, blob, part)

    def _sent(
        self, verb: str, rows: Mapping[Packed, Any], headers: Mapping[str, str], content: Any
    ) -> Iterator[memoryview]:
        """Send a pack and yield the body of the answer as it arrives."""
        if not rows:
            return
        first = next(iter(rows))
        for row in rows:
            row.control.phase = "moving"
        request = Request("POST", f"/{first.item.storage_type}/{verb}", headers=headers)
        with self._engine.session.stream(request, control=first.control, content=content) as (response, body):
            if not response.is_success:
                raise ProtocolError(f"the server did not take a pack: {response.status}")
            buffer, taken = memoryview(bytearray(READ_BYTES)), 0
            lane = self._engine.pace.down
            while count := body.read_into(buffer[: lane.step(READ_BYTES)]):
                taken += count
                lane.take(count, first.control)
                if taken > CONTROL_BYTES:
                    raise ProtocolError("the answer to a pack has no end")
                yield buffer[:count]

    def _part(
        self, item: BatchItem, key: str, path: Path, content: bytes, folders: dict[Path, int], stack: ExitStack
    ) -> PartFile:
        """Write the bytes to a part beside the target and return it; a folder is opened once for the whole pack."""
        assert item.root is not None
        folder = folders.get(path.parent)
        if folder is None:
            opened = opened_below(item.root, path.parent.relative_to(item.root), make=True)
            folder = folders[path.parent] = stack.enter_context(opened)
        purpose = Purpose(path.name, self._engine.display_url, item.storage_type, key)
        return PartFile.open_whole(folder, purpose, content, replaces=self._mover.replaces(item))


@dataclass(frozen=True, slots=True)
class _Framed:
    """A blob to upload: its frame, and the size and checksum that the server must report."""

    raw: bytes
    size_bytes: int
    crc32c: str


def _verified(row: Packed, key: str, path: Path, blob: Blob, part: PartFile | None = None) -> Ended:
    row.control.phase = "verified"
    return Ended(row.number, done(row.item, key, path, row.control, blob), part)


def _content(item: BatchItem, path: Path) -> bytes | None:
    """Return the bytes of a local file; None when it has grown too large for a pack, or its size is not known."""
    assert item.root is not None
    with closing(source_below(item.root, path)) as source:
        if not isinstance(source, FileSource) or source.size_bytes > SMALL_BYTES:
            return None
        content = b"".join(bytes(chunk) for chunk in source.chunks(Span(0, source.size_bytes)))
        source.check_unchanged()
        return content


def _passing(frames: Mapping[Packed, _Framed], lane: Lane) -> Iterator[memoryview]:
    """Yield the frames and count their bytes. A pause or cancel of one item stops the pack; items then move alone."""
    for row, framed in frames.items():
        if _is_held(row):
            raise CancelledError("the pack was stopped")
        yield from lane.pieces(framed.raw, row.control)
        row.control.done_bytes = row.control.total_bytes = framed.size_bytes


def _is_held(row: Packed) -> bool:
    return row.control.is_cancelled or row.control.is_paused


def _blob(raw: Any, storage_type: str) -> Blob | None:
    """Return the blob that the server describes; None where the server sent an error for it."""
    if not isinstance(raw, dict) or "error" in raw:
        return None
    return Blob.from_json(raw, storage_type)
