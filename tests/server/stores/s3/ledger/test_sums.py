"""Sums of rows, held against a list of everything: overwritten, deleted, moved, by two servers, killed, damaged."""

import asyncio
import random

import pytest

from storage_tui.contract.errors import NotFoundError
from storage_tui.contract.storage_types import STORAGE_TYPES
from storage_tui.server.stores.base import Address
from storage_tui.server.stores.s3.ledger.pairs import Pair
from storage_tui.server.stores.s3.store import S3Store
from tests.server.stores.engines import ALICE
from tests.server.stores.s3.ledger.conftest import Servers, listed

DATA = Pair(ALICE, STORAGE_TYPES["data"])
FOLDERS = ("", "a/", "a/b/", "a/b/c/", "a!/", "deep/er/and/deeper/", "wide/1/", "wide/2/", "wide/3/", "wide/4/", "z-/")
PREFIXES = ("", "a", "a/", "a/b", "a/b/", "a/b/c/k1", "deep/", "deep/er/", "w", "wide/", "wide/3/", "none/", "k", "zz")


def at(key: str, storage_type: str = "data") -> Address:
    return Address(ALICE, storage_type, key)


def some_key(rng: random.Random) -> str:
    return f"{rng.choice(FOLDERS)}k{rng.randrange(12)}"


async def change(store: S3Store, rng: random.Random) -> None:
    """One change, with a type among those that expire."""
    kind = rng.choice(("data", "data", "data", "tmp"))
    target, other = at(some_key(rng), kind), at(some_key(rng), kind)
    try:
        match rng.randrange(10):
            case 0 | 1 | 2 | 3 | 4:
                await store.put(target, b"x" * rng.randrange(50))
            case 5 | 6:
                await store.delete(target)
            case 7:
                await store.copy(target, other)
            case 8:
                await store.move(target, other)
            case 9:
                session = await store.create_upload(target)
                async with store.write_upload(session.upload_id) as writer:
                    await writer.write(b"y" * rng.randrange(1, 90))
                    await writer.finish()
    except NotFoundError:
        pass


@pytest.mark.parametrize("seed", range(8))
async def test_usages_are_those_of_a_list_of_everything(servers: Servers, seed: int) -> None:
    rng = random.Random(seed)
    stores = [await servers.start(), await servers.start()]
    for number in range(60):
        await asyncio.gather(*(change(rng.choice(stores), rng) for _ in range(5)))
        servers.clock.advance(hours=rng.choice((0, 0, 1, 9)))
        if number % 3:
            continue
        for store in stores:
            await store._ledger.journal.flush()
        kind, prefix, delimiter = rng.choice(("data", "tmp")), rng.choice(PREFIXES), rng.choice(("", "/"))
        expected = await listed(stores[0], kind, prefix, delimiter)
        for found in await asyncio.gather(*(s.usage(ALICE, kind, prefix=prefix, delimiter=delimiter) for s in stores)):
            assert found == expected, (kind, prefix, delimiter)
    await stores[0]._ledger.journal.flush()
    for prefix in PREFIXES:
        for delimiter in ("", "/"):
            assert await stores[1].usage(ALICE, "data", prefix=prefix, delimiter=delimiter) == await listed(
                stores[0], "data", prefix, delimiter
            ), (prefix, delimiter)
