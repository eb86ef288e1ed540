"""A process that keeps changing a local store until it is killed, and tells each acknowledged change on its output.

    python -m tests.server.stores.local.crash_child DATA_DIR RUN

Each worker goes through numbered steps that a reader can foretell: step n of worker w is on key `RUN/w/n%SLOTS`, and
either puts `content(RUN, w, n)` there or, every fifth, deletes it. A line `w n` says that step n was acknowledged.
"""

import asyncio
import os
import sys
from contextlib import suppress
from pathlib import Path

from storage_tui.contract.errors import NotFoundError
from storage_tui.server.stores.base import Address
from storage_tui.server.stores.local.store import LocalStore

NAMESPACE = "c" * 40
SLOTS = 3
SMALL, LARGE, COPY, UPLOAD, LONG = "small", "large", "copy", "upload", "long"
WORKERS = (SMALL, SMALL, LARGE, COPY, UPLOAD, UPLOAD)
PIECE_BYTES = 150_000
SIZES = {SMALL: 3_000, LARGE: 120_000, COPY: 90_000, UPLOAD: 2 * PIECE_BYTES + 7}


def content(run: int, worker: int, step: int) -> bytes:
    size_bytes = SIZES[WORKERS[worker]]
    return (b"%d %d %d|" % (run, worker, step) * size_bytes)[:size_bytes]


def long_piece(run: int, step: int) -> bytes:
    return (b"long %d %d|" % (run, step) * PIECE_BYTES)[:PIECE_BYTES]


def is_delete(step: int) -> bool:
    return step % 5 == 4


def key_of(run: int, worker: int, step: int) -> str:
    return f"{run}/{worker}/{step % SLOTS}"


def at(key: str, storage_type: str = "data") -> Address:
    return Address(NAMESPACE, storage_type, key)


def tell(*what: object) -> None:
    os.write(1, (" ".join(map(str, what)) + "\n").encode())


async def work(store: LocalStore, run: int, worker: int) -> None:
    for step in range(1_000_000):
        target, kind = at(key_of(run, worker, step)), WORKERS[worker]
        if is_delete(step):
            with suppress(NotFoundError):
                await store.delete(target)
        elif kind in (SMALL, LARGE):
            await store.put(target, content(run, worker, step))
        elif kind == COPY:
            await store.put(at("source", "tmp"), content(run, worker, step))
            await store.copy(at("source", "tmp"), target)
        else:
            session = await store.create_upload(target)
            whole = content(run, worker, step)
            async with store.write_upload(session.upload_id) as writer:
                for start in range(0, len(whole), PIECE_BYTES):
                    await writer.write(whole[start : start + PIECE_BYTES])
                    await writer.checkpoint()
                await writer.finish()
        tell(worker, step)


async def write_long(store: LocalStore, run: int) -> None:
    session = await store.create_upload(at(f"{run}/{LONG}"))
    tell(LONG, session.upload_id, 0)
    async with store.write_upload(session.upload_id) as writer:
        for step in range(1_000_000):
            await writer.write(long_piece(run, step))
            tell(LONG, session.upload_id, await writer.checkpoint())


async def main(data_dir: Path, run: int) -> None:
    store = LocalStore(data_dir, reserve_bytes=0)
    await store.start()
    await asyncio.gather(write_long(store, run), *(work(store, run, worker) for worker in range(len(WORKERS))))


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), int(sys.argv[2])))
