"""The rows of the parts of upload sessions: which bytes of the one part file are durable beyond those of the session.

A row is removed when its part is joined to the bytes before it, and by triggers when its session ends. As in rows.py,
changes run inside the writer's transaction and check everything first.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import apsw

from storage_tui.contract import checksum
from storage_tui.contract.errors import UnavailableError
from storage_tui.contract.wire import Span
from storage_tui.server.stores.base import UploadPart
from storage_tui.server.stores.local import blocks as local_blocks
from storage_tui.server.stores.local.database.sessions import SessionRow, find_open
from storage_tui.server.stores.parts import DROPPED, check_part

_FIND = "SELECT start, stop, offset, crc FROM upload_parts WHERE upload_id = ? ORDER BY start"
_BEGIN = "INSERT INTO upload_parts (upload_id, start, stop, offset, crc) VALUES (?, ?, ?, ?, 0)"
_ADVANCE = "UPDATE upload_parts SET offset = ?, crc = ? WHERE upload_id = ? AND start = ? RETURNING start"


def find(connection: apsw.Connection, upload_id: str) -> list[UploadPart]:
    """Return the parts of a session in the order of their starts."""
    rows: list[Any] = connection.execute(_FIND, (upload_id,)).fetchall()
    return [UploadPart(*row) for row in rows]


def begin(
    connection: apsw.Connection, upload_id: str, span: Span, now: int, quantum_of: Callable[[int], int]
) -> tuple[SessionRow, UploadPart]:
    """Return the session and its part with these ends, which is made where there is none."""
    session = find_open(connection, upload_id, now)
    parts = find(connection, upload_id)
    check_part(span, session.size_bytes, session.offset, parts, session.place.key, quantum_of)
    for part in parts:
        if part.start == span.start:
            return session, part
    connection.execute(_BEGIN, (upload_id, span.start, span.stop, span.start))
    return session, UploadPart(span.start, span.stop, span.start)


def advance(
    connection: apsw.Connection, session: SessionRow, start: int, offset: int, crc: int,
    sums: Sequence[local_blocks.Row], now: int,
) -> None:  # fmt: skip
    """Note that the bytes of a part before `offset` are durable, with the checksums of their blocks."""
    find_open(connection, session.upload_id, now)
    if not connection.execute(_ADVANCE, (offset, crc, session.upload_id, start)).fetchall():
        raise UnavailableError(DROPPED, key=session.place.key)
    local_blocks.keep(connection, session.blob_id, sums)


def join(connection: apsw.Connection, upload_id: str, now: int) -> SessionRow:
    """Join the whole parts that follow the bytes of the session, and return the session."""
    session = before = find_open(connection, upload_id, now)
    for part in find(connection, upload_id):
        if part.start != session.offset or not part.is_whole:
            break
        crc = checksum.combine(session.crc, part.crc, part.stop - part.start)
        session = replace(session, offset=part.stop, crc=crc)
    if session is not before:
        connection.execute("DELETE FROM upload_parts WHERE upload_id = ? AND start < ?", (upload_id, session.offset))
        connection.execute(
            "UPDATE uploads SET offset = ?, crc = ? WHERE upload_id = ?", (session.offset, session.crc, upload_id)
        )
    return session


def drop(connection: apsw.Connection, upload_id: str, now: int) -> None:
    """Forget the parts of a session that are not joined; a later writer writes over their bytes."""
    session = find_open(connection, upload_id, now)
    for part in find(connection, upload_id):
        local_blocks.drop_span(connection, session.blob_id, Span(part.start, part.stop))
    connection.execute("DELETE FROM upload_parts WHERE upload_id = ?", (upload_id,))
