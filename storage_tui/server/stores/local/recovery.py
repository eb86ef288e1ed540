"""Repairs when a local store starts, before any write: the part files of upload sessions."""

import logging
import os
from typing import Any

import apsw

from storage_tui.server.stores.local import blocks as local_blocks
from storage_tui.server.stores.local.database.possible import IS_UPLOAD_ID, id_is_possible
from storage_tui.server.stores.local.files import Disk

_END = (  # of the bytes that the session or one of its parts promised
    "max(offset, coalesce((SELECT max(upload_parts.offset) FROM upload_parts "
    "WHERE upload_parts.upload_id = uploads.upload_id AND upload_parts.offset > start), 0))"
)
_OPEN = (
    f"SELECT upload_id, blob_id, {_END} FROM uploads WHERE state = 'open' AND {_END} > 0 "
    f"AND {id_is_possible('blob_id')} AND {IS_UPLOAD_ID}"
)

_log = logging.getLogger(__name__)


def recover_parts(connection: apsw.Connection, disk: Disk) -> None:
    """Cut every part file to the offset that its session, or the last part of it, promised. Remove those without a
    session.

    A part that is shorter than promised is lost: its session ends, and later calls raise an error that says so. A part
    that was published without its COMMIT becomes a part again.
    """
    found = {path.name.removesuffix(".part") for path in disk.uploads.iterdir()}
    rows: list[Any] = connection.execute(_OPEN).fetchall()
    for upload_id, blob_id, offset in rows:
        if blob_id not in found and disk.blob_path(blob_id).exists():
            disk.withdraw(blob_id)
        found.discard(blob_id)
        if not _cut(disk, blob_id, offset):
            _log.error("the disk lost bytes of upload session %s…: it had %d", upload_id[:6], offset)
            connection.execute("UPDATE uploads SET state = 'lost', offset = 0 WHERE upload_id = ?", (upload_id,))
            local_blocks.drop(connection, [blob_id])
            disk.unlink(disk.part_path(blob_id))
    for blob_id in found:
        disk.unlink(disk.part_path(blob_id))


def _cut(disk: Disk, blob_id: str, offset: int) -> bool:
    path = disk.part_path(blob_id)
    try:
        size_bytes = path.stat().st_size
    except FileNotFoundError:
        return False
    if size_bytes > offset:
        os.truncate(path, offset)
    return size_bytes >= offset
