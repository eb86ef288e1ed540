"""Which parts an upload session takes, on every engine."""

from collections.abc import Callable, Iterable

from storage_tui.contract.errors import BadRequestError, ConflictError
from storage_tui.contract.wire import MOST_PARTS, Span, part_quantum
from storage_tui.server.stores.base import UploadPart

DROPPED = "this part of the upload was dropped; ask for the state of the upload"


def check_part(
    span: Span, size_bytes: int | None, offset: int, parts: Iterable[UploadPart], key: str,
    quantum_of: Callable[[int], int] = part_quantum,
) -> None:  # fmt: skip
    """Raise BadRequestError for a span that cannot be a part of a blob of `size_bytes`, and ConflictError for one that
    overlaps the first `offset` bytes or another part, or that is one part too many."""
    if size_bytes is None:
        raise BadRequestError("only an upload that was announced with its size takes parts", key=key)
    quantum = quantum_of(size_bytes)
    if span.stop > size_bytes:
        raise BadRequestError(f"the upload has {size_bytes} bytes, and the part ends at {span.stop}", key=key)
    if span.start % quantum or (span.stop % quantum and span.stop != size_bytes):
        raise BadRequestError(
            f"a part of this upload begins and ends at a multiple of {quantum} bytes, or ends with the blob", key=key
        )
    if span.start < offset:
        raise ConflictError(f"the upload has the first {offset} bytes already", key=key)
    others = [part for part in parts if (part.start, part.stop) != (span.start, span.stop)]
    for part in others:
        if part.start < span.stop and span.start < part.stop:
            raise ConflictError(f"the part overlaps the part from {part.start} to {part.stop}", key=key)
    if len(others) >= MOST_PARTS:
        raise ConflictError(f"an upload has at most {MOST_PARTS} parts at a time; send the first ones whole", key=key)
