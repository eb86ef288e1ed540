"""The uploads that a user has open on an engine that does not count: a record that all servers share.

Its name is `open/NAMESPACE/TYPE`. The record holds the received bytes of each upload, from the beginning of the upload
until its end, or for a week: by then the engine has dropped the session. Some uploads end without a report, such as the
abandoned upload of an image, or those of a server that died. These are found when there is no room.
"""

import json
import logging
import time
from collections.abc import Callable, Collection
from dataclasses import dataclass

from storage_tui.contract.errors import ConflictError, GoneError, NotFoundError, StorageError, UnavailableError
from storage_tui.contract.visible import one_line
from storage_tui.server.limits.lanes import Lane
from storage_tui.server.stores.base import Store
from storage_tui.server.stores.records import ABSENT, Records

RECORD = "open/"
LIFETIME_S = 7 * 86400.0  # as long as an engine keeps a session
MOST = 20_000  # in one record, whatever the quota allows: 2 MB, which each change reads and writes
TRIES = 50  # servers that change one record at the same moment
KNOWN_S = 1.0  # the record that was read counts as current for so long
LOOKED_AT = 200  # the oldest uploads, whose state is asked for when the record is full
LOOK_EVERY_S = 10.0

log = logging.getLogger("storage_tui.server")

_Kept = dict[str, tuple[float, int]]  # upload id -> until when, in seconds since 1970, and bytes


@dataclass(frozen=True, slots=True)
class Open:
    """The number of open uploads, and the bytes that the engine keeps of them."""

    count: int = 0
    size_bytes: int = 0


class OpenUploads:
    """One user's open uploads in one storage type; for one event loop. Raises StorageError when the engine does."""

    def __init__(
        self, records: Records, lane: Lane, namespace: str, storage_type: str,
        clock: Callable[[], float] = time.time,
    ) -> None:  # fmt: skip
        self._records = records
        self._lane = lane
        self._namespace = namespace
        self._name = f"{RECORD}{namespace}/{storage_type}"
        self._clock = clock
        self._known: _Kept = {}
        self._known_at = float("-inf")
        self._looked_at = float("-inf")

    async def refresh(self) -> None:
        """Read the record again when the last reading is older than KNOWN_S."""
        if not 0 <= self._clock() - self._known_at < KNOWN_S:
            self._learn(await self._lane.run(self._namespace, self._read))

    def total(self, without: Collection[str] = ()) -> Open:
        """Return the open uploads as last read; the bytes of the uploads in `without` are not included."""
        return Open(len(self._known), sum(size for name, (_, size) in self._known.items() if name not in without))

    async def begin(self, upload_id: str, most: int, store: Store) -> bool:
        """Add a new upload, or one that was found again. Return False when there would be more than `most`."""
        most = min(most, MOST)
        if await self._add(upload_id, most):
            return True
        await self.drop_ended(store)
        return await self._add(upload_id, most)

    async def keep(self, upload_id: str, store: Store) -> None:
        """Record how many bytes are kept of an upload that continues later."""
        try:
            found = await store.find_upload(upload_id)
            parts = await store.find_parts(upload_id) if found.blob is None and not found.is_cancelled else []
            size_bytes = found.offset + sum(part.offset - part.start for part in parts)
            await self._change(lambda kept: {**kept, upload_id: (self._end_of(kept, upload_id), size_bytes)})
        except StorageError as exc:
            log.error("cannot record how much of an upload is stored: %s", one_line(exc.message))

    async def end(self, upload_id: str) -> None:
        """Forget an upload that has ended."""
        try:
            await self._change(lambda kept: {name: one for name, one in kept.items() if name != upload_id})
        except StorageError as exc:
            log.error("cannot record that an upload has ended: %s", one_line(exc.message))

    async def _add(self, upload_id: str, most: int) -> bool:
        def edit(kept: _Kept) -> _Kept | None:
            if upload_id not in kept and len(kept) >= most:
                return None
            return {upload_id: (self._end_of(kept, upload_id), 0), **kept}

        return await self._change(edit)

    async def drop_ended(self, store: Store) -> None:
        """Find the oldest uploads that have ended without a report here, and forget them; at most every
        LOOK_EVERY_S."""
        if 0 <= self._clock() - self._looked_at < LOOK_EVERY_S:
            return
        self._looked_at = self._clock()
        oldest = sorted(self._known, key=lambda upload_id: self._known[upload_id])[:LOOKED_AT]
        ended = set()
        for upload_id in oldest:
            try:
                found = await store.find_upload(upload_id)
            except (NotFoundError, GoneError):
                ended.add(upload_id)
            else:
                if found.blob is not None or found.is_cancelled:
                    ended.add(upload_id)
        if ended:
            await self._change(lambda kept: {name: one for name, one in kept.items() if name not in ended})

    async def _change(self, edit: Callable[[_Kept], _Kept | None]) -> bool:
        changed = await self._lane.run(self._namespace, self._change_now, edit)
        if changed is not None:
            self._learn(changed)
        return changed is not None

    def _change_now(self, edit: Callable[[_Kept], _Kept | None]) -> _Kept | None:
        for _ in range(TRIES):
            record = self._records.read(self._name)
            kept = self._parse(b"" if record is None else record.content)
            changed = edit(kept)
            if changed is None or changed == kept:
                return changed
            version = ABSENT if record is None else record.version
            try:
                self._records.write(self._name, json.dumps(changed).encode("ascii"), expected=version)
            except ConflictError:
                continue
            return changed
        raise UnavailableError(f"too many servers change the record {self._name}; try again")

    def _read(self) -> _Kept:
        record = self._records.read(self._name)
        return {} if record is None else self._parse(record.content)

    def _parse(self, content: bytes) -> _Kept:
        """Return the uploads that have not expired; none when the record cannot be read."""
        now = self._clock()
        try:
            raw = json.loads(content or b"{}")
            rows = {str(name): (float(until), max(0, int(size))) for name, (until, size) in raw.items()}
        except (ValueError, TypeError, AttributeError, OverflowError):
            return {}
        return {name: one for name, one in rows.items() if one[0] > now}

    def _learn(self, kept: _Kept) -> None:
        self._known, self._known_at = kept, self._clock()

    def _end_of(self, kept: _Kept, upload_id: str) -> float:
        return kept[upload_id][0] if upload_id in kept else self._clock() + LIFETIME_S
