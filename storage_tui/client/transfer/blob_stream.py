"""The bytes of one blob in order, continued after cuts while the blob is unchanged."""

import time
from collections.abc import Generator
from contextlib import suppress

from storage_tui.client import calls
from storage_tui.client.control import TransferControl
from storage_tui.client.http.retry import Patience
from storage_tui.client.http.session import Session
from storage_tui.client.http.transport import Body
from storage_tui.client.requests import ERROR_BYTES, UNTOLD_BYTES, Request, Response, error_from
from storage_tui.contract import wire
from storage_tui.contract.errors import (
    BadRequestError,
    PreconditionFailedError,
    ProtocolError,
    StorageError,
    TransferInterruptedError,
    UnauthorizedError,
)
from storage_tui.contract.keys import key_refusal, key_to_path
from storage_tui.contract.models import Blob
from storage_tui.contract.storage_types import find_storage_type
from storage_tui.contract.wire import Span

UNASKED_BYTES = 16 * 1024 * 1024  # bytes read of a blob without a size before the server is asked for the size
CHUNK_BYTES = 256 * 1024  # one write to disk, which stays in a processor's cache between socket and disk


class RangeIgnoredError(ProtocolError):
    """The server sends the whole blob although a part of it was requested."""


def first_byte(key: str, storage_type: str) -> Request:
    """Return the request for the first byte of a blob: the smallest one that takes the way of its bytes."""
    path = f"/{find_storage_type(storage_type).name}/{wire.GET}/{key_to_path(key)}"
    headers, refusal = {"Range": "bytes=0-0"}, key_refusal(key)
    return Request("GET", path, headers=headers, key=key, storage_type=storage_type, refusal=refusal)


