"""What some engines can do beyond a Store: show a place with its types, sign URLs of their own, copy from other places,
take any name."""

from collections.abc import Sequence
from typing import Protocol, runtime_checkable

from storage_tui.contract.models import Blob, DeleteResult
from storage_tui.contract.places import BucketFacts, LeftUpload
from storage_tui.contract.storage_types import StorageType
from storage_tui.server.stores.base import ANY, Address, Precondition, Store


@runtime_checkable
class Placed(Protocol):
    """A Store that shows a place, a bucket or a folder, as it is."""

    async def place_rules(self) -> list[str]:
        """Return the rules of the place in short words, such as "read only"."""


@runtime_checkable
class Mapped(Protocol):
    """A Store of a place that has several storage types, with rules of its own."""

    def storage_types(self) -> list[StorageType]:
        """Return the types of the place; the summary of each is its rule in a few words."""


@runtime_checkable
class Presigning(Protocol):
    """A Store whose engine can be asked for a blob by others, without this server."""

    async def signed_url(self, address: Address, *, valid_s: int) -> str:
        """Return a URL of the engine from which anyone can read the blob for `valid_s` seconds."""


@runtime_checkable
class CopyingFrom(Protocol):
    """A Store whose engine has other places too, from which it copies blobs without this server."""

    async def copy_from(
        self, place: str, source: Address, target: Address, *, source_etag: str | None = None,
        precondition: Precondition = ANY,
    ) -> Blob:  # fmt: skip
        """Copy a blob of the place with that URL, opened as this one is, and return the copy; else as `Store.copy`."""


@runtime_checkable
class Noting(Protocol):
    """A Store of a place that does not show all that the place holds."""

    async def place_notes(self) -> list[str]:
        """Return a sentence for each reason why something was left out so far."""


class BucketExtras(Protocol):
    """What only buckets have."""

    async def facts(self, address: Address) -> BucketFacts:
        """Return what the object has beside its bytes. Raise NotFoundError."""

    async def thaw(self, addresses: Sequence[Address], *, days: int, tier: str) -> list[DeleteResult]:
        """Ask archives for the bytes of objects, for so many days; return a result for each, in order."""

    async def left_uploads(self, prefix: str) -> list[LeftUpload]:
        """Return the uploads that began below the prefix and were not finished."""

    async def drop_uploads(self, targets: Sequence[tuple[str, str]]) -> list[DeleteResult]:
        """Drop unfinished uploads, each a key and an id; return a result for each, in order."""


@runtime_checkable
class Bucketed(Protocol):
    """A Store over a bucket as it is."""

    @property
    def extras(self) -> BucketExtras:
        """What only buckets have."""


def takes_any_name(store: Store) -> bool:
    """Return whether every text of 1 to 1024 bytes of UTF-8 is a key of the engine.

    Such an engine has the attribute `takes_any_name`, which is true. Any other engine is given only what `check_key`
    takes.
    """
    return getattr(store, "takes_any_name", False) is True
