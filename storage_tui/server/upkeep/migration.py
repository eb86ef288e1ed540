"""The move of a local store into a bucket: every blob and record, checked by crc32c, and resumable after any break.

The source does not change. Blobs that the target already has with the same bytes are left alone, so a second run
continues where the first run stopped. A large blob continues in its middle.
"""

import asyncio
import time
from contextlib import suppress
from dataclasses import dataclass, field
from hashlib import sha256
from typing import TYPE_CHECKING

from storage_tui.contract.errors import ConflictError, NotFoundError, StorageError
from storage_tui.contract.models import Blob
from storage_tui.contract.storage_types import STORAGE_TYPES
from storage_tui.contract.wire import Span
from storage_tui.server.access import keyring
from storage_tui.server.catalog.documents import Documents
from storage_tui.server.catalog.removals import Removals
from storage_tui.server.stores.all_blobs import every_blob
from storage_tui.server.stores.base import ANY, Address, Precondition
from storage_tui.server.stores.local.store import LocalStore
from storage_tui.server.stores.records import ABSENT, Records

if TYPE_CHECKING:
    from storage_tui.server.stores.s3.store import S3Store

AT_ONCE = 8  # blobs under way: enough to keep an engine busy with small blobs
SINGLE_BYTES = 4 * 1024 * 1024  # blobs up to this size are sent in one request
ABSENT_ONLY = Precondition(if_none_match=("*",))


@dataclass(frozen=True, slots=True)
class Failure:
    """A blob that could not be moved, and the reason."""

    what: str
    reason: str


@dataclass(slots=True)
class Migration:
    """The progress of a move. `present` counts the blobs that the target had already; the bytes count both."""

    blobs: int = 0
    total_bytes: int = 0
    moved: int = 0
    present: int = 0
    done_bytes: int = 0
    records: int = 0
    failures: list[Failure] = field(default_factory=list)
    started: float = field(default_factory=time.monotonic)

    @property
    def done(self) -> int:
        """Return how many blobs are at the target."""
        return self.moved + self.present


async def migrate(
    source: LocalStore, source_records: Records, target: "S3Store", target_records: Records, state: Migration,
    *, may_overwrite: bool = False, must_read_back: bool = False,
) -> None:  # fmt: skip
    """Move everything of one started store into another, and update `state` on the way.

    Blobs keep their times of writing, and so their expiry. A blob that the target has with other bytes is a failure and
    stays as it is there, unless `may_overwrite` is set. With `must_read_back` every blob is read again from the target.
    The failure of a single blob is a row of `state.failures`. Raise StorageError only when nothing can continue.
    """
    namespaces = await source.namespaces()
    for namespace in namespaces:
        for storage_type in STORAGE_TYPES:
            usage = await source.usage(namespace, storage_type)
            state.blobs, state.total_bytes = state.blobs + usage.count, state.total_bytes + usage.size_bytes
    await Removals(Documents(source_records), source).sweep()  # remove images that a crash left half deleted
    await asyncio.to_thread(_move_records, source_records, target_records, state)
    turns = asyncio.Semaphore(AT_ONCE)
    mover = _Mover(source, target, state, may_overwrite, must_read_back)
    async with target.moving_in(sha256(str(source.data_dir).encode()).hexdigest()):
        for namespace in namespaces:
            for storage_type in STORAGE_TYPES:
                async with asyncio.TaskGroup() as tasks:
                    async for blob in every_blob(source, namespace, storage_type):
                        await turns.acquire()
                        tasks.create_task(mover.move(namespace, blob)).add_done_callback(lambda _: turns.release())


class _Mover:
    def __init__(
        self, source: LocalStore, target: "S3Store", state: Migration, may_overwrite: bool, must_read_back: bool
    ) -> None:
        self._source = source
        self._target = target
        self._state = state
        self._may_overwrite = may_overwrite
        self._must_read_back = must_read_back

    async def move(self, namespace: str, blob: Blob) -> None:
        """Move one blob; an error becomes a failure in the state."""
        address = Address(namespace, blob.storage_type, blob.key)
        try:
            found = await self._find(address)
            is_present = found is not None and (found.size_bytes, found.crc32c) == (blob.size_bytes, blob.crc32c)
            if not is_present:
                if found is not None and not self._may_overwrite:
                    raise ConflictError("the bucket has a different blob under this key, which was kept")
                await self._copy(address, blob, ANY if self._may_overwrite else ABSENT_ONLY)
                await self._verify(address, blob)
            if self._must_read_back:
                await self._read_back(address)
            self._state.present += is_present
            self._state.moved += not is_present
            self._state.done_bytes += blob.size_bytes or 0
        except StorageError as exc:
            self._state.failures.append(Failure(f"{blob.storage_type}:{blob.key}", exc.message))

    async def _find(self, address: Address) -> Blob | None:
        with suppress(NotFoundError):
            return await self._target.stat(address)
        return None

    async def _copy(self, address: Address, blob: Blob, precondition: Precondition) -> None:
        size_bytes = blob.size_bytes or 0
        async with self._source.open(address) as reader:
            if size_bytes <= SINGLE_BYTES:
                content = b"".join([piece async for piece in reader.chunks(Span(0, size_bytes))])
                await self._target.put(
                    address,
                    content,
                    content_type=blob.content_type,
                    crc32c=blob.crc32c,
                    precondition=precondition,
                    written=blob.modified,
                )
                return
            session = await self._target.create_upload(
                address, size_bytes=size_bytes, content_type=blob.content_type, crc32c=blob.crc32c,
                precondition=precondition, repeat_key=f"migrate {blob.etag}", written=blob.modified,
            )  # fmt: skip
            if session.blob is not None:  # the blob was finished, and deleted since
                raise ConflictError("it was moved before and deleted in the bucket since; run again in a week")
            async with self._target.write_upload(session.upload_id) as writer:
                async for piece in reader.chunks(Span(writer.offset, size_bytes)):
                    await writer.write(piece)
                await writer.finish(size_bytes=size_bytes, crc32c=blob.crc32c)

    async def _verify(self, address: Address, blob: Blob) -> None:
        found = await self._target.stat(address)
        if (found.size_bytes, found.crc32c) != (blob.size_bytes, blob.crc32c):
            raise ConflictError(f"the bucket reports {found.size_bytes} bytes of crc32c {found.crc32c} after the move")
        if found.modified != blob.modified:
            raise ConflictError(f"the bucket reports {found.modified} as the time of writing after the move")

    async def _read_back(self, address: Address) -> None:
        async with self._target.open(address) as reader:
            async for _ in reader.chunks(Span(0, reader.blob.size_bytes or 0)):
                pass


def _move_records(source: Records, target: Records, state: Migration) -> None:
    """Copy the records that are not there yet; the signing keys of both engines stay valid."""
    for name in source.names():
        found = source.read(name)
        if found is None:
            continue
        try:
            if name == keyring.RECORD:
                keyring.add_keys(target, keyring.parse_keys(found.content))
            else:
                target.write(name, found.content, expected=ABSENT)
        except ConflictError as exc:
            there = target.read(name)
            if there is None or there.content != found.content:
                state.failures.append(Failure(f"the record {name}", f"the bucket has another version: {exc.message}"))
                continue
        except StorageError as exc:
            state.failures.append(Failure(f"the record {name}", exc.message))
            continue
        state.records += 1
