"""Stores on sites, and short forms of what tests do with them."""

from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack

import pytest

from storage_tui.contract.wire import Span
from storage_tui.server.stores.base import Address
from storage_tui.server.stores.web.store import WebStore

Opening = Callable[..., WebStore]


@pytest.fixture
async def opened() -> AsyncIterator[Opening]:
    """Open the store at a URL; all are closed at the end."""
    async with AsyncExitStack() as stack:

        def opening(url: str, **options: int) -> WebStore:
            store = WebStore(url, **options)
            stack.push_async_callback(store.close)
            return store

        yield opening


def at(key: str) -> Address:
    """The address of a key."""
    return Address("a" * 40, "data", key)


async def listed(store: WebStore, prefix: str = "", delimiter: str = "/", *, limit: int = 1000) -> list[str]:
    """All entries of a list, page by page."""
    found: list[str] = []
    after: str | None = ""
    while after is not None:
        page = await store.list_page("a" * 40, "data", prefix=prefix, delimiter=delimiter, after=after, limit=limit)
        found += sorted([*(blob.key for blob in page.blobs), *page.prefixes], key=str.encode)
        assert len(page.blobs) + len(page.prefixes) <= limit
        after = page.next_token
    return found


async def read(store: WebStore, key: str, start: int = 0, stop: int | None = None) -> bytes:
    """The bytes of a span."""
    async with store.open(at(key)) as reader:
        span = Span(start, reader.blob.size_bytes or 0 if stop is None else stop)
        return b"".join([piece async for piece in reader.chunks(span)])
