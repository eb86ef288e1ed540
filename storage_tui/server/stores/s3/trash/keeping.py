"""The copy that is made before an object is deleted or overwritten, inside the engine.

    trash/DAY/NAMESPACE/TYPE/NAME OF THE KEY!/MILLIS-HOW-ETAG

The day comes first, so that a sweep lists what goes and nothing else. The copy is there before the change, so no change
loses a blob, whichever server dies. The price: a call more for each delete, two more for each overwrite, and a copy for
a change that did not happen, when the server died between the two steps or another one changed the key.
"""

import logging
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from storage_tui.contract.moments import from_millis, to_millis
from storage_tui.contract.trash import WAYS, GoneBlob
from storage_tui.server.stores.s3.blobs import ROOT as BLOBS
from storage_tui.server.stores.s3.blobs import ObjectPlace, time_text, to_blob
from storage_tui.server.stores.s3.changes import Keep, keep_nothing
from storage_tui.server.stores.s3.copies import Copies
from storage_tui.server.stores.s3.names import END, MAX_NAME_BYTES, name_to_key
from storage_tui.server.stores.s3.protocol.bucket import NOTHING_ASKED, Object
from storage_tui.server.stores.s3.protocol.requests import ConditionError, MissingError
from storage_tui.server.stores.trash import ACTOR

ROOT = "trash/"
MOST_BY_CHARACTERS = 200  # of the name of a user in the metadata, which an engine limits to 2 kB
DAY = timedelta(days=1)

_log = logging.getLogger(__name__)


def day_of(moment: datetime) -> str:
    """Return the name of the day, in UTC."""
    return f"{moment.astimezone(UTC):%Y%m%d}"


@dataclass(frozen=True, slots=True)
class Kept:
    """A copy in the trash, as its name describes it. `rest` is its name after the root of its day and type."""

    found: Object
    key: str
    rest: str
    at: datetime
    how: str
    etag: str

    def to_gone(self, described: Object, place: ObjectPlace, kept_for: timedelta) -> GoneBlob:
        """Return the copy as a gone blob; `described` has its metadata."""
        blob = to_blob(described, self.key, place.storage_type)
        until = self.at + kept_for
        if blob.expires is not None:
            until = min(until, blob.expires)
        return GoneBlob(replace(blob, etag=self.etag), self.at, self.how, described.meta.get("by", ""), until)


def parse(found: Object, root: str) -> Kept | None:
    """Return what the name of a copy below `root` says; None for an object that is no copy of ours."""
    rest = found.name[len(root) :]
    coded, slash, told = rest.rpartition(END + "/")
    key = name_to_key("", coded + END) if slash else None
    millis, _, more = told.partition("-")
    how, _, etag = more.partition("-")
    if key is None or not (millis.isascii() and millis.isdecimal() and how in map(str, range(len(WAYS))) and etag):
        return None
    return Kept(found, key, rest, from_millis(int(millis)), WAYS[int(how)], etag)


class Keeper:
    """Makes the copies. `kept_for` of zero makes none."""

    def __init__(self, copies: Copies, now: Callable[[], datetime], kept_for: timedelta) -> None:
        self._copies = copies
        self._now = now
        self.kept_for = kept_for

    @property
    def is_on(self) -> bool:
        """Return whether anything is kept."""
        return self.kept_for > timedelta(0)

    def keeping(self, place: ObjectPlace, how: str) -> Keep:
        """Return a function that keeps the object at the place. Call this on the event loop, where the user of the
        request is known."""
        if not self.is_on:
            return keep_nothing
        by = ACTOR.get()[:MOST_BY_CHARACTERS] or None

        def keep(found: Object) -> None:
            now = self._now()
            if not place.is_live(found, now):
                return
            name = self._name(place, found, how, now)
            if len(name.encode()) > MAX_NAME_BYTES:
                _log.warning("a key is too long for the trash of a bucket; its blob cannot come back")
                return
            target = ObjectPlace(place.storage_type, place.key, name)
            try:
                self._copies.transfer(found, target, NOTHING_ASKED, written=time_text(found.modified), by=by)
            except (ConditionError, MissingError) as exc:  # changed meanwhile: the caller looks again
                raise ConditionError("the object has changed") from exc

        return keep

    def _name(self, place: ObjectPlace, found: Object, how: str, now: datetime) -> str:
        owned = place.name.removeprefix(BLOBS)
        return f"{ROOT}{day_of(now)}/{owned}/{to_millis(now):013}-{WAYS.index(how)}-{found.etag}"
