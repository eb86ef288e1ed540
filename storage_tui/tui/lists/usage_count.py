"""The count below a prefix: one question if the server counts, else page by page, blob by blob."""

from collections.abc import AsyncIterator

from storage_tui.client.async_storage import AsyncStorage
from storage_tui.contract.models import Blob
from storage_tui.tui.lists.usage_tree import UsageLevel
from storage_tui.tui.state.listing import Folder
from storage_tui.tui.store_reads import read_below, stat_each


async def count(storage: AsyncStorage, level: UsageLevel) -> AsyncIterator[UsageLevel]:
    """Fill a level of the usage tree, and yield the level after each update. At the end the level is exact."""
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
