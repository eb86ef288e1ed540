"""A process that keeps changing a store on a bucket until it is killed; each line is an acknowledged change.

python -m tests.server.stores.s3.ledger.child ROOT ENDPOINT SEED
"""

import asyncio
import os
import random
import sys
from dataclasses import replace

from storage_tui.server.stores.s3.store import S3Bounds, S3Store
from tests import seaweed
from tests.server.stores.s3.ledger.changing import SMALL_ROWS, change


async def main(root: str, endpoint: str, seed: str) -> None:
    rng = random.Random(seed)
    bounds = S3Bounds(ledger=replace(SMALL_ROWS, pause_s=0.05))
    store = S3Store(seaweed.bucket_at(endpoint, root), check=lambda _: None, bounds=bounds)
    await store.start()
    while True:
        await asyncio.gather(*(change(store, rng) for _ in range(4)))
        os.write(1, b"changed\n" * 4)
        if rng.random() < 0.2:
            await store.usage("a" * 40, "data")


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
