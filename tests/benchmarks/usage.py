"""Usage and sweep on a bucket: the requests to the engine, beside those of listing everything, at several sizes.

`BENCHMARK_USAGE_KEYS` names the sizes on a SeaweedFS, `BENCHMARK_MADE_UP_KEYS` those of buckets whose objects are made
up as they are listed: so a bucket of ten million needs neither disk nor an hour. There the requests count, and not the
seconds. All blobs are in `tmp`, so that a sweep has as many to look at as a usage. They are put past the server, as
those of an earlier version are.
"""

import asyncio
import os
import random
import secrets
import time
from collections.abc import Awaitable, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from multiprocessing import get_context
from typing import Any

from storage_tui.server.stores.base import Address
from storage_tui.server.stores.s3.blobs import locate
from storage_tui.server.stores.s3.protocol.bucket import Bucket
from storage_tui.server.stores.s3.store import S3Store
from tests import seaweed
from tests.benchmarks.made_up import MadeUpEngine
from tests.benchmarks.programs import Row

SIZES = [int(size) for size in os.environ.get("BENCHMARK_USAGE_KEYS", "20000,200000").split(",")]
MADE_UP = [int(size) for size in os.environ.get("BENCHMARK_MADE_UP_KEYS", "1000000,10000000").split(",")]
SEEDERS, THREADS = 2, 8
CHANGES = 100
OWNER = "a" * 40


def rows() -> Iterator[Row]:
    """The table, for each size, below a prefix of its own."""
    for size in SIZES:
        root = f"usage-{secrets.token_hex(6)}/"
        _seed_all(root, size)
        yield from asyncio.run(_measure(size, lambda root=root: seaweed.bucket_at(seaweed.endpoint(), root)))
    for size in MADE_UP:
        engine: Any = MadeUpEngine(size, _name)
        yield from asyncio.run(_measure(size, lambda engine=engine: Bucket(engine, "made-up")))


async def _measure(size: int, bucket: Callable[[], Bucket]) -> list[Row]:
    store, other = await _start(bucket()), await _start(bucket())
    rng, title = random.Random(1), f"{size:,} blobs"

    async def change(keys: list[str]) -> None:
        await asyncio.gather(*(store.put(_at(key), b"xy") for key in keys))

    async def usage(of: S3Store) -> None:
        found = await of._ledger.usage(OWNER, "tmp", prefix="", delimiter="/")
        assert found.count == size and sum(child.count for child in found.children) == size

    def everything() -> Awaitable[object]:
        return store._lists.usage(OWNER, "tmp", prefix="", delimiter="/", now=store._now(), most=10**9)

    found = [
        Row(f"{title}: usage by a list of all", *await _counted(store, everything)),
        Row(f"{title}: first usage, and its sums stored", *await _counted(store, lambda: usage(store))),
        Row(f"{title}: usage of another server, nothing changed", *await _counted(other, lambda: usage(other))),
        Row(f"{title}: once more", *await _counted(other, lambda: usage(other))),
    ]
    await change([_key(number) for number in range(CHANGES)])
    found.append(
        Row(f"{title}: usage after {CHANGES} changes in a folder", *await _counted(store, lambda: usage(store)))
    )
    await change([_key(rng.randrange(size)) for _ in range(CHANGES)])
    found.append(Row(f"{title}: usage after {CHANGES} changes all over", *await _counted(store, lambda: usage(store))))
    await store._ledger.journal.flush()
    found.append(Row(f"{title}: sweep, nothing expired", *await _counted(store, store._ledger.sweep)))
    week_ago = datetime.now(UTC) - timedelta(days=8)
    await asyncio.gather(*(store.put(_at(f"old/{number}"), b"x", written=week_ago) for number in range(CHANGES)))
    found.append(Row(f"{title}: sweep, {CHANGES} expired", *await _counted(store, store._ledger.sweep)))
    found.append(Row(f"{title}: one step of the scan", *await _counted(store, lambda: store._ledger.scan(""))))
    for each in (store, other):
        await each.close()
    return found


async def _start(bucket: Bucket) -> S3Store:
    store = S3Store(bucket, check=lambda _bucket: None)
    await store.start()
    return store


async def _counted(store: S3Store, work: Callable[[], Awaitable[object]]) -> tuple[str, str, str]:
    """Run the work, and return its requests to the engine and its seconds."""
    engine, made = store._bucket.engine, 0
    call: Callable[..., Any] = engine.call

    def count(*args: Any, **options: Any) -> Any:
        nonlocal made
        made += 1
        return call(*args, **options)

    engine.call = count  # type: ignore[method-assign]
    begun = time.perf_counter()
    try:
        await work()
    finally:
        engine.call = call  # type: ignore[method-assign]
    return f"{made:,} requests, {time.perf_counter() - begun:.2f} s", "", ""


def _seed_all(root: str, size: int) -> None:
    context, endpoint = get_context("spawn"), seaweed.endpoint()
    parts = [range(part, size, SEEDERS) for part in range(SEEDERS)]
    seeders = [context.Process(target=_seed, args=(endpoint, root, part)) for part in parts]
    for seeder in seeders:
        seeder.start()
    for seeder in seeders:
        seeder.join()


def _seed(endpoint: str, root: str, numbers: range) -> None:
    bucket = seaweed.bucket_at(endpoint, root)
    with ThreadPoolExecutor(THREADS) as threads:
        for _ in threads.map(lambda number: bucket.put(locate(_at(_key(number))).name, b""), numbers):
            pass


def _at(key: str) -> Address:
    return Address(OWNER, "tmp", key)


def _name(number: int) -> str:
    """The name of the object of a key, as `locate` makes it, in a tenth of the time."""
    return f"{_ROOT}region({number // 100_000:03}-/tile({number // 1000:05}-/{number % 1000:03})tif!"


def _key(number: int) -> str:
    """A key of the seed, in order: folders of a thousand in regions of a hundred folders."""
    return f"region-{number // 100_000:03}/tile-{number // 1000:05}/{number % 1000:03}.tif"


_ROOT = locate(_at("x")).name.removesuffix("x!")
assert _name(12_345_678) == locate(_at(_key(12_345_678))).name
