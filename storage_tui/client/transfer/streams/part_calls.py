"""The calls for the parts of an upload, an addition to the published wire; see `server/resources/upload/parts.py`."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from storage_tui.client.control import TransferControl
from storage_tui.client.http.session import Session
from storage_tui.client.requests import ERROR_BYTES, Request, Response, error_from
from storage_tui.client.transfer.sources import Buffer
from storage_tui.contract import wire
from storage_tui.contract.errors import ProtocolError
from storage_tui.contract.wire import Span

ANSWER_BYTES = 1024 * 1024  # a thousand parts are described in 100 kB


@dataclass(frozen=True, slots=True)
class PartState:
    """A part of an upload on the server: its span, and the first byte that the server does not keep."""

    span: Span
    offset: int


@dataclass(frozen=True, slots=True)
class UploadState:
    """An upload session on the server: the bytes that it keeps from the first on, and its parts."""

    offset: int
    quantum_bytes: int
    parts: tuple[PartState, ...]


def find_state(session: Session, url: str, size_bytes: int, key: str) -> UploadState:
    """Return the state of an upload of `size_bytes` that is open. Raise StorageError."""
    request = Request("GET", url=url, key=key)
    response = session.send(request)
    if not response.is_success:
        raise error_from(request, response)
    raw = wire.parse_answer(response.body)
    try:
        parts = [PartState(Span(row["start"], row["stop"]), row["offset"]) for row in raw["parts"]]
        state = UploadState(raw["offset"], raw["quantum_bytes"], tuple(parts))
        position = state.offset
        is_sound = raw["size_bytes"] == size_bytes and 0 <= position <= size_bytes and state.quantum_bytes > 0
        for part in parts:
            is_sound = is_sound and position <= part.span.start <= part.offset <= part.span.stop <= size_bytes
            position = part.span.stop
    except (TypeError, KeyError):
        is_sound = False
    if not is_sound:
        raise _unsound(key)
    return state


def put_part(
    session: Session, url: str, part: Span, span: Span | None, size_bytes: int, content: Iterator[Buffer], *,
    control: TransferControl, key: str,
) -> int:  # fmt: skip
    """Send bytes of a part, or ask with a span of None; return the first byte that the server does not keep."""
    headers = {
        "Content-Type": "application/octet-stream",
        "Content-Range": wire.format_upload_range(span, size_bytes),
        "Content-Length": str(0 if span is None else span.size_bytes),
    }
    place = f"{url}/{wire.UPLOAD_PARTS}/{wire.format_part(part)}"
    request = Request("PUT", url=place, headers=headers, key=key)
    with session.stream(request, control=control, content=content) as (head, body):
        limit = ANSWER_BYTES if head.is_success else ERROR_BYTES
        taken = bytearray()
        for chunk in body:
            taken += chunk
            if len(taken) >= limit:
                break
    answer = Response(head.status, head.headers, bytes(taken[:limit]))
    if not answer.is_success:
        raise error_from(request, answer)
    raw: Any = wire.parse_answer(answer.body)
    offset = raw.get("offset") if isinstance(raw, dict) else None
    if type(offset) is not int or not part.start <= offset <= part.stop:
        raise _unsound(key)
    return offset


def _unsound(key: str) -> ProtocolError:
    return ProtocolError("the server does not say how much of the upload it has", key=key)