class BlobStream:
    """Reads a blob from `start` to `stop`, `stop` excluded. `blob` and `total` are known after the first answer.

    With an `etag` only this version is read, PreconditionFailedError otherwise; without one, the version of the first
    answer. Without `may_skip`, raise RangeIgnoredError when the server sends the whole blob instead of the part. More
    bytes than the server announced, or than `listed` has, are a ProtocolError: no answer is read without
    end.
    """

    def __init__(
        self, session: Session, key: str, storage_type: str, *, control: TransferControl, start: int = 0,
        stop: int | None = None, etag: str | None = None, listed: Blob | None = None, may_skip: bool = True,
    ) -> None:  # fmt: skip
        self._session, self._control = session, control
        self._key, self._storage_type = key, find_storage_type(storage_type).name
        self._path = f"/{self._storage_type}/{wire.GET}/{key_to_path(key)}"
        self._stop, self._etag, self._listed = stop, etag, listed
        self._may_skip = may_skip
        self.waited_s = 0.0  # for the network
        self.answered_s = 0.0  # from the end of the last request to the head of its answer
        self._most = 0  # the present answer must end at this byte of the blob
        self._is_untold = False  # True while the server has not sent a size
        self.position = start
        self.total: int | None = None
        self.blob: Blob | None = None

    @property
    def is_fixed(self) -> bool:
        """Return whether parts of the version that is read can be requested by its ETag."""
        return self.total is not None and self._etag is not None and not self._etag.startswith("W/")

    @property
    def version(self) -> str:
        """Return the ETag of the version that is read; empty while it is not known."""
        return self._etag or ""

    def chunks(self) -> Generator[memoryview, None, None]:
        """Yield pieces of up to CHUNK_BYTES; each is valid until the next is taken.

        Raise StorageError when the stream cannot continue; all earlier bytes were yielded before.
        """
        patience = Patience(self._session.policy, self._session.outage, self._control)
        buffer: memoryview | None = None
        may_ask_token = True
        while not self._is_at_end():
            try:
                self._control.wait_while_paused()
                request = self._request()
                with self._session.stream(request, control=self._control) as (response, body):
                    if response.status == 401 and may_ask_token:
                        may_ask_token = False
                        if self._session.renew_token():
                            continue
                    if not self._accept(request, response, body):
                        return
                    while True:
                        buffer = buffer or memoryview(bytearray(self._chunk_bytes()))
                        count, broken = self._fill(buffer, body, request)
                        if count:
                            self.position += count
                            yield buffer[:count]
                        if broken is not None:
                            raise broken
                        if count == 0:
                            if self._goes_on(body):
                                continue
                            self._check_complete()
                            return
            except StorageError as exc:
                self._check_can_resume(exc)
                patience.wait_after(exc, reached=self.position)
                self._session.recover(exc)

    def _chunk_bytes(self) -> int:
        """Return the size of a buffer, no larger than the blob: memory for a chunk costs more than a small blob."""
        end = self.total if self._stop is None else self._stop
        return CHUNK_BYTES if end is None else max(1, min(CHUNK_BYTES, end - self.position))

    def _request(self) -> Request:
        headers = {}
        if self.position or self._stop is not None:
            last = "" if self._stop is None else str(self._stop - 1)
            headers["Range"] = f"bytes={self.position}-{last}"
        if self._etag is not None:
            headers["If-Match"] = wire.format_etag(self._etag)
        return Request(
            "GET", self._path, headers=headers, key=self._key, storage_type=self._storage_type,
            refusal=key_refusal(self._key),
        )  # fmt: skip

    def _accept(self, request: Request, response: Response, body: Body) -> bool:
        """Take the head of an answer; return False when there are no bytes to read, as in an empty blob."""
        self.answered_s = body.answered_s
        if response.status == 416 and response.headers.get("content-range", "").strip() == f"bytes */{self.position}":
            self._learn(response, self.position)
            return False
        if not response.is_success:
            taken = bytearray()
            for chunk in body:
                taken += chunk
                if len(taken) >= ERROR_BYTES:
                    break
            raise error_from(request, Response(response.status, response.headers, bytes(taken[:ERROR_BYTES])))
        if response.status == 206:
            span, total = self._span(response)
            if span.start != self.position:
                raise ProtocolError(f"the server sent a different part of {self._key!r} than requested", key=self._key)
            self._learn(response, total)
            self._most = span.stop
            return True
        length = response.headers.get("content-length", "")
        size_bytes = int(length) if length.isascii() and length.isdecimal() else None
        self._learn(response, size_bytes)
        if size_bytes is None and self._listed is not None:
            size_bytes = self._listed.size_bytes
        self._is_untold = size_bytes is None
        self._most = self.position + UNASKED_BYTES if size_bytes is None else size_bytes
        if not self._may_skip:
            raise RangeIgnoredError(f"the server sends no parts of {self._key!r}", key=self._key)
        self._skip(body)
        return True

    def _span(self, response: Response) -> tuple[Span, int]:
        try:
            return wire.parse_content_range(response.headers.get("content-range", ""))
        except BadRequestError as exc:
            why = f"the server sent a part of {self._key!r} without a valid Content-Range"
            raise ProtocolError(why, key=self._key) from exc

    def _learn(self, response: Response, total: int | None) -> None:
        blob = calls.blob_from_headers(self._key, self._storage_type, response.headers, total)
        first = self.blob
        is_other = first is not None and (
            (blob.etag, blob.crc32c) != (first.etag, first.crc32c) or total not in (None, self.total)
        )
        if is_other or (self._etag is not None and blob.etag not in (None, self._etag)):
            raise PreconditionFailedError(f"{self._key!r} was overwritten while it was read", key=self._key)
        listed = self._listed
        is_listed = listed is not None and listed.size_bytes is not None and blob.etag in (None, listed.etag)
        if listed is not None and is_listed and total not in (None, listed.size_bytes):
            raise ProtocolError(
                f"the server lists {self._key!r} with {listed.size_bytes} bytes and sends {total}; list it again",
                key=self._key,
            )
        if first is None:
            self.blob, self.total = blob, total
            if blob.etag is not None and not blob.etag.startswith("W/"):
                self._etag = blob.etag

    def _skip(self, body: Body) -> None:
        """Skip the bytes before `position`: the server sends the whole blob although a part was requested."""
        left = self.position
        buffer = memoryview(bytearray(min(left, CHUNK_BYTES)))
        while left:
            count = body.read_into(buffer[: min(left, CHUNK_BYTES)])
            if count == 0:
                raise ProtocolError(f"{self._key!r} is shorter than what was read of it already", key=self._key)
            left -= count

    def _fill(self, buffer: memoryview, body: Body, request: Request) -> tuple[int, StorageError | None]:
        """Fill the buffer; return the count of bytes and the error that broke the read, so that no byte is lost."""
        end = self._most if self._stop is None else min(self._stop, self._most)
        room = max(0, min(len(buffer), end - self.position))
        filled = 0
        lane = self._session.pace.down
        try:
            with self._session.translating(request):
                while filled < room:
                    if self._control.is_cancelled or self._control.is_paused:
                        return filled, TransferInterruptedError("stopped here", key=self._key)
                    began = time.monotonic()
                    count = body.read_into(buffer[filled : min(room, filled + lane.step(room))])
                    self.waited_s += time.monotonic() - began
                    if count == 0:
                        break
                    filled += count
                    if lane.bytes_per_s is not None:
                        lane.take(count, self._control)
                        break  # what came is written now: a slow transfer moves on steadily
        except StorageError as exc:
            return filled, exc
        return filled, None

    def _is_at_end(self) -> bool:
        if self._stop is not None:
            return self.position >= self._stop
        return self.blob is not None and self.position == self.total

    def _goes_on(self, body: Body) -> bool:
        """Return whether more bytes may follow. Read the end of a chunked body; raise ProtocolError for more bytes."""
        if self.position < self._most:
            return False
        if self._is_untold:
            self._is_untold = False
            self._most = self._told_by_head()
            if self.position < self._most:
                return True
        with self._session.translating(self._request()):
            if not body.read_into(memoryview(bytearray(1))):
                return False
        announced = "are read when it announces no size" if self._most == UNTOLD_BYTES else "it announced"
        raise ProtocolError(
            f"the server sends more of {self._key!r} than the {self._most} bytes that {announced}", key=self._key
        )

    def _told_by_head(self) -> int:
        with suppress(StorageError):
            told = self._session.run(calls.stat(self._key, self._storage_type)).size_bytes
            if told:  # some servers report 0 for a blob that they send in chunks
                return told
        return UNTOLD_BYTES

    def _check_complete(self) -> None:
        end = self.total if self._stop is None else min(self._stop, self.total or self._stop)
        if end is not None and self.position < end:
            raise TransferInterruptedError(f"{self._key!r} ended after {self.position} of {end} bytes", key=self._key)

    def _check_can_resume(self, error: StorageError) -> None:
        known = self.blob
        if known is None or not self.position or isinstance(error, UnauthorizedError):
            return
        if known.etag is None and known.crc32c is None and not self._control.is_cancelled:
            raise error  # without both, the rest may belong to another version
