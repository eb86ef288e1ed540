"""The quotas and limits together, for the handlers and the auth layer. Users without any limit cost nothing here."""

import asyncio
import secrets
from collections import OrderedDict
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import replace

from storage_tui.contract.catalog import STORED_IN
from storage_tui.contract.counts import plural
from storage_tui.contract.errors import (
    NotFoundError,
    QuotaExceededError,
    StorageError,
    TooLargeError,
    TooManyUploadsError,
)
from storage_tui.contract.models import Blob, QuotaUse, UserQuotas
from storage_tui.server.limits.lanes import Lane
from storage_tui.server.quotas.accounts import Account, Reservation
from storage_tui.server.quotas.entries import Entries, change_of
from storage_tui.server.quotas.limits import LimitsTable, Quota
from storage_tui.server.quotas.rates import Rates
from storage_tui.server.quotas.sums import NOTHING, Amount
from storage_tui.server.stores.base import Address, Store, UploadSession
from storage_tui.server.stores.records import Records
from storage_tui.server.stores.totals import Ceiling, Counting, Telling
from storage_tui.server.stores.watched_record import Watched

MAX_IDLE_ACCOUNTS = 1000  # of the users seen last, approximately; users with blobs on their way are kept besides
COUNT_S = 1.0  # a description waits no longer for an engine to count
QUOTA_THREADS = 4  # they read and write small records, and count the entries of a user once
STEP_BYTES = 8 * 1024 * 1024  # an upload of unknown length reserves room in such steps


