"""The trash of an engine: blobs that were deleted or overwritten, kept for a while so that they can come back.

Gone blobs are in no list, usage or total. They give way: when their retention ends, when the disk needs room, and when
a user's blobs need the room of the user's quota. The oldest go first.
"""

from collections.abc import Sequence
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import timedelta
from typing import Protocol, runtime_checkable

from storage_tui.contract.models import Retention
from storage_tui.contract.trash import BringBack, BringBackResult, GonePage, Purged

ACTOR: ContextVar[str] = ContextVar("actor", default="")
"""Who carries out the present request: the user of the token, empty when unknown."""

RETENTION = timedelta(days=1)  # without another setting: long enough to notice a mistake on the next morning
MOST_RETENTION = timedelta(days=3650)
MOST_GONE = 1_000_000  # gone blobs of one user in one storage type: about 300 MB of rows; then the oldest go
PURGED_AT_ONCE = 10_000  # gone blobs that one request removes, so that other writers do not wait long


@dataclass(frozen=True, slots=True)
class GoneTotal:
    """The gone blobs of a whole store: their number, their bytes, and how many went before their time, for room."""

    count: int = 0
    size_bytes: int = 0
    ended_early: int = 0


class Trash(Protocol):
    """The gone blobs of an engine. All calls are for one namespace and storage type."""

    async def terms(self) -> Retention:
        """Return how long gone blobs are kept, and since when none of them was removed before its time."""

    async def list_page(
        self, namespace: str, storage_type: str, *, prefix: str = "", after: str = "", limit: int
    ) -> GonePage:
        """Return up to `limit` gone blobs that can come back now, in byte order of the keys, the versions of a key
        oldest first, strictly after the position `after`. `next_token` is the position of the last one, raw."""

    async def bring_back(
        self, namespace: str, storage_type: str, targets: Sequence[BringBack]
    ) -> list[BringBackResult]:
        """Bring blobs back, with their ETags, times and content types; return a result for each, in order.

        A blob that is replaced goes to the trash. Type rules are those of a write: a blob of `products` is never
        replaced. An expired blob does not come back.
        """

    async def purge(self, namespace: str, storage_type: str, targets: Sequence[tuple[str, str | None]]) -> Purged:
        """Remove gone blobs for good and at once: of each target, a key with an ETag or None for all its versions."""

    async def purge_prefix(self, namespace: str, storage_type: str, prefix: str) -> Purged:
        """Remove the gone blobs below the prefix for good and at once, up to PURGED_AT_ONCE of them."""


@runtime_checkable
class Keeping(Protocol):
    """An engine with a trash."""

    @property
    def trash(self) -> Trash:
        """The gone blobs."""
