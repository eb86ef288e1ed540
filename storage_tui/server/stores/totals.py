"""What an engine may offer beyond a Store so that quotas are exact: counters, and a last look before each commit."""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from storage_tui.contract.models import Usage
from storage_tui.server.stores.base import Address


@dataclass(frozen=True, slots=True)
class Totals:
    """What a user has in one storage type: live blobs and their bytes, upload sessions that are open, and the bytes
    that are kept of those."""

    count: int = 0
    size_bytes: int = 0
    open_uploads: int = 0
    open_bytes: int = 0


@dataclass(frozen=True, slots=True)
class Ceiling:
    """How much a user may have in one storage type; None is without limit."""

    size_bytes: int | None = None
    count: int | None = None


Ceilings = Callable[[str, str], Ceiling | None]  # namespace, storage type -> the ceiling; called from any thread


def no_ceilings(namespace: str, storage_type: str) -> Ceiling | None:
    """Everything is without limit."""
    return None


@runtime_checkable
class Counting(Protocol):
    """A Store that keeps counters. One that does not is asked for its `usage`, now and then."""

    async def totals(self, namespace: str, storage_type: str, *, without: Collection[str] = ()) -> Totals:
        """As of the last commit, and cheap: a few rows, whatever the number of blobs. The bytes of the sessions in
        `without` are left out of `open_bytes`."""

    def obey(self, ceilings: Ceilings) -> None:
        """From now on refuse with QuotaExceededError, in the same transaction, every change that would pass one."""


@runtime_checkable
class Recounting(Protocol):
    """A Store whose `usage` may be some time old, or refused of very many blobs."""

    async def recount(self, namespace: str, storage_type: str) -> Usage:
        """The usage of the whole type, counted after this call began, however long that takes."""


@runtime_checkable
class Telling(Protocol):
    """A Store without counters that tells what its own deletes take away."""

    def tell(self, listener: Callable[[Address, int], None]) -> None:
        """From now on call this on the event loop with each blob that was deleted, and its bytes."""
