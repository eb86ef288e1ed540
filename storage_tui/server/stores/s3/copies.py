"""Copies and moves of blobs inside the engine; the calls block.

A move is a copy and then a delete, as an engine can rename nothing. The object at the target has a mark of the source
in its metadata: name, ETag and time. When a move broke off between the two steps, the same move finds the mark, copies
nothing and deletes the source. The source is deleted only if it is still the object that was copied.
"""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from storage_tui.contract.errors import BadRequestError, PreconditionFailedError, UnavailableError
from storage_tui.contract.models import Blob
from storage_tui.contract.storage_types import StorageType
from storage_tui.contract.wire import Span
from storage_tui.server.stores.base import Address, Precondition
from storage_tui.server.stores.multipart.sizes import MOST_PARTS
from storage_tui.server.stores.rules import check_source, check_target
from storage_tui.server.stores.s3 import changes as s3_changes
from storage_tui.server.stores.s3.audit import Note
from storage_tui.server.stores.s3.blobs import ObjectPlace, describe, locate, time_text
from storage_tui.server.stores.s3.protocol.bucket import Bucket, Condition, Object
from storage_tui.server.stores.s3.protocol.requests import RETRY_AFTER_S, ConditionError, MissingError

MARK = "moved"  # metadata: from which object this object was moved
MARK_HEX_DIGITS = 32

Check = Callable[[Object | None], None]  # called with the live object at the target; raises what refuses the write
Rule = Callable[[StorageType, str, str | None, Precondition], None]


@dataclass(frozen=True, slots=True)
class Trip:
    """A move or copy that was asked for: from where to where, and under which conditions."""

    source: ObjectPlace
    target: ObjectPlace
    source_etag: str | None
    precondition: Precondition

    @property
    def is_onto_itself(self) -> bool:
        """Return whether source and target are one object."""
        return self.source.name == self.target.name

    @property
    def keeps_expiry(self) -> bool:
        """Return whether a move keeps the time of the blob, and so its expiry."""
        kind = self.source.storage_type
        return kind.expires_after is not None and kind is self.target.storage_type and not self.is_onto_itself

    def target_check(self, rule: Rule) -> Check:
        """Return the check of the object at the target: `rule` for the precondition, and the rule of the type."""
        place = self.target

        def check(live: Object | None) -> None:
            rule(place.storage_type, place.key, None if live is None else live.etag, self.precondition)
            if live is not None and not place.storage_type.may_overwrite:
                raise place.refused("overwrite")

        return check


def trip(source: Address, target: Address, source_etag: str | None, precondition: Precondition) -> Trip:
    """Return the trip between two addresses. Raise BadRequestError or a subclass for an impossible address, or for
    addresses of two namespaces."""
    if source.namespace != target.namespace:
        raise BadRequestError("a blob is moved or copied within one namespace only")
    return Trip(locate(source), locate(target), source_etag, precondition)


