"""The trash of a bucket whose storage types are prefixes: the versions of each prefix are the trash of its type."""

from collections.abc import Callable, Sequence
from dataclasses import replace

from storage_tui.contract.errors import NotFoundError, StorageError
from storage_tui.contract.models import Blob, Retention
from storage_tui.contract.storage_types import DEFAULT
from storage_tui.contract.trash import BringBack, BringBackResult, GonePage, Purged
from storage_tui.server.stores.base import Address
from storage_tui.server.stores.bucket.types.names import Kind, in_words_of
from storage_tui.server.stores.trash import Trash

KindOf = Callable[[str], Kind]  # raises NotFoundError for a type that the place does not have
Shown = Callable[[Kind, Blob], Blob]  # a blob of the store of a type under the name and with the expiry of this type


class TypesTrash:
    """The `Trash` of the types; `whole` returns the trash of the whole place. It promises what that of a bucket
    promises. A blob of `products` comes back only where there is none."""

    def __init__(self, whole: Callable[[], Trash], kind_of: KindOf, shown: Shown) -> None:
        self._whole = whole
        self._kind_of = kind_of
        self._shown = shown

    async def terms(self) -> Retention:
        """Return whether the bucket keeps versions now."""
        return await self._whole().terms()

    async def list_page(
        self, namespace: str, storage_type: str, *, prefix: str = "", after: str = "", limit: int
    ) -> GonePage:
        """Return one page, as `Trash.list_page` promises."""
        kind = self._kind_of(storage_type)
        page = await kind.store.trash.list_page(namespace, DEFAULT, prefix=prefix, after=after, limit=limit)
        return replace(
            page, blobs=tuple(replace(gone, blob=replace(gone.blob, storage_type=kind.name)) for gone in page.blobs)
        )

    async def bring_back(
        self, namespace: str, storage_type: str, targets: Sequence[BringBack]
    ) -> list[BringBackResult]:
        """Bring versions back, as `Trash.bring_back` promises."""
        kind = self._kind_of(storage_type)
        refused = {
            number: refusal
            for number, target in enumerate(targets)
            if (refusal := await self._refusal(kind, target)) is not None
        }
        good = [target for number, target in enumerate(targets) if number not in refused]
        done = iter(await kind.store.trash.bring_back(namespace, DEFAULT, good))
        return [
            refused[number] if number in refused else self._in_words(kind, target, next(done))
            for number, target in enumerate(targets)
        ]

    async def purge(self, namespace: str, storage_type: str, targets: Sequence[tuple[str, str | None]]) -> Purged:
        """Remove versions for good, as `Trash.purge` promises."""
        return await self._kind_of(storage_type).store.trash.purge(namespace, DEFAULT, targets)

    async def purge_prefix(self, namespace: str, storage_type: str, prefix: str) -> Purged:
        """Remove the versions below the prefix for good, as `Trash.purge_prefix` promises."""
        return await self._kind_of(storage_type).store.trash.purge_prefix(namespace, DEFAULT, prefix)

    async def _refusal(self, kind: Kind, target: BringBack) -> BringBackResult | None:
        """Return the refusal of a return over a blob that its type does not let overwrite."""
        if kind.rule.may_overwrite:
            return None
        try:
            with in_words_of(kind.own(target.target)):
                await kind.store.stat(Address("", DEFAULT, target.target))
        except NotFoundError:
            return None
        except StorageError as exc:
            return BringBackResult(target.key, None, exc.code, exc.message)
        refused = kind.refused(target.target, "overwrite")
        return BringBackResult(target.key, None, refused.code, refused.message)

    def _in_words(self, kind: Kind, target: BringBack, result: BringBackResult) -> BringBackResult:
        message = result.message
        for key in {target.key, target.target} if message is not None else ():
            message = kind.own(key).in_words(message or "")
        return replace(result, blob=None if result.blob is None else self._shown(kind, result.blob), message=message)
