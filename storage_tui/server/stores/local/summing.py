"""The block checksums of a blob, from the database, or made when a part of a blob without them is first read.

A blob has no block checksums when it was stored by a program that did not know them. Such a blob is then read as a
whole once, and none of its bytes are returned before the whole is found to be good.
"""

import asyncio
import os
from contextlib import suppress
from functools import partial

import apsw

from storage_tui.contract import checksum
from storage_tui.contract.errors import StoreFullError, UnavailableError
from storage_tui.contract.models import Blob
from storage_tui.contract.wire import Span
from storage_tui.server.stores.base import READ_SIZE
from storage_tui.server.stores.local import blocks as local_blocks
from storage_tui.server.stores.local.blocks import Blocks, BlockSums, Written
from storage_tui.server.stores.local.commit import Committer
from storage_tui.server.stores.local.database.pool import Pool
from storage_tui.server.stores.local.reader import check_crc, damaged


class Summing:
    """Finds the checksums of blocks, or makes them."""

    def __init__(self, *, pool: Pool, committer: Committer) -> None:
        self._pool = pool
        self._committer = committer
        self._making: dict[str, asyncio.Lock] = {}  # blobs that are being read as a whole, once each

    async def find(self, blob: Blob, descriptor: int, span: Span) -> BlockSums:
        """Return the checksums of the blocks that the span touches. Raise DamagedError when the checksums had to be
        made and the blob is damaged."""
        blob_id, size_bytes = blob.etag or "", blob.size_bytes or 0
        query = partial(local_blocks.find, blob_id=blob_id, size_bytes=size_bytes, span=span)
        found = await self._pool.read(query)
        if found is not None:
            return found
        lock = self._making.setdefault(blob_id, asyncio.Lock())
        try:
            async with lock:
                return await self._pool.read(query) or await self._make(blob, descriptor)
        finally:
            if not lock.locked():
                self._making.pop(blob_id, None)

    async def _make(self, blob: Blob, descriptor: int) -> BlockSums:
        own = os.dup(descriptor)  # the reader may close its descriptor while this still reads
        try:
            blocks, written = await self._pool.in_thread(partial(_read_whole, blob, own))
        except UnavailableError:  # the store is closed, and the thread never began
            os.close(own)
            raise
        rows = blocks.rows(0, written)
        with suppress(StoreFullError, UnavailableError):  # a store that cannot be written can still be read
            await self._committer.run(partial(_keep, blob.etag or "", rows))
        return BlockSums(0, b"".join(crcs for _, crcs in rows))


def _read_whole(blob: Blob, descriptor: int) -> tuple[Blocks, Written]:
    """Return the checksums of all blocks, and close the descriptor. Raise DamagedError for a damaged blob."""
    blocks, offset, crc = Blocks(), 0, 0
    try:
        while piece := os.pread(descriptor, READ_SIZE, offset):
            blocks.extend(piece)
            offset, crc = offset + len(piece), checksum.extend(crc, piece)
    except OSError as exc:
        raise damaged(blob, f"the disk fails to read them ({exc.strerror or exc})") from exc
    finally:
        os.close(descriptor)
    check_crc(blob, crc)
    return blocks, Written(offset, crc, blocks.partial)


def _keep(blob_id: str, rows: list[local_blocks.Row], connection: apsw.Connection) -> None:
    local_blocks.keep(connection, blob_id, rows)
