"""A process that keeps moving the blobs of a local store until it is killed, and tells each acknowledged batch.

    python -m tests.server.stores.local.move_child DATA_DIR SEED

Blob n is always under one of the keys `place/n`, in the type that goes with the place. A line says that a batch was
acknowledged.
"""

import asyncio
import os
import random
import sys
from pathlib import Path

from storage_tui.contract.moves import Move
from storage_tui.server.stores.local.store import LocalStore

NAMESPACE = "c" * 40
BLOBS = 60
LARGE = 10  # of them are files
PLACES = {"a": "data", "b": "data", "c": "tmp", "d": "result"}
MOVERS = 3


def content(number: int) -> bytes:
    return b"%d|" % number * (40_000 if number < LARGE else 500)


async def keep_moving(store: LocalStore, chance: random.Random, mine: list[int]) -> None:
    """Move some of the blobs of this mover, from wherever they are."""
    while True:
        some = chance.sample(mine, chance.randrange(1, len(mine)))
        targets = [(number, chance.choice([*PLACES])) for number in some]
        moves = [
            Move(f"{place}/{number}", f"{to}/{number}", kind, PLACES[to])
            for number, to in targets
            for place, kind in PLACES.items()
        ]
        results = await store.move_many(NAMESPACE, moves)
        done = {result.move.to_key for result in results if result.is_done}
        assert done == {f"{to}/{number}" for number, to in targets}, "a blob was nowhere"
        os.write(1, b"moved\n")


async def main(data_dir: Path, seed: int) -> None:
    store = LocalStore(data_dir, reserve_bytes=0)
    await store.start()
    chance = random.Random(seed)
    shares = [[number for number in range(BLOBS) if number % MOVERS == mover] for mover in range(MOVERS)]
    await asyncio.gather(*(keep_moving(store, chance, mine) for mine in shares))


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), int(sys.argv[2])))
