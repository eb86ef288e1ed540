"""The Store: what the server asks of an engine, and what an engine promises.

Promises of every Store, tested by one conformance suite (`tests/server/stores/`):

- *Durability.* When `put`, `finish`, `copy`, `move` or a delete returns, the change survives `kill -9` and a power cut.
  Every offset of an upload session that was ever reported survives them too.
- *Atomicity.* A reader sees the old blob or the new one, whole; never a mixture, never a part. An open reader keeps its
  blob while the key is overwritten, deleted or expired.
- *Order.* Lists are in the byte order of the UTF-8 keys. Of several writers of one key the last to commit wins.
- *Rules.* The rules of the storage type are enforced in the same transaction as the change, on every path that writes
  or deletes. An expired blob does not exist, whether or not it was swept.
- *Honesty.* Bytes other than the stored bytes are never returned: a read of the whole blob raises DamagedError before
  its last piece, a read of a part before the first wrong piece.
- *Isolation.* Nothing of one namespace can be reached with the Address of another.
- *Bounded memory.* No call holds more than a few MiB of a blob, nor more than one page of a list.

An engine that many servers share may keep less of one of these promises. Its docstring and the table of the suite then
state the difference.

Methods raise StorageError subclasses only: NotFoundError, ConflictError and TypeRuleError, PreconditionFailedError,
ChecksumError, GoneError, CancelledError, StoreFullError, DamagedError, UnavailableError. All are coroutines and never
block the event loop that they run on.
"""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from typing import Protocol

from storage_tui.contract.columns import ColumnPage
from storage_tui.contract.models import Blob, DeleteResult, Page, Usage
from storage_tui.contract.moves import Move, MoveResult
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
    """The condition for a change, as ETags without quotes (RFC 9110 13.1). `*` in `if_none_match`: the key must not
    exist. `*` in `if_match`: the key must exist. Empty: no condition."""

    if_match: tuple[str, ...] = ()
    if_none_match: tuple[str, ...] = ()


ANY = Precondition()


@dataclass(frozen=True, slots=True)
class UploadSession:
    """The present state of a resumable upload. `offset` bytes are kept durably; `blob` is set once the upload is
    finished. The caller compares the hashes `promised` at the start of the session, by their names in `checksum.py`;
    the engine compares the crc32c."""

    upload_id: str
    address: Address
    offset: int
    size_bytes: int | None = None
    content_type: str | None = None
    blob: Blob | None = None
    is_cancelled: bool = False
    promised: Mapping[str, bytes] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class UploadPart:
    """A part of an upload session that is not joined to the bytes before it yet: the bytes from `start` to `stop` of
    the blob, of which those before `offset` are kept durably; `crc` is their crc32c."""

    start: int
    stop: int
    offset: int
    crc: int = 0

    @property
    def is_whole(self) -> bool:
        """Return whether all its bytes are kept."""
        return self.offset == self.stop


class BlobReader(Protocol):
    """One open blob. Overwriting, deleting or expiring its key does not disturb the reading."""

    @property
    def blob(self) -> Blob:
        """The open blob, complete with size, ETag, checksum, times and content type."""

    def chunks(self, span: Span, *, step_bytes: int = READ_SIZE) -> AsyncIterator[bytes]:
        """Yield the bytes of the span in pieces of about `step_bytes`, and let the event loop run between two pieces.
        `step_bytes` is at least 64 KiB and divides READ_SIZE. An engine may yield READ_SIZE bytes at once."""


class UploadWriter(Protocol):
    """The only writer of an upload session at a time."""

    @property
    def offset(self) -> int:
        """The bytes taken so far in this session, durable or not: where the next write goes."""

    async def write(self, chunk: bytes) -> None:
        """Append the bytes. Wait while the disk is behind, so that memory stays bounded. May make a checkpoint by
        itself."""

    async def checkpoint(self) -> int:
        """Make all written bytes durable and return the offset, which may be reported to a client from now on."""

    def kept(self) -> AsyncIterator[bytes] | None:
        """Return the bytes of the session from the first on, in pieces; None on an engine that cannot read them now."""

    async def restart(self) -> None:
        """Drop the bytes of the session and begin at 0."""

    async def finish(self, *, size_bytes: int | None = None, crc32c: str | None = None, md5: str | None = None) -> Blob:
        """Make the blob visible under its key, durably, and close the session. `md5` (base64) is that of the bytes, as
        the caller found it; it is kept where the engine can.

        Raise BadRequestError when `size_bytes` is not the number of bytes written. Raise ChecksumError when `crc32c`
        (wire form, from this call or from the start of the session) is not the checksum of the bytes. After either
        error nothing is visible. After ChecksumError the session starts over at offset 0. Type rules and preconditions
        are checked again here, in the transaction.
        """