class Copies:
    """The copies and moves in one bucket. A copy of more than `part_bytes` is made in parts."""

    def __init__(
        self, bucket: Bucket, now: Callable[[], datetime], *, part_bytes: int, most_parts: int = MOST_PARTS
    ) -> None:
        self._bucket = bucket
        self._now = now
        self._part_bytes = part_bytes
        self._most_parts = most_parts

    def copy(
        self, wanted: Trip, check: Check, keep: s3_changes.Keep = s3_changes.keep_nothing,
        content_type: str | None = None,
    ) -> tuple[Blob, str | None]:  # fmt: skip
        """Copy a blob. Return the copy, and the ETag of the live blob that was at its place. Without a `content_type`
        the copy has that of the source."""

        def change(condition: Condition) -> None:
            found = self._source(wanted, is_move=False)
            self.transfer(found, wanted.target, condition, content_type)

        _, before = s3_changes.replace(self._bucket, wanted.target, check, self._now, change, keep=keep)
        return self._made(wanted.target), None if before is None else before.etag

    def move(
        self, wanted: Trip, note: Note, keep: s3_changes.Keep = s3_changes.keep_nothing
    ) -> tuple[Blob, str | None]:
        """Move a blob, and return what `copy` returns. `note` is called with the source before the source is
        deleted."""
        found = self._source(wanted, is_move=True)
        check_free = wanted.target_check(check_target)
        if wanted.is_onto_itself:
            check_free(found)
            return wanted.source.to_blob(found), None
        is_made = False

        def check(live: Object | None) -> None:
            nonlocal found, is_made
            found = self._source(wanted, is_move=True)
            is_made = live is not None and live.meta.get(MARK) == _mark(found)
            if not is_made:
                check_free(live)

        def change(condition: Condition) -> Object:
            if not is_made:  # on condition that the source is still what was found
                written = time_text(found.modified) if wanted.keeps_expiry else None
                self.transfer(found, wanted.target, condition, written=written, moved=_mark(found))
            return found

        def keep_other(live: Object) -> None:
            if not is_made:  # the present object is that of another move or write
                keep(live)

        copied, before = s3_changes.replace(self._bucket, wanted.target, check, self._now, change, keep=keep_other)
        made = self._made(wanted.target)
        note(copied)
        try:
            self._bucket.delete(wanted.source.name, etag=copied.etag)
        except ConditionError as exc:
            if self._bucket.head(wanted.source.name) is None:  # another call removed or moved the source meanwhile
                return made, None if before is None or is_made else before.etag
            key = wanted.source.key
            raise PreconditionFailedError(
                f"{key!r} was changed while it was moved: the changed blob stays, and the blob as it was before is "
                f"now at {wanted.target.key!r}",
                key=key,
            ) from exc
        return made, None if before is None or is_made else before.etag

    def _source(self, wanted: Trip, *, is_move: bool) -> Object:
        place = wanted.source
        found = self._bucket.head(place.name)
        live = found if place.is_live(found, self._now()) else None
        etag = None if live is None else live.etag
        check_source(place.storage_type, place.key, etag, wanted.source_etag, is_move=is_move)
        assert live is not None
        return live

    def _made(self, place: ObjectPlace) -> Blob:
        found = self._bucket.head(place.name)
        if found is None or not place.is_live(found, self._now()):
            raise UnavailableError(
                f"{place.key!r} was removed by somebody else as soon as it was there; try again", key=place.key,
                retry_after_s=RETRY_AFTER_S,
            )  # fmt: skip
        return place.to_blob(found)

    def transfer(
        self, found: Object, place: ObjectPlace, condition: Condition, content_type: str | None = None,
        **more: str | None,
    ) -> None:  # fmt: skip
        """Copy an object to a place, with its content type or another; `more` is added to its metadata. Raise
        ConditionError when the object is gone."""
        content_type = content_type or found.meta.get("type")
        meta = describe(content_type, crc32c=found.crc32c, md5=found.meta.get("md5"), **more)
        try:
            if found.size_bytes <= self._part_bytes:
                self._bucket.copy(found, place.name, content_type=content_type, meta=meta, condition=condition)
            else:
                self._copy_parts(found, place, content_type, meta, condition)
        except MissingError as exc:  # the source is gone since it was found; it is looked for again
            raise ConditionError("the source is gone") from exc

    def _copy_parts(
        self, found: Object, place: ObjectPlace, content_type: str | None, meta: dict[str, str], condition: Condition
    ) -> None:
        parts_id = self._bucket.begin_parts(place.name, content_type=content_type, meta=meta, is_checked=False)
        step = max(self._part_bytes, -(-found.size_bytes // self._most_parts))
        try:
            etags = []
            for number, start in enumerate(range(0, found.size_bytes, step), 1):
                span = Span(start, min(start + step, found.size_bytes))
                etags.append(self._bucket.copy_part(found, place.name, parts_id, number, span))
            self._bucket.finish_parts(place.name, parts_id, etags, crc32c=None, condition=condition)
        except BaseException:
            self._bucket.drop_parts(place.name, parts_id)
            raise


def _mark(found: Object) -> str:
    told = f"{found.name}\n{found.etag}\n{found.modified.isoformat()}"
    return hashlib.sha256(told.encode()).hexdigest()[:MARK_HEX_DIGITS]
