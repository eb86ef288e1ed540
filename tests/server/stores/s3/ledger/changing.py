"""Rows of a few blobs, and changes of a store at random."""

import random

from storage_tui.contract.errors import NotFoundError
from storage_tui.server.stores.base import Address
from storage_tui.server.stores.s3.ledger.ledger import LedgerBounds
from storage_tui.server.stores.s3.ledger.rows import Shape
from storage_tui.server.stores.s3.store import S3Store
from tests.server.stores.engines import ALICE

NEVER_S = 3600.0  # a server notes its changes when a test says so
SMALL_ROWS = LedgerBounds(exact_blobs=-1, pause_s=NEVER_S, pages=6, shape=Shape(list_names=8, leaf_rows=3, parts=3))


FOLDERS = ("", "a/", "a/b/", "a/b/c/", "a!/", "deep/er/and/deeper/", "wide/1/", "wide/2/", "wide/3/", "wide/4/", "z-/")


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
