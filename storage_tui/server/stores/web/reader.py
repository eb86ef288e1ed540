"""The bytes of one blob, asked for by range. No byte of another state of the blob than the open one is returned."""

import asyncio
import hashlib
from collections.abc import AsyncIterator, Callable
from concurrent.futures import Executor
from dataclasses import dataclass
from mimetypes import guess_type

from storage_tui.contract.errors import ConflictError, DamagedError, NotFoundError, UnavailableError
from storage_tui.contract.models import Blob
from storage_tui.contract.moments import parse_http_date
from storage_tui.contract.sizes import size_text
from storage_tui.contract.wire import Span
from storage_tui.server.stores.base import READ_SIZE
from storage_tui.server.stores.web.answers import Answer, refusal
from storage_tui.server.stores.web.site import Site

SKIPPED_BYTES = 8 * 1024 * 1024  # read and dropped before a range, from a server that sends whole files only


@dataclass(frozen=True, slots=True)
class Facts:
    """What the server says of a blob: its size, and the validators of RFC 9110 8.8."""

    url: str
    size_bytes: int
    etag: str = ""
    modified: str = ""
    content_type: str = ""

    def fit(self, answer: Answer) -> bool:
        """Return whether an answer is about the same state of the blob, as far as its validators tell."""
        pairs = ((self.etag, answer.header("ETag")), (self.modified, answer.header("Last-Modified")))
        return all(known.removeprefix("W/") == told.removeprefix("W/") for known, told in pairs if known and told)

    def blob(self, key: str, storage_type: str) -> Blob:
        """Return the blob. Its ETag is a digest, so that no text of the server becomes a header of ours."""
        told = f"{self.etag}\n{self.modified}\n{self.size_bytes}".encode("utf-8", "surrogateescape")
        kind = self.content_type.partition(";")[0].strip()
        return Blob(
            key, storage_type, size_bytes=self.size_bytes,
            modified=parse_http_date(self.modified) if self.modified else None,
            etag=hashlib.sha256(told).hexdigest()[:32],
            content_type=kind if kind and kind != "application/octet-stream" else guess_type(key, strict=False)[0],
        )  # fmt: skip


def read_facts(site: Site, url: str, key: str) -> Facts:
    """Ask for the facts of a blob: by HEAD, and by one byte where HEAD does not tell the size. Raise StorageError."""
    with site.ask("HEAD", url) as answer:
        _check(site, answer, url, key, refused=(405, 501))
        if answer.status == 200 and not answer.is_compressed and answer.size_bytes is not None:
            return _facts(answer, url, answer.size_bytes)
    with site.ask("GET", url, {"Range": "bytes=0-0"}) as answer:
        _check(site, answer, url, key, refused=(416,))
        if answer.status == 416:  # an empty file has no first byte
            return _facts(answer, url, 0)
        size_bytes = _total(answer) if answer.status == 206 else answer.size_bytes
        if size_bytes is None or answer.is_compressed:
            raise ConflictError(f"{site.name} does not tell the size of {key!r}, so that it cannot be read", key=key)
        return _facts(answer, url, size_bytes)


def open_span(site: Site, facts: Facts, span: Span, key: str, note_ranges: Callable[[bool], None]) -> Answer:
    """Return the answer whose next bytes are those of the span. `note_ranges` is told whether the server sends ranges.

    Raise DamagedError where the blob is another one by now, ConflictError where the server sends whole files only and
    more than SKIPPED_BYTES lie before the span.
    """
    is_part = span.start > 0 or span.stop < facts.size_bytes
    headers = {"Range": f"bytes={span.start}-{span.stop - 1}"} if is_part else {}
    if is_part and facts.etag.startswith('"'):  # weak ones do not count here: RFC 9110 13.1.5
        headers["If-Range"] = facts.etag
    answer = site.ask("GET", facts.url, headers)
    try:
        _check(site, answer, facts.url, key, refused=(416,))
        size_bytes = _total(answer) if answer.status == 206 else answer.size_bytes
        if (
            answer.status == 416
            or answer.is_compressed
            or not facts.fit(answer)
            or size_bytes not in (None, facts.size_bytes)
        ):
            raise DamagedError(f"{key!r} was changed while it was read; read it again", key=key)
        if answer.status == 206:
            if answer.header("Content-Range").partition("/")[0] != f"bytes {span.start}-{span.stop - 1}":
                raise ConflictError(f"{site.name} sends another part of {key!r} than was asked for", key=key)
            note_ranges(True)
        elif is_part:
            note_ranges(False)
            if span.start > SKIPPED_BYTES:
                raise ConflictError(
                    f"{site.name} sends whole files only: {key!r} ({size_text(facts.size_bytes)}) is read from its "
                    "start or not at all; get it first",
                    key=key,
                )
            _skip(answer, span.start)
    except BaseException:
        answer.close()
        raise
    return answer


