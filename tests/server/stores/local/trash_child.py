"""A process that deletes, overwrites and brings back until it is killed, and tells each acknowledged change.

    python -m tests.server.stores.local.trash_child DATA_DIR RUN

Each worker has a key of its own. A line `w etag size` says that the blob is now there, `w -` that nothing is there.
Every blob that was ever told must be found afterwards: at its key, or in the trash.
"""

import asyncio
import random
import sys
from pathlib import Path

from storage_tui.contract.trash import BringBack
from storage_tui.server.stores.base import Address
from storage_tui.server.stores.local.store import LocalStore
from tests.server.stores.local.crash_child import tell

NAMESPACE = "d" * 40
WORKERS = 4
SIZES = (0, 3_000, 120_000)


def content(run: int, worker: int, step: int) -> bytes:
    size_bytes = SIZES[step % len(SIZES)]
    return (b"%d %d %d|" % (run, worker, step) * size_bytes)[:size_bytes]


async def work(store: LocalStore, run: int, worker: int) -> None:
    key = f"{run}/{worker}"
    target, chance, known = Address(NAMESPACE, "data", key), random.Random(run * 100 + worker), list[str]()
    is_there = False
    for step in range(1_000_000):
        kind = chance.choice(("put", "delete", "back"))
        if kind == "delete" and is_there:
            await store.delete(target)
            is_there = False
            tell(worker, "-", "-")
        elif kind == "back" and known:
            wanted = BringBack(key, chance.choice(known[-5:]), overwrite=True)
            [result] = await store.trash.bring_back(NAMESPACE, "data", [wanted])
            if result.blob is not None:
                is_there = True
                tell(worker, result.blob.etag, result.blob.size_bytes)
        else:
            blob = await store.put(target, content(run, worker, step))
            known.append(blob.etag or "")
            is_there = True
            tell(worker, blob.etag, blob.size_bytes)


async def main(data_dir: Path, run: int) -> None:
    store = LocalStore(data_dir, reserve_bytes=0)
    await store.start()
    await asyncio.gather(*(work(store, run, worker) for worker in range(WORKERS)))


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), int(sys.argv[2])))
