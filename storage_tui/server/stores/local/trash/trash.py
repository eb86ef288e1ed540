"""The `Trash` of a local store: each call is one query or one change."""

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from functools import partial
from typing import Any

import apsw

from storage_tui.contract.errors import BadRequestError, StorageError
from storage_tui.contract.keys import check_key, check_prefix, successor
from storage_tui.contract.models import Blob, Retention
from storage_tui.contract.moments import from_millis, to_millis
from storage_tui.contract.storage_types import find_storage_type
from storage_tui.contract.trash import BringBack, BringBackResult, GonePage, Purged
from storage_tui.server.stores.audit import REQUEST_ID
from storage_tui.server.stores.base import Address, Precondition
from storage_tui.server.stores.local.commit import Committer
from storage_tui.server.stores.local.database import rows as local_rows
from storage_tui.server.stores.local.database.pool import Pool
from storage_tui.server.stores.local.room import Room
from storage_tui.server.stores.local.trash import gone, retention
from storage_tui.server.stores.local.trash.gone import Parting
from storage_tui.server.stores.rules import nothing_to_bring_back
from storage_tui.server.stores.trash import PURGED_AT_ONCE

_PAST_ALL = b"\xff"  # no UTF-8 text begins with this byte


class LocalTrash:
    """The gone blobs of a local store. `surely` tries a change that must work on a full disk; `collect` unlinks files
    that are garbage for long enough."""

    def __init__(
        self, *, room: Room, committer: Committer, pool: Pool, now: Callable[[], int],
        surely: Callable[[Callable[[], Awaitable[Any]]], Awaitable[Any]], collect: Callable[[], Awaitable[int]],
    ) -> None:  # fmt: skip
        self._room = room
        self._committer = committer
        self._pool = pool
        self._now = now
        self._surely = surely
        self._collect = collect

    async def terms(self) -> Retention:
        """Return the terms, as `Trash.terms` promises."""
        kept_for = self._room.retention
        since = await self._pool.read(lambda connection: retention.since(connection, self._now(), kept_for))
        return Retention(kept_for // 1000, None if since is None else from_millis(since))

    async def list_page(
        self, namespace: str, storage_type: str, *, prefix: str = "", after: str = "", limit: int
    ) -> GonePage:
        """Return one page, as `Trash.list_page` promises."""
        rule, owner = find_storage_type(storage_type), local_rows.namespace_bytes(namespace)
        check_prefix(prefix)
        if limit < 1:
            raise BadRequestError(f"a page holds at least 1 blob, not {limit}")
        position = _position(after)
        kept_for = self._room.retention
        rows = await self._pool.query(
            lambda connection: gone.list_rows(
                connection, owner, rule.name, prefix, position, limit + 1, self._now(), kept_for
            )
        )
        shown = rows[:limit]
        is_more = len(rows) > limit
        token = f"{shown[-1].seq} {shown[-1].key.decode()}" if is_more else None
        return GonePage(tuple(row.to_gone(rule.name, kept_for) for row in shown), token)

    async def bring_back(
        self, namespace: str, storage_type: str, targets: Sequence[BringBack]
    ) -> list[BringBackResult]:
        """Bring blobs back in one change, as `Trash.bring_back` promises."""
        local_rows.namespace_bytes(namespace)
        rule, parting = find_storage_type(storage_type), self._room.parting()

        def apply(connection: apsw.Connection) -> list[BringBackResult]:
            now = self._now()
            results = [self._bring_one(connection, namespace, rule.name, target, now, parting) for target in targets]
            self._room.fit(connection, namespace, rule.name, now)
            return results

        results: list[BringBackResult] = await self._surely(lambda: self._committer.run(apply))
        return results

    async def purge(self, namespace: str, storage_type: str, targets: Sequence[tuple[str, str | None]]) -> Purged:
        """Remove versions of keys for good, as `Trash.purge` promises."""
        bounds = [(key.encode(), key.encode() + b"\0", etag) for key, etag in ((check_key(k), e) for k, e in targets)]
        return await self._purge(namespace, storage_type, bounds)

    async def purge_prefix(self, namespace: str, storage_type: str, prefix: str) -> Purged:
        """Remove the gone blobs below the prefix for good, as `Trash.purge_prefix` promises."""
        low = check_prefix(prefix).encode()
        return await self._purge(namespace, storage_type, [(low, successor(low) or _PAST_ALL, None)])

    async def _purge(
        self, namespace: str, storage_type: str, bounds: Sequence[tuple[bytes, bytes, str | None]]
    ) -> Purged:
        rule, owner = find_storage_type(storage_type), local_rows.namespace_bytes(namespace)
        request_id = REQUEST_ID.get()
        count = size_bytes = 0
        is_more = False

        def apply(low: bytes, high: bytes, etag: str | None, connection: apsw.Connection) -> Purged:
            found = retention.end_below(
                connection, owner, rule.name, low, high, etag=etag, now=self._now(), request_id=request_id
            )
            self._room.trim_log(connection, namespace, rule.name)
            return found

        for low, high, etag in bounds:
            if count >= PURGED_AT_ONCE:
                is_more = True
                break
            done: Purged = await self._surely(partial(self._committer.run, partial(apply, low, high, etag)))
            count, size_bytes = count + done.count, size_bytes + done.size_bytes
            is_more = is_more or done.is_more
        await self._collect()
        return Purged(count, size_bytes, is_more)

    def _bring_one(
        self, connection: apsw.Connection, namespace: str, storage_type: str, target: BringBack, now: int,
        parting: Parting,
    ) -> BringBackResult:  # fmt: skip
        try:
            return BringBackResult(target.key, self._brought(connection, namespace, storage_type, target, now, parting))
        except StorageError as exc:
            return BringBackResult(target.key, None, exc.code, exc.message)

    def _brought(
        self, connection: apsw.Connection, namespace: str, storage_type: str, target: BringBack, now: int,
        parting: Parting,
    ) -> Blob:  # fmt: skip
        """Bring one blob back and return it. Everything is checked before the first change."""
        source = local_rows.locate(Address(namespace, storage_type, target.key))
        place = local_rows.locate(Address(namespace, storage_type, target.target))
        at = None if target.at is None else _millis(target.at)
        row = gone.find_row(connection, source.row_key, target.etag, at, now, self._room.retention)
        if row is None:
            raise nothing_to_bring_back(source.storage_type, target)
        if target.if_etag is not None:
            precondition = Precondition(if_match=(target.if_etag,))
        else:
            precondition = Precondition() if target.overwrite else Precondition(if_none_match=("*",))
        before = local_rows.check_write(connection, place, precondition, now)
        self._room.check_share(connection, place, row.size_bytes, now)
        after = local_rows.Held(*row.fields)
        gone.forget(connection, row.seq)
        return local_rows.put_row(connection, place, after, before, now, parting)


def _position(after: str) -> tuple[bytes, int]:
    """Return the key and the number of the row after which a list continues. The text is one of ours, signed."""
    if not after:
        return b"", 0
    seq, _, key = after.partition(" ")
    if not (seq.isascii() and seq.isdecimal()):
        raise BadRequestError("this is not a position in a list of deleted blobs")
    return key.encode(), int(seq)


def _millis(at: datetime) -> int:
    try:
        return to_millis(at)
    except (OverflowError, TypeError) as exc:
        raise BadRequestError("the moment is a time with an offset from UTC") from exc
