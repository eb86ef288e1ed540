"""Every blob of a storage type, page by page, on any engine."""

from collections.abc import AsyncIterator

from storage_tui.contract.models import Blob
from storage_tui.server.stores.base import Store

PAGE = 1000  # blobs in memory at once


async def every_blob(store: Store, namespace: str, storage_type: str) -> AsyncIterator[Blob]:
    """Yield the blobs of the type in the byte order of their keys. A blob that exists throughout is yielded exactly
    once."""
    after: str | None = ""
    while after is not None:
        page = await store.list_page(namespace, storage_type, after=after, limit=PAGE)
        for blob in page.blobs:
            yield blob
        after = page.next_token
