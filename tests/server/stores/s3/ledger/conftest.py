"""Stores whose rows hold a few blobs, so that a few hundred blobs make many rows and leaves."""

import secrets
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest

from storage_tui.contract.models import Usage
from storage_tui.server.stores.s3.ledger.ledger import LedgerBounds
from storage_tui.server.stores.s3.protocol.bucket import Bucket
from storage_tui.server.stores.s3.store import S3Bounds, S3Store
from tests import seaweed
from tests.server.stores.engines import ALICE, Clock
from tests.server.stores.s3.ledger.changing import SMALL_ROWS
from tests.server.stores.s3.timed_bucket import TimedBucket


@dataclass
class Servers:
    """Stores on one bucket, as of several servers; each has a connection of its own."""

    root: str
    clock: Clock
    stack: AsyncExitStack
    started: list[S3Store] = field(default_factory=list)

    def bucket(self) -> Bucket:
        return TimedBucket(seaweed.bucket_at(seaweed.endpoint(), self.root), self.clock)

    async def start(self, bounds: LedgerBounds = SMALL_ROWS) -> S3Store:
        """Start one more server."""
        store = S3Store(
            self.bucket(), clock=self.clock, check=lambda _: None, bounds=S3Bounds(exact_blobs=10**9, ledger=bounds)
        )
        await store.start()
        self.started.append(store)
        self.stack.push_async_callback(store.close)
        return store

    async def kill(self, store: S3Store) -> None:
        """End a server without its notes."""
        store._ledger.journal._touched.clear()
        store._ledger.journal._due.clear()
        store._sweeper._is_known = False
        await store.close()


async def listed(store: S3Store, storage_type: str = "data", prefix: str = "", delimiter: str = "") -> Usage:
    """The usage by a list of everything."""
    return await store._lists.usage(
        ALICE, storage_type, prefix=prefix, delimiter=delimiter, now=store._now(), most=10**9
    )


@pytest.fixture
async def servers() -> AsyncIterator[Servers]:
    async with AsyncExitStack() as stack:
        yield Servers(f"ledger-{secrets.token_hex(6)}/", Clock(), stack)


@asynccontextmanager
async def counted(store: S3Store) -> AsyncIterator[list[str]]:
    """The requests that a store makes to the engine in the block: method and what of the bucket they are about."""
    engine, made = store._bucket.engine, list[str]()
    call: Callable[..., Any] = engine.call

    def count(method: str, path: str, query: Mapping[str, str] | None = None, *args: Any, **options: Any) -> Any:
        if query is not None and "list-type" in query:
            made.append(f"LIST {query['prefix'].removeprefix(store._bucket.root)}")
        else:
            made.append(f"{method} {path.partition(store._bucket.root)[2]}")
        return call(method, path, query, *args, **options)

    engine.call = count  # type: ignore[method-assign]
    try:
        yield made
    finally:
        engine.call = call  # type: ignore[method-assign]
