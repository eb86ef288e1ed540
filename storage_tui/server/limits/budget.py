"""The memory that requests may hold, all users together, and what each kind of request costs.

A request takes its part before it reads its body or builds its answer, and holds the part until its answer is sent.
The process has 50 MB at its start; with both parts of the budget used up it stays under 150 MB. Bodies and answers that
are small are not counted: the bound on connections bounds them.
"""

from storage_tui.server.limits.shares import Share, Shares

MIB = 1024 * 1024
TRANSFER_BYTES = 44 * MIB  # of blobs on their way in and out
CALL_BYTES = 28 * MIB  # of documents, lists and results: apart, so that a user with many transfers can still list
TRANSFER_PATIENCE_S = 20.0  # the published client waits 30 s for an answer after its last byte
CALL_PATIENCE_S = 8.0
SMALL_BYTES = 16 * 1024  # what costs no more is not counted

LINGERING = 32  # refused bodies that are read on at once, 8 MB of the listener's buffers; others lose the refusal
LISTENER_BYTES = 256 * 1024  # the listener's buffers of a body or an answer that does not fit into them
STREAM_BYTES = 512 * 1024  # an answer in pieces: one read, one piece cut from it, the listener's buffer
UPLOAD_BYTES = 640 * 1024  # a body that goes to the store in pieces
PACK_HEADS_BYTES = 256 * 1024  # the heads of a pack of usual keys, and its results
ENTRY_BYTES = 6000  # an entry of a list with the longest key: as a row, as JSON and as bytes
COLUMN_BYTES = 1600  # an entry in columns, whose keys have a bound together
SUM_BYTES = 800  # a row of a usage, in the same way
SEARCH_BYTES = 10 * 1024 * 1024  # a page of long documents of the catalog
PARTS = 100_000  # arrays, objects and their members in a document, where a call says no less
PART_BYTES = 120  # of memory for one of them
JSON_GROWTH = 30  # the memory of a document over its bytes: `{"a":1},` is the worst of them
TEXT_GROWTH = 4  # the same for long texts: the bytes, the text, and what was cut out of it


class Budget:
    """The memory of one server. `transfers` and `calls` are its parts."""

    def __init__(self, *, transfer_bytes: int = TRANSFER_BYTES, call_bytes: int = CALL_BYTES) -> None:
        self.transfers = Shares(transfer_bytes, "the memory for blobs on their way", patience_s=TRANSFER_PATIENCE_S)
        self.calls = Shares(call_bytes, "the memory for calls", patience_s=CALL_PATIENCE_S)
        self.lingering = Shares(LINGERING, "all places to read on", patience_s=0.0)


async def take(part: Shares, user: str, cost_bytes: int) -> Share | None:
    """So much of a part of the budget, None where the cost is too small to count; raises BusyError."""
    if cost_bytes <= SMALL_BYTES:
        return None
    return await part.take(user, cost_bytes)


def body_cost(size_bytes: int) -> int:
    """What a body costs that is held as it came."""
    return size_bytes + min(size_bytes, LISTENER_BYTES)


def upload_cost(size_bytes: int | None) -> int:
    """What a body costs that goes to the store in pieces."""
    return UPLOAD_BYTES if size_bytes is None else min(UPLOAD_BYTES, body_cost(size_bytes))


def json_cost(size_bytes: int, parts: int = PARTS) -> int:
    """What a JSON body of so many bytes and of at most so many parts costs, with what is made of it."""
    return min(JSON_GROWTH * size_bytes, TEXT_GROWTH * size_bytes + parts * PART_BYTES)
