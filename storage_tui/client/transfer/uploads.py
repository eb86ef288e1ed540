"""The upload of a file or stream into a blob, over a resumable session.

One streamed request carries all bytes but the end; a stream of unknown length goes in pieces that are held in memory.
After a cut the client asks the server how far it got, and continues there. The end is a separate request: by then the
crc32c of all bytes is known and sent along, so that a blob that arrived damaged never becomes visible.
"""

import threading
import time
from collections.abc import Iterator
from contextlib import suppress

from storage_tui.client import calls
from storage_tui.client.calls import Service
from storage_tui.client.control import TransferControl
from storage_tui.client.http.retry import Patience
from storage_tui.client.http.session import Session
from storage_tui.client.http.transport import Body
from storage_tui.client.requests import ERROR_BYTES, Request, Response, error_from
from storage_tui.client.transfer.sources import Buffer, Source
from storage_tui.client.transfer.streams.blob_source import UnreadableError
from storage_tui.client.transfer.streams.part_calls import UploadState, find_state
from storage_tui.client.transfer.streams.round_trip import RoundTrip
from storage_tui.client.transfer.streams.upload import PartsUpload
from storage_tui.client.transfer.streams.widening import Widening
from storage_tui.contract import checksum, wire
from storage_tui.contract.errors import (
    BadRequestError,
    CancelledError,
    ChecksumError,
    ConflictError,
    CredentialsError,
    GoneError,
    NotFoundError,
    PreconditionFailedError,
    ProtocolError,
    QuotaExceededError,
    StorageError,
    StoreFullError,
    TransferInterruptedError,
    UnauthorizedError,
)
from storage_tui.contract.models import Blob
from storage_tui.contract.storage_types import find_storage_type
from storage_tui.contract.wire import Span

ONE_REQUEST_BYTES = 1024 * 1024  # a blob up to this size is stored with one request where the server can
ANSWER_BYTES = 1024 * 1024
DRAIN_S = 30.0  # until what a stream had sent has reached the server: it is in buffers of the link
DRAIN_STEP_S = 0.1
DROP_S = 2.0  # longest time that a cancel waits for the server
PASSING = (UnauthorizedError, CredentialsError, StoreFullError, ProtocolError, UnreadableError)  # these can be mended


