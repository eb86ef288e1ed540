"""Moves of rows from key to key, and copies of small values, in the writer's transaction.

A move changes where a row is and nothing else: the blob keeps its id, and so its ETag and its file. An open reader goes
on reading, and no byte is written again. As in rows.py, everything is checked before the first change.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial

import apsw

from storage_tui.contract.errors import BadRequestError, DamagedError, StorageError
from storage_tui.contract.models import Blob
from storage_tui.contract.moves import Move, MoveResult
from storage_tui.contract.storage_types import StorageType
from storage_tui.contract.trash import MOVED_OVER
from storage_tui.server.stores.base import Address, Precondition
from storage_tui.server.stores.local.database.rows import (
    BlobPlace,
    Held,
    expiry,
    find_row,
    locate,
    new_id,
    put_row,
    take_row,
)
from storage_tui.server.stores.local.room import Room
from storage_tui.server.stores.local.trash.gone import Parting
from storage_tui.server.stores.rules import addresses_of, check_source, check_target, precondition_of, refusal, refused

_COPY_CONTENT = "INSERT INTO contents (content) SELECT content FROM contents WHERE id = ?"

Moved = tuple[Blob, str | None]  # the blob at its target, and the ETag of the live blob that was there
Rule = Callable[[StorageType, str, str | None, Precondition], None]
Fits = Callable[[BlobPlace, Held], None]  # raises the error that refuses the blob more room at the place


@dataclass(frozen=True, slots=True)
class Trip:
    """A move or copy that was asked for: from where to where, and under which conditions."""

    source: BlobPlace
    target: BlobPlace
    source_etag: str | None
    precondition: Precondition

    @property
    def is_within_type(self) -> bool:
        """Return whether source and target are of one storage type."""
        return self.source.storage_type is self.target.storage_type


def trip(source: Address, target: Address, source_etag: str | None, precondition: Precondition) -> Trip:
    """Return the trip between two addresses. Raise BadRequestError or a subclass for an impossible address, or for
    addresses of two namespaces."""
    if source.namespace != target.namespace:
        raise BadRequestError("a blob is moved or copied within one namespace only")
    return Trip(locate(source), locate(target), source_etag, precondition)


def trip_of(namespace: str, move: Move) -> Trip:
    """Return the trip of one of many moves; raise the errors of `trip`."""
    source, target = addresses_of(namespace, move)
    return trip(source, target, move.etag, precondition_of(move))


@dataclass(frozen=True, slots=True)
class Asker:
    """Who asked for moves: the id of the request, and what happens to the blobs that are replaced."""

    request_id: str
    parting: Parting


class Moves:
    """Moves and copies of rows in the writer's transaction, with the room and the quotas that they need."""

    def __init__(self, *, room: Room, now: Callable[[], int]) -> None:
        self._room = room
        self._now = now

    def move(self, connection: apsw.Connection, wanted: Trip, asker: Asker) -> Moved:
        """Move one row, or raise what refuses the move."""
        self._room.check(0)
        now, namespace = self._now(), wanted.source.row_key[0].hex()
        moved = move_row(connection, wanted, now, asker, partial(self._fits, connection))
        self._room.trim_log(connection, namespace, wanted.source.storage_type.name)
        self._room.fit(connection, namespace, wanted.target.storage_type.name, now)
        return moved

    def move_many(
        self, connection: apsw.Connection, *, namespace: str, moves: Sequence[Move], asker: Asker
    ) -> list[MoveResult]:
        """Move row after row, and return the result of each."""
        results = []
        for move in moves:
            try:
                blob, overwritten = self.move(connection, trip_of(namespace, move), asker)
                results.append(MoveResult(move, blob, overwritten=overwritten))
            except StorageError as exc:
                results.append(refusal(move, exc))
        return results

    def copy_values(
        self, connection: apsw.Connection, *, namespace: str, moves: Sequence[Move], asker: Asker
    ) -> list[MoveResult | None]:
        """Copy small values, and return the result of each; None for a blob whose bytes are a file."""
        results: list[MoveResult | None] = []
        for move in moves:
            try:
                wanted = trip_of(namespace, move)
                now, fits = self._now(), partial(self._fits, connection, is_copy=True)
                copied = copy_value(connection, wanted, now, asker, fits)
                self._room.fit(connection, namespace, wanted.target.storage_type.name, now)
                results.append(None if copied is None else MoveResult(move, copied[0], overwritten=copied[1]))
            except StorageError as exc:
                results.append(refusal(move, exc))
        return results

    def _fits(self, connection: apsw.Connection, place: BlobPlace, held: Held, *, is_copy: bool = False) -> None:
        self._room.check(held.size_bytes if is_copy else 0)
        self._room.check_share(connection, place, held.size_bytes, self._now())


def move_row(connection: apsw.Connection, wanted: Trip, now: int, asker: Asker, fits: Fits) -> Moved:
    """Move the row. Return the blob at its target, and the ETag of the live blob that was there."""
    source, target = wanted.source, wanted.target
    held = _source(connection, wanted, now, is_move=True)
    before, overwritten = check_place(connection, wanted, now)
    if source.row_key == target.row_key:
        return held.to_blob(source.key, source.storage_type.name), None
    if not wanted.is_within_type:  # within a type nothing is added
        fits(target, held)
    after = held if wanted.is_within_type else replace(held, expires=expiry(target, now))
    take_row(connection, source, held, now, asker.request_id)
    return put_row(connection, target, after, before, now, asker.parting, MOVED_OVER), overwritten


def copy_value(connection: apsw.Connection, wanted: Trip, now: int, asker: Asker, fits: Fits) -> Moved | None:
    """Copy a small value, and return what `move_row` returns. Return None for a blob whose bytes are a file."""
    target = wanted.target
    held = _source(connection, wanted, now, is_move=False)
    if held.content is None:
        return None
    before, overwritten = check_place(connection, wanted, now)
    fits(target, held)
    connection.execute(_COPY_CONTENT, (held.content,))
    if connection.changes() != 1:  # nothing was changed
        key, name = wanted.source.key, wanted.source.storage_type.name
        raise DamagedError(f"the bytes of {key!r} in {name} are missing on the server; restore them", key=key)
    after = replace(
        held, blob_id=new_id(), modified=now, expires=expiry(target, now), content=connection.last_insert_rowid()
    )
    return put_row(connection, target, after, before, now, asker.parting), overwritten


def _source(connection: apsw.Connection, wanted: Trip, now: int, *, is_move: bool) -> Held:
    source = wanted.source
    held = find_row(connection, source)
    live = held if held is not None and held.is_live(now) else None
    etag = None if live is None else live.blob_id
    check_source(source.storage_type, source.key, etag, wanted.source_etag, is_move=is_move)
    assert live is not None
    return live


def check_place(
    connection: apsw.Connection, wanted: Trip, now: int, rule: Rule = check_target
) -> tuple[Held | None, str | None]:
    """Return the row at the target, expired or not, and its ETag if it is live. Raise the error that refuses a write
    over it; `rule` checks the precondition."""
    target = wanted.target
    before = find_row(connection, target)
    etag = None if before is None or not before.is_live(now) else before.blob_id
    rule(target.storage_type, target.key, etag, wanted.precondition)
    if etag is not None and not target.storage_type.may_overwrite:
        raise refused(target.storage_type, target.key, "overwrite")
    return before, etag
