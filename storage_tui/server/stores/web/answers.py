"""One answer of the site: its bytes, piece by piece, and what its status means in one line."""

import http.client
import re
import time
import zlib
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from types import TracebackType
from typing import Self

from storage_tui.contract.errors import (
    BadRequestError,
    ConflictError,
    ForbiddenError,
    NotFoundError,
    RateLimitError,
    StorageError,
    UnavailableError,
)
from storage_tui.contract.moments import parse_http_date
from storage_tui.contract.sizes import size_text

PAGE_S = 60.0  # for a whole page: a server that sends byte by byte does not hold a thread
LONGEST_WAIT_S = 3600
PIECE_BYTES = 64 * 1024
_SECONDS = re.compile(r"[0-9]{1,9}")


class Answer:
    """The answer to one request. Leave it with `close`, which gives a connection back that can be used again."""

    def __init__(self, response: http.client.HTTPResponse, url: str, give_back: Callable[[bool], None]) -> None:
        self._response = response
        self._give_back: Callable[[bool], None] | None = give_back
        self._left = None if response.chunked else response.length  # before Python 3.11.8 `read1` does not count
        self._is_whole = self._left == 0
        self.url = url  # after redirects
        self.status = response.status

    def header(self, name: str) -> str:
        """Return a header, empty without it."""
        return (self._response.headers.get(name) or "").strip()

    @property
    def size_bytes(self) -> int | None:
        """Return the announced length of the body; None where the server tells none."""
        text = self.header("Content-Length")
        return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else None

    @property
    def is_compressed(self) -> bool:
        """Return whether the body is compressed although the plain bytes were asked for."""
        return self.header("Content-Encoding").lower() not in ("", "identity")

    def read(self, most: int) -> bytes:
        """Return the next bytes, up to `most`, as they arrive; nothing at the end. Raise UnavailableError."""
        if self._is_whole:
            return b""
        try:
            piece = self._response.read1(most if self._left is None else min(most, self._left))
        except (OSError, http.client.HTTPException, ValueError) as exc:
            raise UnavailableError(f"the connection broke off: {str(exc)[:100]!a}") from exc
        if self._left is not None:
            if not piece:
                raise UnavailableError("the connection broke off before the end")
            self._left -= len(piece)
        self._is_whole = self._left == 0 or not piece
        return piece

    def page(self, most_bytes: int) -> Iterator[bytes]:
        """Yield a whole body of up to `most_bytes` decompressed bytes. Raise UnavailableError for a longer one, and for
        one that takes longer than PAGE_S."""
        end = time.monotonic() + PAGE_S
        inflate = zlib.decompressobj(wbits=47) if self.is_compressed else None  # gzip or zlib, as the head says
        total = 0
        while piece := self.read(PIECE_BYTES):
            if time.monotonic() > end:
                raise UnavailableError(f"{self.url[:200]!a} takes longer than {PAGE_S:.0f} s to arrive")
            while piece:
                rest = b""
                if inflate is not None:
                    try:
                        piece = inflate.decompress(piece, PIECE_BYTES)
                    except zlib.error as exc:
                        raise ConflictError(f"{self.url[:200]!a} is compressed in a way that is not read") from exc
                    rest = inflate.unconsumed_tail
                total += len(piece)
                if total > most_bytes:
                    raise ConflictError(f"{self.url[:200]!a} is larger than {size_text(most_bytes)}, too large a list")
                yield piece
                piece = rest

    def close(self) -> None:
        """Give the connection back, or close it where bytes of the body are left."""
        give_back, self._give_back = self._give_back, None
        if give_back is not None:
            is_reusable = self._is_whole and not self._response.will_close
            self._response.close()
            give_back(is_reusable)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def refusal(answer: Answer, host: str, what: str, key: str | None = None) -> StorageError:
    """Return the error of a status that is no success; `what` names what was asked for."""
    status = answer.status
    if status == 401:
        return ForbiddenError(f"{host} wants a login for {what} (401); only what is open to all is read here", key=key)
    if status == 403:
        return ForbiddenError(f"{host} does not give {what} (403)", key=key)
    if status in (404, 410):
        return NotFoundError(f"{host} has no {what} ({status})", key=key)
    if status == 429:
        told = f"{host} is asked too often (429)"
        return RateLimitError(told, key=key, retry_after_s=_retry_after(answer))
    if status >= 500:
        return UnavailableError(
            f"{host} cannot give {what} now ({status})", key=key, retry_after_s=_retry_after(answer)
        )
    return BadRequestError(f"{host} answers {status} for {what}", key=key)


def _retry_after(answer: Answer) -> int | None:
    """Return the seconds of Retry-After, RFC 9110 10.2.3; None without a valid one."""
    text = answer.header("Retry-After")
    if _SECONDS.fullmatch(text):
        return min(int(text), LONGEST_WAIT_S)
    moment = parse_http_date(text) if text else None
    if moment is None:
        return None
    return min(max(0, int((moment - datetime.now(UTC)).total_seconds())), LONGEST_WAIT_S)
