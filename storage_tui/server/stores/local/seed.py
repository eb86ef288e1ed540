"""A local store filled at once, for demos and measurements: no session, no group, one transaction for many blobs.

The blobs are whole and the store is the same as after one put for each blob. Only durability differs: a blob is durable
when the call returns, not earlier.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from pathlib import Path

from storage_tui.contract import checksum
from storage_tui.contract.moments import to_millis
from storage_tui.server.stores.base import ANY, Address
from storage_tui.server.stores.local.blocks import rows_of
from storage_tui.server.stores.local.database.rows import INLINE_BYTES, Fresh, locate, new_id, write
from storage_tui.server.stores.local.database.schema import open_writer
from storage_tui.server.stores.local.files import Disk
from storage_tui.server.stores.local.lock import Lock, refuse_network_filesystem
from storage_tui.server.stores.local.store import utc_now

BATCH = 20_000  # blobs in one transaction


@dataclass(frozen=True, slots=True)
class SeedBlob:
    """One blob to put. `modified` is the time of writing to record, from which `tmp` counts its expiry. `etag` is 32
    hexadecimal digits that no other blob has, for a caller that must know the ETag beforehand."""

    address: Address
    content: bytes
    content_type: str | None = None
    modified: datetime | None = None
    etag: str | None = None


def seed(data_dir: Path, blobs: Iterable[SeedBlob]) -> int:
    """Put all of the blobs into the store at `data_dir`, which no process may own, and return their number.

    Blobs in the byte order of their keys are stored fastest. Raise StorageError for a refused key, a rule of the type,
    or a directory with an owner.
    """
    disk = Disk(data_dir)
    refuse_network_filesystem(data_dir)
    disk.prepare()
    lock = Lock.take(data_dir)
    try:
        lock.note({})
        connection = open_writer(disk.database)
        try:
            count, arriving = 0, iter(blobs)
            while batch := list(islice(arriving, BATCH)):
                fresh = [_stage(disk, blob) for blob in batch]
                with connection:
                    for blob, staged in zip(batch, fresh, strict=True):
                        moment = to_millis(blob.modified or utc_now())
                        write(connection, locate(blob.address), staged, ANY, moment)
                count += len(batch)
            return count
        finally:
            connection.close()
    finally:
        lock.release()


def _stage(disk: Disk, blob: SeedBlob) -> Fresh:
    crc = checksum.extend(0, blob.content)
    size_bytes = len(blob.content)
    blob_id = blob.etag or new_id()
    if size_bytes <= INLINE_BYTES:
        return Fresh(blob_id, size_bytes, crc, blob.content_type, blob.content)
    disk.write_part(blob_id, blob.content)
    disk.publish(blob_id)
    disk.sync_dir(disk.blob_path(blob_id).parent)
    return Fresh(blob_id, size_bytes, crc, blob.content_type, sums=rows_of(blob.content))
