"""What only buckets have, of a bucket whose storage types are prefixes: each call is for one type."""

from collections.abc import Sequence

from storage_tui.contract.models import DeleteResult
from storage_tui.contract.places import BucketFacts, LeftUpload
from storage_tui.contract.storage_types import DEFAULT
from storage_tui.server.stores.base import Address
from storage_tui.server.stores.bucket.types.names import in_words_of
from storage_tui.server.stores.bucket.types.trash import KindOf


class TypesExtras:
    """The `BucketExtras` of the types."""

    def __init__(self, kind_of: KindOf) -> None:
        self._kind_of = kind_of

    async def facts(self, address: Address) -> BucketFacts:
        """Return what the object has beside its bytes. Raise NotFoundError."""
        kind = self._kind_of(address.storage_type)
        with in_words_of(kind.own(address.key)):
            return await kind.store.extras.facts(kind.inner(address))

    async def thaw(
        self, storage_type: str, addresses: Sequence[Address], *, days: int, tier: str
    ) -> list[DeleteResult]:
        """Ask archives for the bytes of objects, for so many days; return a result for each, in order."""
        kind = self._kind_of(storage_type)
        inner = [kind.inner(address) for address in addresses]
        return await kind.store.extras.thaw(DEFAULT, inner, days=days, tier=tier)

    async def left_uploads(self, storage_type: str, prefix: str) -> list[LeftUpload]:
        """Return the uploads that began below the prefix and were not finished."""
        return await self._kind_of(storage_type).store.extras.left_uploads(DEFAULT, prefix)

    async def drop_uploads(self, storage_type: str, targets: Sequence[tuple[str, str]]) -> list[DeleteResult]:
        """Drop unfinished uploads, each a key and an id; return a result for each, in order."""
        return await self._kind_of(storage_type).store.extras.drop_uploads(DEFAULT, targets)
