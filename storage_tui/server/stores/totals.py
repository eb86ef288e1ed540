"""Optional extensions of a Store that make quotas exact: counters, and a check before each commit."""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from storage_tui.contract.models import Usage
from storage_tui.server.stores.base import Address


@dataclass(frozen=True, slots=True)
class Totals:
    """What a user has in one storage type: the number of live blobs and their bytes, the number of open upload
    sessions, and the bytes kept of those sessions."""

    count: int = 0
    size_bytes: int = 0
    open_uploads: int = 0
    open_bytes: int = 0


@dataclass(frozen=True, slots=True)
class Ceiling:
    """How much a user may have in one storage type; None means no limit."""

    size_bytes: int | None = None
    count: int | None = None


Ceilings = Callable[[str, str], Ceiling | None]  # namespace, storage type -> the ceiling; called from any thread


def no_ceilings(namespace: str, storage_type: str) -> Ceiling | None:
    """Return None: no user has a limit."""
    return None


@runtime_checkable
class Counting(Protocol):
    """A Store that keeps counters. A Store without them is asked for its `usage` now and then."""

    async def totals(self, namespace: str, storage_type: str, *, without: Collection[str] = ()) -> Totals:
        """Return the totals as of the last commit. The call is cheap: a few rows, whatever the number of blobs. The
        bytes of the sessions in `without` are left out of `open_bytes`."""

    def obey(self, ceilings: Ceilings) -> None:
        """From now on refuse every change that would exceed a ceiling: raise QuotaExceededError in the same
        transaction."""


@runtime_checkable
class Recounting(Protocol):
    """A Store whose `usage` may be out of date."""

    async def recount(self, namespace: str, storage_type: str) -> Usage:
        """Return the usage of the whole type with every change that was made before this call, by any server that
        lives, however long that takes."""


@runtime_checkable
class Telling(Protocol):
    """A Store without counters that reports what its own deletes remove."""

    def tell(self, listener: Callable[[Address, int], None]) -> None:
        """From now on call `listener` on the event loop with each deleted blob and its size in bytes."""
