"""The trash of a client: what was deleted or overwritten and can be brought back. `Storage.trash` and
`AsyncStorage.trash` are objects of these classes.

A plain published server has no trash. Every call but `terms` then raises MethodNotAllowedError, which says so.
"""

from collections.abc import AsyncIterator, Iterable, Iterator, Sequence
from datetime import datetime
from typing import Protocol, TypeVar

from storage_tui.client.calls import Call, Service
from storage_tui.client.undoing import calls as trash_calls
from storage_tui.contract.models import Blob, Retention
from storage_tui.contract.storage_types import DEFAULT
from storage_tui.contract.trash import BringBack, BringBackResult, GoneBlob, GonePage, Purged

T = TypeVar("T")
PAGE = 1000  # gone blobs in one request; a server may have a lower limit


class _Run(Protocol):
    def __call__(self, call: Call[T]) -> T:
        """Run a call and return its result."""


class _AsyncRun(Protocol):
    async def __call__(self, call: Call[T]) -> T:
        """Run a call and return its result."""


class StorageTrash:
    """Deleted and overwritten blobs of a `Storage`, as long as the server keeps them.

    A gone blob is named by its key and its ETag, which a key never gets again. What comes back has its old bytes, ETag,
    times and content type; its expiry too, so that the seven days of `tmp` do not begin anew. The trash is in no list,
    usage or quota: blobs that exist take its room, the oldest gone blobs first.
    """

    def __init__(self, run: _Run, service: Service) -> None:
        self._run = run
        self._service = service

    def terms(self) -> Retention:
        """Return how long the server keeps deleted and overwritten blobs; 0 seconds where it keeps none."""
        return self._run(trash_calls.terms(self._service))

    def list_page(
        self, prefix: str = "", storage_type: str = DEFAULT, *, limit: int = PAGE, next_token: str | None = None
    ) -> GonePage:
        """Return one page of what can be brought back below `prefix`, in byte order of the keys, the versions of a key
        oldest first.

        `limit` is the largest number of versions, from 1; a server has its own limit, ours 1000. `next_token` is that
        of the page before; None is the first page. Raise BadRequestError for another limit or token.
        """
        return self._run(trash_calls.list_page(self._service, prefix, storage_type, limit, next_token))

    def iter_list(self, prefix: str = "", storage_type: str = DEFAULT) -> Iterator[GoneBlob]:
        """Yield everything that can be brought back below `prefix`, fetched page by page."""
        token: str | None = None
        while True:
            page = self.list_page(prefix, storage_type, next_token=token)
            yield from page.blobs
            token = page.next_token
            if token is None:
                return

    def bring_back(
        self, key: str, storage_type: str = DEFAULT, *, etag: str | None = None, at: datetime | None = None,
        to_key: str | None = None, overwrite: bool = False, if_etag: str | None = None,
    ) -> Blob:  # fmt: skip
        """Bring back the version of `key` that went last; return the blob as it is now.

        With `etag`, bring back this version; with `at` (an aware datetime), the version that was there at this moment.
        `to_key` is another key for the blob. A blob that exists at the key is replaced only with `overwrite`, and then
        goes to the trash itself; with `if_etag`, only if the blob has this ETag.

        Raise NotFoundError when there is no such version, or none any more; PreconditionFailedError when there is a
        blob at the key; TypeRuleError where the storage type allows no overwriting; QuotaExceededError.
        """
        target = BringBack(key, etag, at, to_key, overwrite, if_etag)
        return self._run(trash_calls.bring_one_back(self._service, target, storage_type))

    def bring_back_many(self, targets: Iterable[BringBack], storage_type: str = DEFAULT) -> Sequence[BringBackResult]:
        """Bring back many blobs; return one result for each target, in order. The failure of one does not stop the
        others."""
        return self._run(trash_calls.bring_back(self._service, [*targets], storage_type))

    def purge(
        self, targets: Iterable[Blob | str | tuple[str, str | None]] | None = None, storage_type: str = DEFAULT, *,
        prefix: str | None = None,
    ) -> Purged:  # fmt: skip
        """Remove gone blobs for good and at once; return how many, and their bytes. Blobs that exist stay.

        `targets` are keys, of which all versions go, or pairs of key and ETag. Or give a `prefix`, below which all gone
        blobs are removed; the prefix `""` stands for all of the storage type.
        """
        return self._run(trash_calls.purge(self._service, targets, prefix, storage_type))


class AsyncTrash:
    """The same for an `AsyncStorage`, as coroutines; see `StorageTrash`."""

    def __init__(self, run: _AsyncRun, service: Service) -> None:
        self._run = run
        self._service = service

    async def terms(self) -> Retention:
        """Return how long the server keeps deleted and overwritten blobs; 0 seconds where it keeps none."""
        return await self._run(trash_calls.terms(self._service))

    async def list_page(
        self, prefix: str = "", storage_type: str = DEFAULT, *, limit: int = PAGE, next_token: str | None = None
    ) -> GonePage:
        """Return one page of what can be brought back below `prefix`, in byte order of the keys, the versions of a key
        oldest first.

        `limit` is the largest number of versions, from 1; a server has its own limit, ours 1000. `next_token` is that
        of the page before; None is the first page. Raise BadRequestError for another limit or token.
        """
        return await self._run(trash_calls.list_page(self._service, prefix, storage_type, limit, next_token))

    async def iter_list(self, prefix: str = "", storage_type: str = DEFAULT) -> AsyncIterator[GoneBlob]:
        """Yield everything that can be brought back below `prefix`, fetched page by page."""
        token: str | None = None
        while True:
            page = await self.list_page(prefix, storage_type, next_token=token)
            for blob in page.blobs:
                yield blob
            token = page.next_token
            if token is None:
                return

    async def bring_back(
        self, key: str, storage_type: str = DEFAULT, *, etag: str | None = None, at: datetime | None = None,
        to_key: str | None = None, overwrite: bool = False, if_etag: str | None = None,
    ) -> Blob:  # fmt: skip
        """Bring back the version of `key` that went last; return the blob as it is now.

        With `etag`, bring back this version; with `at` (an aware datetime), the version that was there at this moment.
        `to_key` is another key for the blob. A blob that exists at the key is replaced only with `overwrite`, and then
        goes to the trash itself; with `if_etag`, only if the blob has this ETag.

        Raise NotFoundError when there is no such version, or none any more; PreconditionFailedError when there is a
        blob at the key; TypeRuleError where the storage type allows no overwriting; QuotaExceededError.
        """
        target = BringBack(key, etag, at, to_key, overwrite, if_etag)
        return await self._run(trash_calls.bring_one_back(self._service, target, storage_type))

    async def bring_back_many(
        self, targets: Iterable[BringBack], storage_type: str = DEFAULT
    ) -> Sequence[BringBackResult]:
        """Bring back many blobs; return one result for each target, in order. The failure of one does not stop the
        others."""
        return await self._run(trash_calls.bring_back(self._service, [*targets], storage_type))

    async def purge(
        self, targets: Iterable[Blob | str | tuple[str, str | None]] | None = None, storage_type: str = DEFAULT, *,
        prefix: str | None = None,
    ) -> Purged:  # fmt: skip
        """Remove gone blobs for good and at once; return how many, and their bytes. Blobs that exist stay.

        `targets` are keys, of which all versions go, or pairs of key and ETag. Or give a `prefix`, below which all gone
        blobs are removed; the prefix `""` stands for all of the storage type.
        """
        return await self._run(trash_calls.purge(self._service, targets, prefix, storage_type))