class Quotas:
    """The limits in force, and the usage in this process that counts against them."""

    def __init__(self, store: Store, records: Records, limits: Watched[LimitsTable]) -> None:
        self._store = store
        self._records = records
        self._limits = limits
        self._rates = Rates()
        self._server = secrets.token_hex(8)
        self._accounts: OrderedDict[tuple[str, str], Account] = OrderedDict()
        self._lane = Lane("quotas", QUOTA_THREADS)
        self._entries = Entries(records, self._lane, self._server, is_own=isinstance(store, Counting))
        if isinstance(store, Counting):
            store.obey(self._ceiling)
        if isinstance(store, Telling):
            store.tell(self._removed)

    async def close(self) -> None:
        """Report the remaining news to other servers. Call this after the last request and before the store closes."""
        await asyncio.gather(self._entries.close(), *(account.counter.close() for account in self._accounts.values()))
        self._lane.close()

    def take_request(self, namespace: str, request_class: str) -> None:
        """Count one request; raise RateLimitError when the requests of the user's minute are used up."""
        per_minute = self._limits.value.of(namespace).requests.get(request_class)
        if per_minute is not None:
            self._rates.take(namespace, request_class, per_minute)

    def concurrent(self, namespace: str) -> int | None:
        """Return how many requests of a user may run at once by the user's own limit; None where there is none."""
        return self._limits.value.of(namespace).concurrent

    def is_limited(self, address: Address, *, is_moved: bool = False) -> bool:
        """Return whether room must be reserved for a blob at the address, as `reserve` does."""
        return self._quota(address) is not None and not (is_moved and isinstance(self._store, Counting))

    async def check(self, address: Address, size_bytes: int) -> None:
        """Raise TooLargeError or QuotaExceededError when the blob would not fit now. This reserves nothing."""
        quota = self._quota(address)
        if quota is not None:
            await self._fit(quota, address, size_bytes, None)

    @asynccontextmanager
    async def reserve(
        self, address: Address, size_bytes: int | None, *, upload_id: str = "", is_moved: bool = False
    ) -> AsyncIterator["Room"]:  # fmt: skip
        """Reserve room for a blob while it is on its way; raise TooLargeError or QuotaExceededError when there is none.

        `size_bytes` is None for a blob of unknown size, which reserves more room as it grows (`Room.grow`). A blob that
        `is_moved` within its storage type needs no room; only the change of the totals is noted.
        """
        quota = self._quota(address)
        if quota is None or not self.is_limited(address, is_moved=is_moved):
            yield Room()
            return
        account = self._account(address)
        reservation = Reservation(upload_id)
        account.live.add(reservation)
        room = Room(self, quota, address, reservation)
        try:
            if not is_moved:
                await self._fit(quota, address, size_bytes or 0, reservation)
            if not isinstance(self._store, Counting):
                reservation.replaced_bytes = await self._replaced(address)
                account.counter.tell()
            yield room
        finally:
            try:
                if upload_id and not isinstance(self._store, Counting):
                    is_over = room.stored_bytes is not None
                    await (account.opened.end(upload_id) if is_over else account.opened.keep(upload_id, self._store))
            finally:
                account.release(reservation, self._store, stored_bytes=room.stored_bytes)

    async def upload_cancelled(self, session: UploadSession) -> None:
        """Forget an upload that has ended without a blob."""
        if self._quota(session.address) is not None and not isinstance(self._store, Counting):
            await self._account(session.address).opened.end(session.upload_id)

    def limits_entries(self, namespace: str) -> bool:
        """Return whether the user's entries in the catalog are counted."""
        is_limited = self._limits.value.of(namespace).quotas.get(STORED_IN) is not None
        if not is_limited:
            self._entries.forget(namespace)
        return is_limited

    @asynccontextmanager
    async def entry(
        self, namespace: str, name: str, *, before: int | None, after: int, is_due: bool = False
    ) -> AsyncIterator[None]:  # fmt: skip
        """Reserve room for an entry of the catalog while its size changes from `before` bytes (None for a new entry) to
        `after` bytes.

        Raise QuotaExceededError when there is no room, unless the change `is_due`, such as a change that makes room.
        """
        change = change_of(before, after)
        quota = self._limits.value.of(namespace).quotas.get(STORED_IN)
        is_more = change.count > 0 or change.size_bytes > 0
        if quota is not None and is_more and not is_due:
            await self._fit_entry(quota, namespace, name, change)
        self._entries.begin(namespace, change)
        is_written = False
        try:
            yield
            is_written = True
        finally:
            self._entries.end(namespace, change, is_written=is_written)

    def entry_gone(self, namespace: str, size_bytes: int) -> None:
        """Subtract an entry of `size_bytes` bytes that was removed."""
        self._entries.gone(namespace, size_bytes)

    async def _fit_entry(self, quota: Quota, namespace: str, name: str, change: Amount) -> None:
        """Raise unless there is room for the change; no other request can take the room before the change begins."""
        account = self._account(Address(namespace, STORED_IN, ""))
        blobs = await account.totals(self._store)
        entries = await self._entries.total(namespace)
        most = quota.most_entries
        if most is not None and change.count > 0 and entries.count >= most:
            raise QuotaExceededError(
                f"no room for {name!a} in the catalog: your quota for {STORED_IN} allows {most} entries, "
                f"and {entries.count} are stored; delete something first"
            )
        used_bytes = blobs.size_bytes + blobs.open_bytes + account.live_bytes() + entries.size_bytes
        if quota.size_bytes is not None and used_bytes + change.size_bytes > quota.size_bytes:
            raise QuotaExceededError(
                f"no room for {name!a} in the catalog: your quota for {STORED_IN} is {quota.size_bytes} bytes, its "
                f"entries among them, and {used_bytes} are used or on their way; delete something first"
            )

    async def new_upload(
        self, address: Address, size_bytes: int | None, create: Callable[[], Awaitable[UploadSession]], *,
        may_exist: bool,
    ) -> UploadSession:  # fmt: skip
        """Return the session that `create` makes, or with `may_exist` finds.

        Raise TooManyUploadsError when the user would have more uploads open than allowed; TooLargeError or
        QuotaExceededError when a blob of `size_bytes` would not fit.
        """
        quota = self._quota(address)
        if quota is None:
            return await create()
        await self._fit(quota, address, size_bytes or 0, None)
        most = quota.most_uploads
        if most is None:
            return await create()
        account = self._account(address)
        before = (await account.totals(self._store)).open_uploads + account.creating
        is_full = before >= most and isinstance(self._store, Counting)  # on other engines ended uploads may still count
        if is_full and not may_exist:
            raise _too_many(address, most)
        account.creating += 1
        try:
            session = await create()
        finally:
            account.creating -= 1
        if not isinstance(self._store, Counting):
            if session.blob is None and not await account.opened.begin(session.upload_id, most, self._store):
                await self._store.cancel_upload(session.upload_id)
                raise _too_many(address, most)
            return session
        if before >= most and (await account.totals(self._store)).open_uploads > before:
            await self._store.cancel_upload(session.upload_id)
            raise _too_many(address, most)
        return session

    async def describe(self, namespace: str) -> UserQuotas:
        """Return the user's limits, and how much of the quotas is used."""
        limits = self._limits.value.of(namespace)
        rows = [await self._describe(namespace, name, quota) for name, quota in limits.quotas.items()]
        return UserQuotas(tuple(rows), dict(limits.requests), limits.concurrent)

    async def _describe(self, namespace: str, storage_type: str, quota: Quota) -> QuotaUse:
        row = QuotaUse(storage_type, size_bytes=quota.size_bytes, count=quota.blobs, open_uploads=quota.uploads)
        account = self._account(Address(namespace, storage_type, ""))
        try:
            async with asyncio.timeout(COUNT_S):
                used = await account.totals(self._store)
                entries = await self._entries.total(namespace) if storage_type == STORED_IN else NOTHING
        except (TimeoutError, StorageError):
            return row
        if not account.is_counted(self._store):
            return row
        return replace(
            row,
            used_bytes=used.size_bytes + used.open_bytes + entries.size_bytes,
            used_count=used.count,
            used_uploads=used.open_uploads,
        )

    async def _fit(self, quota: Quota, address: Address, size_bytes: int, mine: Reservation | None) -> None:
        """Give the reservation the size, or raise; no other request can get in between the last check and the
        change."""
        if quota.size_bytes is not None and size_bytes > quota.size_bytes:
            raise TooLargeError(
                f"the blob has {size_bytes} bytes, more than all of your quota for {address.storage_type}, which is "
                f"{quota.size_bytes} bytes",
                key=address.key,
            )
        account = self._account(address)
        replaced: int | None = None
        most_blobs = quota.most_blobs
        for is_last in (False, True):
            if is_last:  # the size of the replaced blob is looked up only when it matters
                replaced = await self._replaced(address)
                if not isinstance(self._store, Counting):
                    await account.opened.drop_ended(self._store)
            used = await account.totals(self._store)
            entries = await self._entries.total(address.namespace) if address.storage_type == STORED_IN else NOTHING
            others = account.others(mine)
            used_bytes = used.size_bytes + used.open_bytes + account.live_bytes(mine) + entries.size_bytes
            free_bytes = None if quota.size_bytes is None else quota.size_bytes - used_bytes + (replaced or 0)
            blobs = used.count + len(others)
            is_room = free_bytes is None or size_bytes <= free_bytes or size_bytes <= (replaced or 0)
            is_counted = most_blobs is None or blobs < most_blobs or replaced is not None
            if is_room and is_counted:
                if mine is not None:
                    mine.size_bytes = size_bytes
                return
        if not is_room:
            raise QuotaExceededError(
                f"no room for {size_bytes} bytes: your quota for {address.storage_type} is {quota.size_bytes} bytes, "
                f"and {used_bytes} are used or on their way; delete something first",
                key=address.key,
            )
        raise QuotaExceededError(
            f"your quota for {address.storage_type} is {most_blobs} blobs, and {blobs} are stored or on their way; "
            "delete something first",
            key=address.key,
        )

    async def _replaced(self, address: Address) -> int | None:
        try:
            return (await self._store.stat(address)).size_bytes or 0
        except NotFoundError:
            return None

    def _removed(self, address: Address, size_bytes: int) -> None:
        """Subtract a blob that this server has deleted."""
        if self._quota(address) is not None:
            self._account(address).counter.add(Amount(-1, -size_bytes))

    def _quota(self, address: Address) -> Quota | None:
        return self._limits.value.of(address.namespace).quotas.get(address.storage_type)

    def _account(self, address: Address) -> Account:
        name = (address.namespace, address.storage_type)
        account = self._accounts.setdefault(name, Account(*name, self._records, self._lane, self._server))
        self._accounts.move_to_end(name)
        if len(self._accounts) > MAX_IDLE_ACCOUNTS:
            oldest = next(iter(self._accounts))
            if self._accounts[oldest].is_idle:
                del self._accounts[oldest]
            else:
                self._accounts.move_to_end(oldest)  # its turn comes again; those behind it may be idle
        return account

    def _ceiling(self, namespace: str, storage_type: str) -> Ceiling | None:
        quota = self._limits.value.of(namespace).quotas.get(storage_type)
        return None if quota is None else Ceiling(quota.size_bytes, quota.most_blobs)


