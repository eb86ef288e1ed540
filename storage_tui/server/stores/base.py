"""The Store: what the server asks of an engine, and what an engine promises.

Promises of every Store, held by one conformance suite (`tests/server/stores/`):

- *Durability.* When `put`, `finish`, `copy` or a delete returns, the change survives `kill -9` and a power cut. The
  offset of an upload session that was ever reported survives too.
- *Atomicity.* A reader sees the old blob or the new one, whole; never a mixture, never a part. A reader that is open
  keeps its blob while the key is overwritten, deleted or expired.
- *Order.* Lists are in the byte order of the UTF-8 keys. Of several writers of one key the last to commit wins.
- *Rules.* The rules of the storage type are enforced in the same transaction as the change, on every path that writes
  or deletes. An expired blob does not exist, whether or not it was swept.
- *Honesty.* Bytes that are not what was stored are never given out: a whole read raises DamagedError before its last
  piece, a read of a part before the first piece that is wrong.
- *Isolation.* Nothing of one namespace can be reached with the Address of another.
- *Bounded memory.* No call holds more than a few MiB of a blob, nor more than one page of a list.

An engine that many servers share may keep less of one of these; its docstring says what, and the suite's table too.

Methods raise StorageError subclasses only: NotFoundError, ConflictError and TypeRuleError, PreconditionFailedError,
ChecksumError, GoneError, CancelledError, StoreFullError, DamagedError, UnavailableError. All are coroutines that never
block the event loop they run on.
"""

from collections.abc import AsyncIterator, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Protocol

from storage_tui.contract.columns import ColumnPage
from storage_tui.contract.models import Blob, DeleteResult, Page, Usage
from storage_tui.contract.wire import Span

READ_SIZE = 256 * 1024  # one read of a blob: large enough to be cheap, small enough that other requests get a turn


@dataclass(frozen=True, slots=True)
class Address:
    """Where one blob is: the namespace (40 hex digits of sha1 of the token's `sub`), the storage type, the key."""

    namespace: str
    storage_type: str
    key: str


@dataclass(frozen=True, slots=True)
class Precondition:
    """What must hold for a change, by ETag without quotes (RFC 9110 13.1). `*` in `if_none_match`: nothing may exist
    there. `*` in `if_match`: something must. Empty: anything goes."""

    if_match: tuple[str, ...] = ()
    if_none_match: tuple[str, ...] = ()


ANY = Precondition()


@dataclass(frozen=True, slots=True)
class UploadSession:
    """A resumable upload as it stands. `offset` bytes are kept durably; `blob` is set once it is finished."""

    upload_id: str
    address: Address
    offset: int
    size_bytes: int | None = None
    content_type: str | None = None
    blob: Blob | None = None
    is_cancelled: bool = False


class BlobReader(Protocol):
    """One blob, held open: overwriting, deleting or expiring its key does not disturb the reading."""

    @property
    def blob(self) -> Blob:
        """The blob being read, complete with size, ETag, checksum, times and content type."""

    def chunks(self, span: Span, *, step_bytes: int = READ_SIZE) -> AsyncIterator[bytes]:
        """The bytes of the span in pieces of about `step_bytes`, which READ_SIZE is a multiple of and 64 KiB the least,
        yielding to the event loop between them. An engine may give READ_SIZE at once."""


class UploadWriter(Protocol):
    """The one writer of an upload session at a time."""

    @property
    def offset(self) -> int:
        """The bytes taken so far in this session, durable or not; where the next write goes."""

    async def write(self, chunk: bytes) -> None:
        """Append. Waits while the disk is behind, so that memory stays bounded; may checkpoint by itself."""

    async def checkpoint(self) -> int:
        """Make everything written durable; returns the offset, which from now on may be told to a client."""

    async def finish(self, *, size_bytes: int | None = None, crc32c: str | None = None) -> Blob:
        """Make the blob visible under its key, durably, and close the session.

        Raises BadRequestError when `size_bytes` is not what is there, ChecksumError when `crc32c` (wire form, from
        this call or from the start of the session) is not that of the bytes: then nothing becomes visible and the
        session starts over at offset 0. Type rules and preconditions are checked again here, in the transaction.
        """