class WebReader:
    """The bytes of an open blob, read in the threads of `executor`. `begin` opens a span."""

    def __init__(self, blob: Blob, begin: Callable[[Span], Answer], executor: Executor) -> None:
        self._blob, self._begin, self._executor = blob, begin, executor

    @property
    def blob(self) -> Blob:
        """The blob as it was when it was opened."""
        return self._blob

    async def chunks(self, span: Span, *, step_bytes: int = READ_SIZE) -> AsyncIterator[bytes]:
        """Yield the bytes of the span. Raise DamagedError where the blob has changed since it was opened."""
        if span.size_bytes == 0:
            return
        loop = asyncio.get_running_loop()
        opening = loop.run_in_executor(self._executor, self._begin, span)
        try:
            answer = await asyncio.shield(opening)
        except asyncio.CancelledError:
            opening.add_done_callback(_close)
            raise
        left, reading = span.size_bytes, None
        try:
            while left:
                reading = loop.run_in_executor(self._executor, _piece, answer, min(step_bytes, left))
                piece = await asyncio.shield(reading)
                if not piece:
                    raise UnavailableError("the connection broke off before the end")
                left -= len(piece)
                yield piece
        finally:
            if reading is None or reading.done():
                answer.close()
            else:
                reading.add_done_callback(lambda done: _end(done, answer))


def _piece(answer: Answer, most: int) -> bytes:
    """Return up to `most` bytes: what has arrived, and more of it while it comes at once."""
    pieces, size_bytes = [], 0
    while size_bytes < most and (piece := answer.read(most - size_bytes)):
        pieces.append(piece)
        size_bytes += len(piece)
        if len(piece) < 4096:  # a slow link: what is there is passed on
            break
    return b"".join(pieces)


def _close(opening: "asyncio.Future[Answer]") -> None:
    if not opening.cancelled() and opening.exception() is None:
        opening.result().close()


def _end(reading: "asyncio.Future[bytes]", answer: Answer) -> None:
    reading.exception()  # nobody waits for it any more
    answer.close()


def _check(site: Site, answer: Answer, url: str, key: str, *, refused: tuple[int, ...]) -> None:
    """Raise the error of a status that is neither success nor one of `refused`."""
    if answer.status not in (200, 206, *refused):
        raise refusal(answer, site.name, repr(key), key)
    if answer.url.partition("?")[0] == url.partition("?")[0] + "/":
        raise NotFoundError(f"{key!r} is a folder, not a blob", key=key)


def _facts(answer: Answer, url: str, size_bytes: int) -> Facts:
    return Facts(url, size_bytes, answer.header("ETag"), answer.header("Last-Modified"), answer.header("Content-Type"))


def _total(answer: Answer) -> int | None:
    """Return the size of the whole blob from Content-Range, RFC 9110 14.4; None without one."""
    text = answer.header("Content-Range").rpartition("/")[2]
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else None


def _skip(answer: Answer, size_bytes: int) -> None:
    while size_bytes:
        piece = answer.read(min(size_bytes, READ_SIZE))
        if not piece:
            raise UnavailableError("the connection broke off before the end")
        size_bytes -= len(piece)
