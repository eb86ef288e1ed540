"""The memory for bytes of uploads that the engine does not have yet, shared by user.

Bytes wait here until they are enough for a part, and while the part goes to the engine. A user alone may hold four
fifths of the memory. An upload whose bytes find no room soon stores them in the bucket.
"""

from storage_tui.server.limits.shares import BusyError, Share, Shares

MIB = 1024 * 1024
TOTAL_BYTES = 40 * MIB  # two parts for each of two uploads; a process with all its budgets used up stays under 150 MB
OWN_BYTES = MIB // 2  # of each upload without a share: its request has paid for so much (UPLOAD_BYTES of the budget)
GRAIN_BYTES = MIB  # the amount that is taken at a time
PATIENCE_S = 1.0  # a part reaches an engine in this time, and frees its memory
ATTEMPTS = 20  # to get the memory for stored bytes: 20 s, then the client sends the request again


def new_memory(total_bytes: int = TOTAL_BYTES) -> Shares:
    """Return the memory of one store, in bytes."""
    return Shares(total_bytes, "the memory for uploads", patience_s=PATIENCE_S)


class Gathering:
    """Chunks of one upload that are not in the engine, and the share of the memory that they take."""

    def __init__(self, memory: Shares, user: str) -> None:
        self.chunks: list[bytes] = []
        self.size_bytes = 0
        self._memory = memory
        self._user = user
        self._shares: list[Share] = []
        self._is_closed = False

    def add(self, chunk: bytes) -> None:
        """Keep the chunk. The caller asks `has_room` before it adds another."""
        self.chunks.append(chunk)
        self.size_bytes += len(chunk)

    async def has_room(self) -> bool:
        """Return False when the memory for the chunks does not become free soon: they should go to the engine."""
        while self.size_bytes > OWN_BYTES + len(self._shares) * GRAIN_BYTES:
            try:
                share = await self._memory.take(self._user, GRAIN_BYTES)
            except BusyError:
                return False
            if self._is_closed:  # the upload failed while it waited
                share.close()
                return True
            self._shares.append(share)
        return True

    def close(self) -> None:
        """Drop the chunks and give their memory back."""
        self._is_closed = True
        self.chunks, self.size_bytes = [], 0
        while self._shares:
            self._shares.pop().close()


async def wait_for_room(memory: Shares, user: str, size_bytes: int) -> Share:
    """Return a share of so many bytes, as soon as they are free. Raise BusyError after ATTEMPTS times PATIENCE_S."""
    for _ in range(ATTEMPTS - 1):
        try:
            return await memory.take(user, size_bytes)
        except BusyError:
            continue
    return await memory.take(user, size_bytes)