class Upload:
    """One upload.

    `repeat_key` names its session to the server. With `is_resumed` an earlier process began the session with the same
    source, and the upload continues after the bytes that the server has. Without `replaces` a large upload keeps a blob
    that exists now or at the end; a server without If-None-Match, such as a published one, overwrites the blob.
    With an `etag` only the blob with this ETag is overwritten; `is_strict` holds both conditions for a small blob too.
    `told_crc32c` is the checksum that the source is known to have; other bytes are not stored.
    """

    def __init__(
        self, session: Session, service: Service, key: str, storage_type: str, source: Source, *,
        control: TransferControl, content_type: str | None = None, repeat_key: str | None = None,
        is_resumed: bool = False, replaces: bool = True, etag: str | None = None, is_strict: bool = False,
        told_crc32c: str | None = None,
    ) -> None:  # fmt: skip
        self._told_crc32c = told_crc32c
        self._session, self._service, self._source, self._control = session, service, source, control
        self._key, self._storage_type = key, storage_type
        self._content_type = content_type
        self._repeat_key, self._is_resumed, self._replaces = repeat_key, is_resumed, replaces
        self._etag, self._is_strict = etag, is_strict
        self._url: str | None = None
        self._offset = 0  # bytes that the server keeps
        self._crc = 0  # of all bytes before _summed
        self._summed = 0
        link = RoundTrip(session, Request("GET"), control)
        self._widening = Widening(session.pace, "up", link.is_long)
        self._cut: int | None = None  # where the stream ends and parts begin

    def run(self) -> Blob:
        """Upload to the end; return the blob as the server stored it. Raise StorageError."""
        control = self._control
        control.phase, control.total_bytes = "starting", self._source.size_bytes
        control.wait_while_paused()
        size_bytes = self._source.size_bytes
        # Where nothing is overwritten, a repeated set would be refused; a session can be asked for its state.
        needs_session = self._is_resumed or self._is_strict or not find_storage_type(self._storage_type).may_overwrite
        if not needs_session and size_bytes is not None and size_bytes <= ONE_REQUEST_BYTES:
            blob = self._in_one_request(size_bytes)
        else:
            blob = self._in_session()
        return self._verified(blob)

    def _in_one_request(self, size_bytes: int) -> Blob | None:
        value = b"".join(bytes(chunk) for chunk in self._source.chunks(Span(0, size_bytes)))
        self._crc = checksum.extend(0, value)
        self._check_source()
        self._control.phase = "moving"
        blob = self._session.run(calls.put(self._service, self._key, value, self._storage_type, self._content_type))
        self._control.done_bytes = self._offset = size_bytes
        return blob

    def _in_session(self) -> Blob | None:
        try:
            return self._until_stored()
        except BaseException as exc:
            if self._url is not None and not self._may_go_on_later(exc):
                drop_soon(self._session, self._url)
            if isinstance(exc, PreconditionFailedError):
                name = f"{self._storage_type}:{self._key}"
                if self._etag is not None:
                    why = f"{name!r} has changed and was not overwritten"
                    raise PreconditionFailedError(why, key=self._key) from exc
                raise ConflictError(f"{name!r} exists and was not overwritten", key=self._key) from exc
            raise

    def _may_go_on_later(self, error: BaseException) -> bool:
        """Return whether the bytes on the server may be useful later, or the server cannot be reached now."""
        if isinstance(error, CancelledError):
            return self._control.keeps_part
        if isinstance(error, StorageError) and is_final(error):
            return False
        return self._repeat_key is not None or (isinstance(error, StorageError) and error.retryable)

    def _until_stored(self) -> Blob | None:
        patience = Patience(self._session.policy, self._session.outage, self._control)
        asks = self._is_resumed
        may_start_over = True
        while True:
            try:
                self._control.wait_while_paused()
                if self._url is None:
                    self._url = self._begin()
                answer = self._ask() if asks else self._send_piece()
                if answer.status != 308:
                    self._sum_up_to(self._source.size_bytes or 0)
                    self._check_source()
                    blob = calls.stored_blob(answer.body, self._storage_type)
                    if self._is_resumed:
                        self._check_current(blob)
                    return blob
                self._keep(answer)
                if self._is_resumed:
                    self._say_resumed()
                    self._go_on_in_parts()
                asks = False
            except _PausedError:
                asks = True
            except _WidenError:
                asks = not self._widen()
            except (NotFoundError, GoneError):
                if not may_start_over or self._url is None:
                    raise
                may_start_over, asks, self._url, self._offset = False, False, None, 0
                self._control.note = "the server forgot the upload, started over"
            except StorageError as exc:
                asks = self._url is not None
                patience.wait_after(exc, reached=self._offset)
                self._session.recover(exc)
                self._control.note = f"resumed at {self._offset} bytes"

    def _check_current(self, blob: Blob | None) -> None:
        """Raise SupersededError unless the blob of a session that had already ended is still stored."""
        try:
            current = self._session.run(calls.stat(self._key, self._storage_type))
        except NotFoundError:
            raise SupersededError from None
        if blob is not None and None not in (blob.etag, current.etag) and blob.etag != current.etag:
            raise SupersededError

    def _begin(self) -> str:
        return self._session.run(
            calls.new_upload(
                self._key,
                self._storage_type,
                size_bytes=self._source.size_bytes,
                content_type=self._content_type,
                repeat_key=self._repeat_key,
                replaces=self._replaces,
                etag=self._etag,
            )
        )

    def _say_resumed(self) -> None:
        self._is_resumed = False
        kept = f"resumed at {self._offset} bytes" if self._offset else "the server kept none of it, started over"
        self._control.note = kept

    def _ask(self) -> Response:
        # Never with the total: a server that has all bytes would then end the upload without the checksum.
        headers = {"Content-Range": wire.format_upload_range(None, None), "Content-Length": "0"}
        return self._exchange(headers, iter(()))

    def _send_piece(self) -> Response:
        span, is_last = self._source.next_piece(self._offset)
        self._sum_up_to(span.start)
        self._control.phase = "finishing" if is_last else "moving"
        if not is_last:
            headers = {"Content-Range": wire.format_upload_range(span, self._source.size_bytes)}
            return self._exchange(headers | {"Content-Length": str(span.size_bytes)}, self._passing(span))
        self._sum_up_to(span.stop)
        self._check_source()
        headers = {
            "Content-Range": wire.format_upload_range(span if span.size_bytes else None, span.stop),
            "Content-Length": str(span.size_bytes),
            wire.GOOG_HASH: checksum.format_hash_header(checksum.encode(self._crc)),
        }
        return self._exchange(headers, self._passing(span))

    def _exchange(self, headers: dict[str, str], content: Iterator[Buffer]) -> Response:
        headers["Content-Type"] = self._content_type or calls.UPLOAD_TYPE
        request = Request("PUT", url=self._url, headers=headers, key=self._key, storage_type=self._storage_type)
        with self._session.stream(request, control=self._control, content=content) as (head, body):
            limit = ANSWER_BYTES if head.is_success else ERROR_BYTES
            answer = Response(head.status, head.headers, _bounded(body, limit))
        if answer.is_success or answer.status == 308:
            return answer
        raise error_from(request, answer)

    def _passing(self, span: Span) -> Iterator[Buffer]:
        """Yield the bytes of a piece, count and sum them; stop for a pause or cancel."""
        position = span.start
        for chunk in self._source.chunks(span):
            if self._cut is not None and position + len(chunk) > self._cut:
                chunk = chunk[: self._cut - position]
            for piece in self._session.pace.up.pieces(chunk, self._control):
                self._control.check()
                if self._control.is_paused:
                    raise _PausedError
                began = time.monotonic()
                yield piece
                self._sum(position, piece)
                position += len(piece)
                self._control.done_bytes = position
                self._widening.note(len(piece), time.monotonic() - began)
            self._look_for_cut(position)

    def _look_for_cut(self, position: int) -> None:
        """Choose where parts begin, once the rule says that the link is the bound; raise _WidenError there."""
        size_bytes = self._source.size_bytes
        if size_bytes is None or self._source.in_order:
            return
        if self._cut is None and self._widening.wanted(size_bytes - position) > 1:
            if "upload-parts" not in self._session.run(calls.describe(self._service)).features:
                self._widening.end()
                return
            quantum = wire.part_quantum(size_bytes)
            cut = -(-position // quantum) * quantum
            if cut >= size_bytes - wire.UPLOAD_QUANTUM:
                self._widening.end()
                return
            self._cut = cut
        if self._cut is not None and position >= self._cut:
            raise _WidenError

    def _widen(self) -> bool:
        """Send the rest in parts, after the server has what the stream sent; return whether all has been sent."""
        cut, self._cut = self._cut, None
        assert self._url is not None and self._source.size_bytes is not None
        state = self._state()
        until = time.monotonic() + DRAIN_S
        while state.offset != cut and time.monotonic() < until:
            self._control.sleep(DRAIN_STEP_S)
            state = self._state()
        if state.offset != cut:
            self._widening.end()  # bytes were lost on the way: the stream continues after those that are kept
            return False
        self._offset = state.offset
        self._send_parts(state)
        return True

    def _go_on_in_parts(self) -> None:
        """Continue the parts of an earlier process, if there are any."""
        if self._source.in_order or self._source.size_bytes is None:
            return
        if "upload-parts" not in self._session.run(calls.describe(self._service)).features:
            return
        state = self._state()
        quantum = state.quantum_bytes
        if state.parts and not state.offset % quantum:
            self._offset = state.offset
            self._send_parts(state)

    def _state(self) -> UploadState:
        assert self._url is not None and self._source.size_bytes is not None
        return find_state(self._session, self._url, self._source.size_bytes, self._key)

    def _send_parts(self, state: UploadState) -> None:
        assert self._url is not None and self._source.size_bytes is not None
        self._sum_up_to(state.offset)
        if self._summed > state.offset:  # an earlier attempt read further: the sum of the beginning is needed alone
            self._crc = self._summed = 0
            self._sum_up_to(state.offset)
        self._widening.begin_again()
        self._control.phase = "moving"
        parts = PartsUpload(
            self._session, self._url, self._key, self._source, state, control=self._control, widening=self._widening
        )
        crc = parts.run()
        size_bytes = self._source.size_bytes
        self._crc = checksum.combine(self._crc, crc, size_bytes - state.offset)
        self._offset = self._summed = size_bytes

    def _check_source(self) -> None:
        """Raise StorageError unless all bytes, which are summed by now, are those that the source had at the start."""
        self._source.check_unchanged()
        if self._told_crc32c is not None and checksum.encode(self._crc) != self._told_crc32c:
            raise ChecksumError(f"the source of {self._key!r} was read damaged; copy it again", key=self._key)

    def _sum(self, position: int, chunk: Buffer) -> None:
        new = position + len(chunk) - self._summed
        if new > 0:
            self._crc = checksum.extend(self._crc, memoryview(chunk)[len(chunk) - new :])
            self._summed += new

    def _sum_up_to(self, stop: int) -> None:
        if self._summed < stop:
            for chunk in self._source.chunks(Span(self._summed, stop)):
                self._control.check()
                self._sum(self._summed, chunk)

    def _keep(self, answer: Response) -> None:
        try:
            offset = wire.parse_persisted(answer.headers.get("range"))
        except BadRequestError as exc:
            raise ProtocolError("the server does not say how much of the upload it has", key=self._key) from exc
        size_bytes = self._source.size_bytes
        if size_bytes is not None and offset > size_bytes:
            raise ProtocolError("the server has more of the upload than was sent; upload it again", key=self._key)
        if offset == size_bytes and size_bytes == self._offset:
            raise TransferInterruptedError("the server has all of the upload and does not finish it", key=self._key)
        self._offset = self._control.done_bytes = offset

    def _verified(self, blob: Blob | None) -> Blob:
        """Return the stored blob; raise ChecksumError when it differs from the bytes that were read here."""
        ours = checksum.encode(self._crc)
        is_described = blob is not None and blob.crc32c is not None
        if blob is None or not is_described:
            blob = self._session.run(calls.stat(self._key, self._storage_type))
        size_bytes = self._source.size_bytes
        is_other = blob.size_bytes is not None and blob.size_bytes != size_bytes
        if is_other or (blob.crc32c is not None and blob.crc32c != ours):
            self._discard(blob, is_ours=is_described)
        self._control.total_bytes = self._control.done_bytes = size_bytes or 0
        self._control.phase = "unverified" if blob.crc32c is None else "verified"
        return blob

    def _discard(self, blob: Blob, *, is_ours: bool) -> None:
        damage = f"{self._key!r} arrived damaged: the server's crc32c or size differs from what was sent"
        if blob.etag is None or not is_ours:  # somebody else may have written it since
            raise ChecksumError(f"{damage}; it is stored, do not use it, upload it again", key=self._key)
        try:
            self._session.run(calls.delete(self._key, self._storage_type, blob.etag))
        except StorageError as exc:
            raise ChecksumError(f"{damage}; it is stored and could not be deleted: {exc}", key=self._key) from exc
        raise ChecksumError(f"{damage}; it was deleted, upload it again", key=self._key)


def is_final(error: StorageError) -> bool:
    """Return whether nobody will go on with the upload, so that the server need not keep its bytes.

    A quota is final: the bytes count against it, and to delete something is of no use while they do.
    """
    is_passing = isinstance(error, PASSING) and not isinstance(error, QuotaExceededError)
    return not (error.retryable or is_passing)


def drop_soon(session: Session, url: str) -> None:
    """Have the server drop the bytes of an upload that nobody continues.

    The wait is two seconds at most. A server that does not answer drops the bytes after a week.
    """

    def drop() -> None:
        with suppress(StorageError):
            session.send(Request("DELETE", url=url))

    dropping = threading.Thread(target=drop, name="storage-tui-drop", daemon=True)
    dropping.start()
    dropping.join(DROP_S)


class SupersededError(Exception):
    """An earlier process stored the blob without learning of it, and the blob was overwritten or deleted since."""


class _WidenError(Exception):
    """The stream ends here in the middle of a request, and parts begin."""


class _PausedError(Exception):
    """The transfer was paused in the middle of a request."""


def _bounded(body: Body, limit: int) -> bytes:
    taken = bytearray()
    for chunk in body:
        taken += chunk
        if len(taken) >= limit:
            break
    return bytes(taken[:limit])
