"""The blobs below one prefix, or the files below a local folder: named and read within a budget."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from storage_tui.contract.errors import LocalFileError, NotFoundError, RangeNotSatisfiableError
from storage_tui.contract.models import Blob
from storage_tui.contract.sizes import size_text
from storage_tui.previews.base import KIB, MIB, Budget, BudgetError, RangeStorage, Source

PANE_BUDGET = Budget(requests=32, size_bytes=MIB)  # metadata, a chunk of each coordinate, 16 chunks of an array
FULL_BUDGET = Budget(requests=64, size_bytes=4 * MIB)  # at most five seconds at 10 Mbit/s
NAMES = 200  # of one list; those of a store are among the first, and 200 names are some 20 kB
LIST_BYTES = 16 * KIB  # what a list counts for in the budget
PARENTS = ("", ".", "..")


class Listed(Protocol):
    """One page of a list, as `contract.models.Page`."""

    @property
    def blobs(self) -> Sequence[Blob]:
        """The blobs, with their whole keys."""

    @property
    def prefixes(self) -> Sequence[str]:
        """The folders, with their whole keys and a slash at the end."""

    @property
    def next_token(self) -> str | None:
        """None on the last page."""


class FolderStorage(RangeStorage, Protocol):
    """The calls that previews of a prefix make; AsyncStorage and LocalFiles have both."""

    async def list_page(
        self, prefix: str = "", *, storage_type: str = "data", delimiter: str = "/", token: str | None = None,
        limit: int = 1000,
    ) -> Listed:  # fmt: skip
        """Return the first blobs and folders directly below a prefix."""


@dataclass(frozen=True, slots=True)
class Names:
    """The names directly below a prefix, without the prefix; `is_whole` when these are all."""

    blobs: frozenset[str]
    folders: tuple[str, ...]
    is_whole: bool


@dataclass(frozen=True, slots=True)
class Part:
    """Some bytes of a blob, and the size of the whole blob."""

    data: bytes
    size_bytes: int

    @property
    def is_whole(self) -> bool:
        """Whether the bytes are all of the blob, if they were read from its start."""
        return len(self.data) >= self.size_bytes


def names_of(page: Listed, key: str) -> Names:
    """Return the names directly below a prefix, from the first page of all keys below the prefix."""
    blobs: set[str] = set()
    folders: dict[str, None] = {}
    for blob in page.blobs:
        name, slash, _ = blob.key[len(key) :].partition("/")
        if slash:
            folders[name] = None
        else:
            blobs.add(name)
    return Names(frozenset(blobs), tuple(folders), page.next_token is None)


class ChunkFiles(Protocol):
    """What the chunks of an array are read from: a prefix, or a snapshot that knows where its chunks are."""

    @property
    def requests_left(self) -> int:
        """How many more requests the budget allows."""

    @property
    def bytes_left(self) -> int:
        """How many more bytes the budget allows."""

    async def read(self, name: str, start: int, stop: int) -> Part | None:
        """Return a range of a blob by its name in a Zarr store; None when there is no such blob.

        Raises LimitError with the reason for a blob that is not read, or an error of the client.
        """


class Prefix:
    """The blobs below a prefix. All that is read counts against one budget, as that of a Source does."""

    size_bytes = None

    def __init__(self, storage: FolderStorage, key: str, storage_type: str, *, is_full: bool = False) -> None:
        """Keep the prefix, which ends with a slash; `is_full` allows what the whole screen may cost."""
        self.key = key
        self.requests = 0
        self.bytes_read = 0
        self._storage = storage
        self._storage_type = storage_type
        self._budget = FULL_BUDGET if is_full else PANE_BUDGET
        self._begun = Budget(0, 0)

    def begin(self) -> None:
        """Start another view: what was read before does not count against its budget."""
        self._begun = Budget(self.requests, self.bytes_read)

    def allow(self, budget: Budget) -> None:
        """Set the budget of what is read from the last `begin` on."""
        self._budget = budget

    @property
    def requests_left(self) -> int:
        """How many more requests the budget allows."""
        return max(0, self._begun.requests + self._budget.requests - self.requests)

    @property
    def bytes_left(self) -> int:
        """How many more bytes the budget allows."""
        return max(0, self._begun.size_bytes + self._budget.size_bytes - self.bytes_read)

    async def names(self, below: str = "") -> Names:
        """Return the first names below a folder of the prefix. Raises BudgetError, or an error of the client."""
        self._spend(LIST_BYTES)
        start = self.key + below
        page = await self._storage.list_page(start, storage_type=self._storage_type, limit=NAMES)
        blobs = frozenset(blob.key.removeprefix(start) for blob in page.blobs)
        folders = tuple(name.removeprefix(start).rstrip("/") for name in page.prefixes)
        return Names(blobs, folders, page.next_token is None)

    async def read(self, name: str, start: int, stop: int) -> Part | None:
        """Return a range of a blob below the prefix, cut at its end.

        None when there is no such blob, also for a name that leads out of the prefix. Raises BudgetError, or an error
        of the client.
        """
        if any(step in PARENTS for step in name.split("/")) or "\0" in name:
            return None
        self._spend(stop - start)
        try:
            found = await self._storage.read_range(self.key + name, self._storage_type, start=start, stop=stop)
        except (NotFoundError, LocalFileError):
            self.bytes_read -= stop - start
            return None
        except RangeNotSatisfiableError as exc:
            self.bytes_read -= stop - start
            return Part(b"", exc.size_bytes or 0)
        self.bytes_read -= stop - start - len(found.data)
        return Part(found.data, found.blob.size_bytes if found.blob.size_bytes is not None else len(found.data))

    def source(self, name: str) -> Source:
        """Return a blob below the prefix as a source that may spend what the budget has left; see `count`."""
        source = Source(self._storage, Blob(self.key + name, self._storage_type))
        source.allow(Budget(self.requests_left, self.bytes_left))
        return source

    def count(self, source: Source) -> None:
        """Count what a source of a blob below the prefix has spent."""
        self.requests += source.requests
        self.bytes_read += source.bytes_read

    def _spend(self, size_bytes: int) -> None:
        """Count a request and its bytes before it is made, so that requests side by side keep the budget together."""
        if not self.requests_left:
            raise BudgetError(f"needs more than {self._budget.requests} reads")
        if size_bytes > self.bytes_left:
            raise BudgetError(f"needs more than {size_text(self._budget.size_bytes)} to be read")
        self.requests += 1
        self.bytes_read += size_bytes
