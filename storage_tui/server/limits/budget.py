"""The memory that the requests of all users may hold, and the cost of each kind of request.

A request takes its share before it reads its body or builds its answer, and holds the share until its answer is sent.
The process has 50 MB at its start; with both parts of the budget used up it stays under 150 MB. Small bodies and
answers are not counted: the bound on connections bounds them.
"""

from dataclasses import dataclass

from storage_tui.server.limits.shares import Shares

MIB = 1024 * 1024


@dataclass(frozen=True, slots=True)
class MemoryBounds:
    """How much memory requests hold together, and how long a request waits for its share."""

    transfer_bytes: int = 36 * MIB  # of blobs on their way in and out
    small_bytes: int = 8 * MIB  # of small blobs: separate, so that they never wait behind large ones of the same user
    call_bytes: int = 28 * MIB  # of documents, lists and results: separate, so that a user with many transfers can list
    transfer_patience_s: float = 20.0  # the published client waits 30 s for an answer after its last byte
    call_patience_s: float = 8.0  # also of small blobs


DEFAULTS = MemoryBounds()
SMALL_BYTES = 16 * 1024  # a cost up to this is not counted

LINGERING = 32  # refused bodies that are read on at once, 8 MB of the listener's buffers; others lose the refusal
LISTENER_BYTES = 256 * 1024  # the listener's buffers of a body or an answer that does not fit into them
STREAM_BYTES = 512 * 1024  # an answer in pieces: one read, one piece cut from it, the listener's buffer
UPLOAD_BYTES = 640 * 1024  # a body that goes to the store in pieces
PACK_HEADS_BYTES = 256 * 1024  # the heads of a pack of ordinary keys, and its results
ENTRY_BYTES = 6000  # an entry of a list with the longest key: the row, its JSON and its bytes
COLUMN_BYTES = 1600  # an entry in columns; all keys of a page together have a bound
SUM_BYTES = 800  # a row of a usage; its keys are bounded in the same way
SEARCH_BYTES = 10 * 1024 * 1024  # a page of long documents of the catalog
PARTS = 100_000  # arrays, objects and their members in a document, where a call sets no smaller bound
PART_BYTES = 120  # of memory for one of these parts
JSON_GROWTH = 30  # memory of a document divided by its bytes: `{"a":1},` is the worst
TEXT_GROWTH = 4  # the same ratio for long texts: the bytes, the text, and the pieces cut out of it


class Budget:
    """The memory of one server, in three parts: `transfers`, `small` and `calls`. `lingering` counts refused bodies and
    not bytes."""

    def __init__(self, bounds: MemoryBounds = DEFAULTS) -> None:
        self.transfers = Shares(
            bounds.transfer_bytes, "the memory for blobs on their way", patience_s=bounds.transfer_patience_s
        )
        self.small = Shares(bounds.small_bytes, "the memory for small blobs", patience_s=bounds.call_patience_s)
        self.calls = Shares(bounds.call_bytes, "the memory for calls", patience_s=bounds.call_patience_s)
        self.lingering = Shares(LINGERING, "all places to read on", patience_s=0.0)


def body_cost(size_bytes: int) -> int:
    """Return the cost, in bytes of memory, of a body that is held whole."""
    return size_bytes + min(size_bytes, LISTENER_BYTES)


def upload_cost(size_bytes: int | None) -> int:
    """Return the cost, in bytes of memory, of a body that goes to the store in pieces; None is a body of unknown
    length."""
    return UPLOAD_BYTES if size_bytes is None else min(UPLOAD_BYTES, body_cost(size_bytes))


def json_cost(size_bytes: int, parts: int = PARTS) -> int:
    """Return the cost, in bytes of memory, of a JSON body of `size_bytes` bytes and at most `parts` parts, with the
    objects made from it."""
    return min(JSON_GROWTH * size_bytes, TEXT_GROWTH * size_bytes + parts * PART_BYTES)