class Store(Protocol):
    """An engine. `start` before the first call, `close` after the last."""

    async def start(self) -> None:
        """Take possession of the store and recover. Raises StorageError with one clear line when it cannot."""

    async def close(self) -> None:
        """Let go of everything; running writers are cut off at their last durable offset."""

    async def stat(self, address: Address) -> Blob:
        """The blob at the address; raises NotFoundError."""

    def open(self, address: Address) -> AbstractAsyncContextManager[BlobReader]:
        """The blob at the address for reading; raises NotFoundError on entering."""

    async def list_page(
        self, namespace: str, storage_type: str, *, prefix: str = "", delimiter: str = "", after: str = "", limit: int
    ) -> Page:
        """Up to `limit` blobs and child prefixes together, in byte order, strictly after `after`.

        With the delimiter `/` keys below a child prefix are folded into it, and `after` may be such a prefix, which
        skips all below it. `next_token` is the last key or prefix of the page, raw, or None at the end; signing it is
        the caller's business. A key that exists throughout a series of pages is in it exactly once.
        """

    async def list_columns(
        self, namespace: str, storage_type: str, *, prefix: str = "", delimiter: str = "", after: str = "", limit: int,
        page_limit: int,
    ) -> list[ColumnPage]:  # fmt: skip
        """What `list_page` gives, as one or more pages in columns of up to `page_limit` entries each, up to `limit`
        together or as many as the engine gives at once. The last of them tells whether more follow."""

    async def usage(self, namespace: str, storage_type: str, *, prefix: str = "", delimiter: str = "") -> Usage:
        """Count, bytes, oldest and newest under the prefix, and the same per child prefix with a delimiter."""

    async def put(
        self, address: Address, content: bytes, *, content_type: str | None = None, crc32c: str | None = None,
        precondition: Precondition = ANY,
    ) -> Blob:  # fmt: skip
        """Store a small value in one step."""

    async def delete(self, address: Address, *, precondition: Precondition = ANY) -> None:
        """Remove the blob; raises NotFoundError when there is none, TypeRuleError where the type refuses."""

    async def withdraw(self, address: Address, *, precondition: Precondition = ANY) -> None:
        """As `delete`, also where the type's rule refuses that. For the catalog alone, when it removes an image: no
        call of the Storage API leads here."""

    async def delete_many(
        self, namespace: str, storage_type: str, targets: Sequence[tuple[str, str | None]]
    ) -> list[DeleteResult]:
        """Remove many keys, each optionally only if its ETag is still the given one; a result for each, in order."""

    async def copy(self, source: Address, target: Address, *, precondition: Precondition = ANY) -> Blob:
        """Make `target` a blob of the same bytes and content type; both are in one namespace. Its times are new."""

    async def create_upload(
        self, address: Address, *, size_bytes: int | None = None, content_type: str | None = None,
        crc32c: str | None = None, precondition: Precondition = ANY, repeat_key: str | None = None,
    ) -> UploadSession:  # fmt: skip
        """Begin a session under a new unguessable id; it is kept for a week.

        With a `repeat_key` that began one at this address and of this size before, it is that one again as it stands,
        open or finished.
        """

    async def find_upload(self, upload_id: str) -> UploadSession:
        """The session as it stands; raises NotFoundError for an unknown id, GoneError for an expired one."""

    def write_upload(self, upload_id: str, *, restart: bool = False) -> AbstractAsyncContextManager[UploadWriter]:
        """The writer of a session; `restart` drops what it holds and begins at 0.

        On leaving, also by an exception or cancellation, what was written is made durable and kept for a resume. The
        caller sees to it that a session has one writer at a time. Raises GoneError or CancelledError for a session
        that has ended, and ConflictError for one that is finished.
        """

    async def cancel_upload(self, upload_id: str) -> None:
        """End a session and drop its bytes; a finished one is left as it is."""

    async def sweep(self) -> int:
        """Remove what has expired, and garbage; returns how many blobs expired. Called every minute or so."""