class Store(Protocol):
    """An engine. Call `start` before the first other call, and `close` after the last.

    `opens_with_bytes` is true when `open` reads the first bytes of the blob, READ_SIZE at most, before they are asked
    for.
    """

    opens_with_bytes: bool

    async def start(self) -> None:
        """Take possession of the store and recover. Raise StorageError with a message of one line when that fails."""

    async def close(self) -> None:
        """Release everything. Running writers are cut off at their last durable offset."""

    async def stat(self, address: Address) -> Blob:
        """Return the blob at the address. Raise NotFoundError when there is none."""

    def open(self, address: Address) -> AbstractAsyncContextManager[BlobReader]:
        """Open the blob at the address for reading. Entering the context raises NotFoundError when there is none."""

    async def list_page(
        self, namespace: str, storage_type: str, *, prefix: str = "", delimiter: str = "", after: str = "", limit: int
    ) -> Page:
        """Return up to `limit` blobs and child prefixes together, in byte order, strictly after `after`.

        With the delimiter `/`, keys below a child prefix are folded into the prefix. `after` may be such a prefix: then
        all keys below it are skipped. `next_token` is the last key or prefix of the page, raw, or None at the end; the
        caller signs it. A key that exists throughout a series of pages is in the series exactly once.
        """

    async def list_columns(
        self, namespace: str, storage_type: str, *, prefix: str = "", delimiter: str = "", after: str = "", limit: int,
        page_limit: int,
    ) -> list[ColumnPage]:  # fmt: skip
        """Return the entries of `list_page` as one or more pages in columns, with up to `page_limit` entries in each
        page. All pages together hold up to `limit` entries, or as many as the engine returns at once. The last page
        says whether more follow."""

    async def usage(self, namespace: str, storage_type: str, *, prefix: str = "", delimiter: str = "") -> Usage:
        """Return count, bytes, oldest and newest under the prefix. With a delimiter, return the same for each child
        prefix."""

    async def put(
        self, address: Address, content: bytes, *, content_type: str | None = None, crc32c: str | None = None,
        md5: str | None = None, precondition: Precondition = ANY,
    ) -> Blob:  # fmt: skip
        """Store a small value in one step and return its blob. `md5` as for `UploadWriter.finish`."""

    async def delete(self, address: Address, *, precondition: Precondition = ANY) -> None:
        """Remove the blob. Raise NotFoundError when there is none, and TypeRuleError when its type forbids the
        delete."""

    async def withdraw(self, address: Address, *, precondition: Precondition = ANY) -> None:
        """Remove the blob as `delete` does, also where the rule of its type forbids `delete`. Only the catalog calls
        this, to remove an image: no call of the Storage API leads here."""

    async def delete_many(
        self, namespace: str, storage_type: str, targets: Sequence[tuple[str, str | None]]
    ) -> list[DeleteResult]:
        """Remove many keys, and return a result for each in the same order. A target is a key and an ETag or None; with
        an ETag the blob is removed only if that is still its ETag."""

    async def copy(
        self, source: Address, target: Address, *, source_etag: str | None = None, precondition: Precondition = ANY,
        content_type: str | None = None,
    ) -> Blob:  # fmt: skip
        """Make `target` a blob of the same bytes, with new times. Both are in one namespace. The copy has the content
        type of the source, or `content_type`. With `source_etag` the blob is copied only if that is its ETag."""

    async def move(
        self, source: Address, target: Address, *, source_etag: str | None = None, precondition: Precondition = ANY
    ) -> Blob:
        """Give the blob at `source` the address `target`, in the same namespace, and return the blob. With
        `source_etag` the blob is moved only if that is its ETag.

        A reader finds the blob at one of the two addresses at any time, whole. The blob keeps its bytes, checksums and
        content type. Its time is kept where the engine can. Within a type whose blobs expire, the expiry is kept too;
        from another type the blob is given the whole lifetime. A move onto itself changes nothing.

        Raise TypeRuleError when the type of the source forbids a delete, or the type of the target an overwrite;
        ConflictError when `target` exists and `precondition` wants it not to.
        """

    async def move_many(self, namespace: str, moves: Sequence[Move]) -> list[MoveResult]:
        """Move many blobs as if one after the other; return a result for each, in order. A refusal stops no other."""

    async def copy_many(self, namespace: str, moves: Sequence[Move]) -> list[MoveResult]:
        """Copy many blobs, as `move_many` moves them."""

    async def create_upload(
        self, address: Address, *, size_bytes: int | None = None, content_type: str | None = None,
        crc32c: str | None = None, promised: Mapping[str, bytes] | None = None, precondition: Precondition = ANY,
        repeat_key: str | None = None,
    ) -> UploadSession:  # fmt: skip
        """Begin a session under a new unguessable id and return it. The session is kept for a week, with its hashes.

        If a session with the same `repeat_key`, address and size exists, open or finished, that session is returned in
        its present state instead.
        """

    async def find_upload(self, upload_id: str) -> UploadSession:
        """Return the session in its present state. Raise NotFoundError for an unknown id, GoneError for an expired
        session."""

    def write_upload(self, upload_id: str, *, restart: bool = False) -> AbstractAsyncContextManager[UploadWriter]:
        """Return the writer of a session. `restart` drops the bytes of the session and begins at 0.

        On leaving, also by an exception or cancellation, the written bytes are made durable and kept for a resume. The
        caller makes sure that a session has one writer at a time. Raise GoneError or CancelledError for a session that
        has ended, and ConflictError for a finished one.
        """

    async def cancel_upload(self, upload_id: str) -> None:
        """End a session and drop its bytes. A finished session is left as it is."""

    async def find_parts(self, upload_id: str) -> list[UploadPart]:
        """Return the parts of an open session in the order of their starts. Raise the errors of `write_upload`."""

    def write_part(self, upload_id: str, span: Span) -> AbstractAsyncContextManager[UploadWriter]:
        """Return the writer of the part of a session with these ends, which the first call begins. Its offsets are
        those of the blob, from `span.start` on; it never finishes or restarts.

        Parts of one session may have writers at the same time, while the session itself has none. On leaving, the
        written bytes are kept as with `write_upload`. That call joins whole parts to the bytes before them, and a
        restart or a cancel drops all parts. Raise the errors of `write_upload`; BadRequestError for a span that does
        not fit the session, ConflictError for one that overlaps another part.
        """

    async def drop_parts(self, upload_id: str) -> None:
        """Drop the parts of an open session that are not joined. No part may have a writer."""

    async def sweep(self) -> int:
        """Remove expired blobs and garbage, and return how many blobs expired. Called about once a minute."""
