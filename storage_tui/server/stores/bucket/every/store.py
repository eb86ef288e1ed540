"""The Store over all buckets of a person: the name of a bucket is the first folder of a key. Read only."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any, NoReturn

from storage_tui.contract.columns import ColumnPage
from storage_tui.contract.errors import BadRequestError, ConflictError, NotFoundError
from storage_tui.contract.keys import DELIMITER
from storage_tui.contract.models import Blob, DeleteResult, Page, Usage
from storage_tui.contract.moves import Move, MoveResult
from storage_tui.server.stores.base import Address, BlobReader, UploadPart, UploadSession
from storage_tui.server.stores.bucket.every.names import Buckets
from storage_tui.server.stores.bucket.store import BucketStore
from storage_tui.server.stores.s3.protocol.threads import Threads

OPEN_AT_MOST = 16  # buckets; each has connections and threads of its own


class EveryBucketStore:
    """The store of all buckets. `find` returns their names and blocks; `open_bucket` returns the store of one.

    It keeps the promises of a BucketStore that is read only, and:

    - *Lists* fold at buckets: a list of the keys of all buckets at once is refused.
    - *Open buckets.* Of more than OPEN_AT_MOST the first that was opened is closed, with the reads from it.
    """

    opens_with_bytes = True
    takes_any_name = True
    lacks = frozenset({"upload-parts"})  # features of the description that this engine does not have

    def __init__(self, find: Callable[[], Buckets], open_bucket: Callable[[str], BucketStore]) -> None:
        self._find = find
        self._open_bucket = open_bucket
        self._open: dict[str, BucketStore] = {}
        self._opening = asyncio.Lock()
        self._why = ""
        self._threads = Threads()

    async def start(self) -> None:
        await self._names()

    async def close(self) -> None:
        while self._open:
            await self._open.popitem()[1].close()
        self._threads.close()

    async def place_rules(self) -> list[str]:
        return ["read only", "all buckets"]

    async def place_notes(self) -> list[str]:
        """Return why buckets may be missing, as `Noting` promises."""
        return [self._why] if self._why else []

    async def stat(self, address: Address) -> Blob:
        bucket, inner = self._split(address)
        return _named(bucket, await (await self._store(bucket)).stat(inner))

    @asynccontextmanager
    async def open(self, address: Address) -> AsyncIterator[BlobReader]:
        bucket, inner = self._split(address)
        async with (await self._store(bucket)).open(inner) as reader:
            yield reader

    async def signed_url(self, address: Address, *, valid_s: int) -> str:
        bucket, inner = self._split(address)
        return await (await self._store(bucket)).signed_url(inner, valid_s=valid_s)

    async def list_page(
        self, namespace: str, storage_type: str, *, prefix: str = "", delimiter: str = "", after: str = "", limit: int
    ) -> Page:  # fmt: skip
        bucket, slash, inner = prefix.partition(DELIMITER)
        if not slash:
            return await self._buckets(prefix, delimiter, after, limit)
        lead = bucket + DELIMITER
        if after and not after.startswith(lead):
            if after > prefix:
                return Page(())
            after = lead
        page = await (await self._store(bucket)).list_page(
            namespace, storage_type, prefix=inner, delimiter=delimiter, after=after[len(lead) :], limit=limit
        )
        return Page(
            tuple(_named(bucket, blob) for blob in page.blobs), tuple(lead + one for one in page.prefixes),
            page.next_token and lead + page.next_token,
        )  # fmt: skip

    async def list_columns(
        self, namespace: str, storage_type: str, *, prefix: str = "", delimiter: str = "", after: str = "", limit: int,
        page_limit: int,
    ) -> list[ColumnPage]:  # fmt: skip
        page = await self.list_page(
            namespace, storage_type, prefix=prefix, delimiter=delimiter, after=after, limit=min(limit, page_limit)
        )
        return [ColumnPage.of(page, prefix)]

    async def usage(self, namespace: str, storage_type: str, *, prefix: str = "", delimiter: str = "") -> Usage:
        bucket, slash, inner = prefix.partition(DELIMITER)
        if not slash:
            raise BadRequestError("all buckets at once are not counted; count one: s3://BUCKET")
        lead = bucket + DELIMITER
        found = await (await self._store(bucket)).usage(namespace, storage_type, prefix=inner, delimiter=delimiter)
        children = tuple(replace(child, prefix=lead + child.prefix) for child in found.children)
        return replace(found, prefix=prefix, children=children)

    async def put(self, address: Address, content: bytes, **how: Any) -> Blob:
        self._refuse(address.key)

    async def delete(self, address: Address, **how: Any) -> None:
        self._refuse(address.key)

    async def withdraw(self, address: Address, **how: Any) -> None:
        self._refuse(address.key)

    async def delete_many(
        self, namespace: str, storage_type: str, targets: Sequence[tuple[str, str | None]]
    ) -> list[DeleteResult]:
        self._refuse()

    async def copy(self, source: Address, target: Address, **how: Any) -> Blob:
        self._refuse(source.key)

    async def move(self, source: Address, target: Address, **how: Any) -> Blob:
        self._refuse(source.key)

    async def move_many(self, namespace: str, moves: Sequence[Move]) -> list[MoveResult]:
        self._refuse()

    async def copy_many(self, namespace: str, moves: Sequence[Move]) -> list[MoveResult]:
        self._refuse()

    async def create_upload(
        self, address: Address, *, promised: Mapping[str, bytes] | None = None, **how: Any
    ) -> UploadSession:
        self._refuse(address.key)

    async def find_upload(self, upload_id: str) -> UploadSession:
        raise NotFoundError("no such upload session; start a new one")

    @asynccontextmanager
    async def write_upload(self, upload_id: str, **how: Any) -> AsyncIterator[Any]:
        self._refuse()
        yield

    async def find_parts(self, upload_id: str) -> list[UploadPart]:
        raise NotFoundError("no such upload session; start a new one")

    @asynccontextmanager
    async def write_part(self, upload_id: str, span: Any) -> AsyncIterator[Any]:
        self._refuse()
        yield

    async def drop_parts(self, upload_id: str) -> None:
        self._refuse()

    async def cancel_upload(self, upload_id: str) -> None:
        self._refuse()

    async def sweep(self) -> int:
        return 0

    async def _buckets(self, prefix: str, delimiter: str, after: str, limit: int) -> Page:
        if delimiter != DELIMITER:
            raise BadRequestError("the keys of all buckets are not listed at once; list one bucket: s3://BUCKET")
        names = [name + DELIMITER for name in await self._names() if name.startswith(prefix)]
        names = [name for name in names if name.encode() > after.encode()]
        return Page((), tuple(names[:limit]), names[limit - 1] if len(names) > limit else None)

    async def _names(self) -> tuple[str, ...]:
        found = await self._threads.calls.run(self._find)
        self._why = found.why
        return found.names

    async def _store(self, bucket: str) -> BucketStore:
        """Return the started store of a bucket. Raise StorageError for one that cannot be opened."""
        async with self._opening:
            store = self._open.get(bucket)
            if store is None:
                store = self._open_bucket(bucket)
                await store.start()
                while len(self._open) >= OPEN_AT_MOST:
                    await self._open.pop(next(iter(self._open))).close()
                self._open[bucket] = store
            return store

    def _split(self, address: Address) -> tuple[str, Address]:
        bucket, _, key = address.key.partition(DELIMITER)
        if not key:
            raise NotFoundError(f"{address.key!r} is a bucket and no blob", key=address.key)
        return bucket, replace(address, key=key)

    def _refuse(self, key: str | None = None) -> NoReturn:
        raise ConflictError("all buckets together are open read only; open one with --write: s3://BUCKET", key=key)


def _named(bucket: str, blob: Blob) -> Blob:
    return replace(blob, key=f"{bucket}{DELIMITER}{blob.key}")