def _too_many(address: Address, allowed: int) -> TooManyUploadsError:
    return TooManyUploadsError(
        f"you may have {plural(allowed, 'upload')} open in {address.storage_type}; finish or cancel one first",
        key=address.key,
    )


class Room:
    """The room reserved for a blob on its way; any size fits when there is no quota."""

    def __init__(
        self, quotas: Quotas | None = None, quota: Quota | None = None, address: Address | None = None,
        reservation: Reservation | None = None,
    ) -> None:  # fmt: skip
        self._quotas = quotas
        self._quota = quota
        self._address = address
        self._reservation = reservation
        self.stored_bytes: int | None = None

    def note(self, blob: Blob) -> Blob:
        """Record that the blob is stored, and return the same blob."""
        self.stored_bytes = blob.size_bytes or 0
        return blob

    @property
    def is_limited(self) -> bool:
        """Return whether there is a quota at all."""
        return self._quota is not None

    async def grow(self, size_bytes: int) -> None:
        """Reserve room for `size_bytes` bytes in all; raise the errors of `Quotas.reserve`."""
        mine = self._reservation
        if mine is None or size_bytes <= mine.size_bytes or not (self._quotas and self._quota and self._address):
            return
        for wanted in (size_bytes + STEP_BYTES, size_bytes):  # near the end of the quota only the exact size fits
            try:
                await self._quotas._fit(self._quota, self._address, wanted, mine)
            except StorageError:
                if wanted == size_bytes:
                    raise
            else:
                return
