"""Counts what lies below a prefix: one question where the server counts, else page by page, blob by blob."""

import asyncio
from collections.abc import AsyncIterator

from storage_tui.client.async_storage import AsyncStorage
from storage_tui.contract.errors import NotFoundError
from storage_tui.contract.models import Blob
from storage_tui.tui.reading import read_below
from storage_tui.tui.state.listing import Folder
from storage_tui.tui.state.usage_tree import UsageLevel

SIZES_AT_ONCE = 8  # questions for a single size on their way together


async def count(storage: AsyncStorage, level: UsageLevel) -> AsyncIterator[UsageLevel]:
    """Fill the level; yields it each time it tells more. It is exact at the end."""
    folder = Folder(level.prefix, level.storage_type)
    if "usage" in (await storage.describe()).features:
        page = await storage.list_page(level.prefix, storage_type=level.storage_type)
        level.expect(page.prefixes)
        yield level
        level.take(await storage.usage(level.prefix, storage_type=level.storage_type, delimiter="/"))
        yield level
        return
    async for blobs in read_below(storage, folder):
        for blob in blobs:
            level.branch_of(blob.key).add(blob)
        yield level
        async for _ in _sizes(storage, level, [blob for blob in blobs if blob.size_bytes is None]):
            yield level
    level.is_exact = True
    yield level


async def _sizes(storage: AsyncStorage, level: UsageLevel, blobs: list[Blob]) -> AsyncIterator[None]:
    async for blob in stat_each(storage, blobs):
        level.branch_of(blob.key).add_size(blob)
        yield


async def stat_each(storage: AsyncStorage, blobs: list[Blob]) -> AsyncIterator[Blob]:
    """What the server tells of each blob now, a few questions at once; those that are gone are left out."""
    for start in range(0, len(blobs), SIZES_AT_ONCE):
        part = blobs[start : start + SIZES_AT_ONCE]
        for blob in await asyncio.gather(*(_stat_or_none(storage, blob) for blob in part)):
            if blob is not None:
                yield blob


async def _stat_or_none(storage: AsyncStorage, blob: Blob) -> Blob | None:
    try:
        return await storage.stat(blob.key, blob.storage_type)
    except NotFoundError:
        return None
