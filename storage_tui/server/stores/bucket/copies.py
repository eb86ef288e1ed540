"""Copies and moves of objects inside the engine; the calls block.

A copy has the metadata, headers and tags of its source. A move is a copy and then a delete, as an engine can rename
nothing; the source is deleted only if it is still the object that was copied. A move that broke off between the two
steps leaves both objects.
"""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

from storage_tui.contract.errors import NotFoundError, PreconditionFailedError, UnavailableError
from storage_tui.contract.models import Blob
from storage_tui.contract.wire import Span
from storage_tui.server.stores.base import Address, Precondition
from storage_tui.server.stores.bucket import changes
from storage_tui.server.stores.bucket.objects import ARCHIVES, KIND, ObjectPlace, locate
from storage_tui.server.stores.bucket.refusals import UnsupportedError, archived
from storage_tui.server.stores.rules import check_source
from storage_tui.server.stores.s3.protocol.bucket import Bucket, Condition, Object
from storage_tui.server.stores.s3.protocol.requests import ConditionError, MissingError

MIB = 1024 * 1024
WHOLE_BYTES = 256 * MIB  # an engine copies so much well within the deadline of a request; S3's own limit is 5 GiB
PART_BYTES = 256 * MIB
MOST_PARTS = 10_000

Rule = Callable[..., None]


@dataclass(frozen=True, slots=True)
class Trip:
    """A move or copy that was asked for: from where to where, and under which conditions."""

    source: ObjectPlace
    target: ObjectPlace
    source_etag: str | None
    precondition: Precondition
    rule: Rule

    def check(self, found: Object | None) -> None:
        """Raise what refuses a write over the object at the target."""
        etag = None if found is None else found.etag
        self.rule(KIND, self.target.key, etag, self.precondition)


def trip(source: Address, target: Address, source_etag: str | None, precondition: Precondition, rule: Rule) -> Trip:
    """Return the trip between two addresses; `rule` checks the precondition. Raise BadRequestError or a subclass for an
    impossible address."""
    return Trip(locate(source), locate(target), source_etag, precondition, rule)


class Copies:
    """The copies and moves in one bucket, or from the bucket `source` into it. A copy of more than `whole_bytes` is
    made in parts."""

    def __init__(
        self, bucket: Bucket, *, source: Bucket | None = None, whole_bytes: int = WHOLE_BYTES,
        part_bytes: int = PART_BYTES,
    ) -> None:  # fmt: skip
        self._bucket, self._from = bucket, source or bucket
        self._whole_bytes = whole_bytes
        self._part_bytes = part_bytes

    def copy(self, wanted: Trip) -> tuple[Blob, str | None]:
        """Copy an object. Return the copy, and the ETag of the object that was at its place. A copy onto itself changes
        nothing."""
        return self._copy(wanted, is_move=False)[1:]

    def retype(self, wanted: Trip, content_type: str) -> Blob:
        """Copy an object, also onto itself, with another content type; return the copy. All else that it has beside its
        bytes is kept."""

        def change(condition: Condition) -> None:
            self.transfer(self._source(wanted, is_move=False), wanted.target, condition, content_type=content_type)

        found = self._source(wanted, is_move=False)
        if wanted.source == wanted.target and found.headers.get("content-type") == content_type:
            wanted.check(found)
            return wanted.source.to_blob(found)
        changes.replace(self._bucket, wanted.target, wanted.check, change)
        made = self._bucket.head(wanted.target.name)
        if made is None:
            raise UnavailableError(f"{wanted.target.key!r} was removed by somebody else as soon as it was there")
        return wanted.target.to_blob(made)

    def move(self, wanted: Trip) -> tuple[Blob, str | None]:
        """Move an object, and return what `copy` returns."""
        copied, made, before = self._copy(wanted, is_move=True)
        if wanted.source == wanted.target:
            return made, None
        try:
            with suppress(NotFoundError):  # another call removed or moved the source meanwhile
                changes.remove(self._bucket, wanted.source, Precondition(if_match=(copied.etag,)))
        except PreconditionFailedError as exc:
            key = wanted.source.key
            raise PreconditionFailedError(
                f"{key!r} was changed while it was moved: the changed blob stays, and the blob as it was before is "
                f"now at {wanted.target.key!r}",
                key=key,
            ) from exc
        return made, before

    def _copy(self, wanted: Trip, *, is_move: bool) -> tuple[Object, Blob, str | None]:
        source = self._source(wanted, is_move=is_move)
        if self._from is self._bucket and wanted.source == wanted.target:
            wanted.check(source)
            return source, wanted.source.to_blob(source), None

        def change(condition: Condition) -> Object:
            found = self._source(wanted, is_move=is_move)
            self.transfer(found, wanted.target, condition)
            return found

        copied, before = changes.replace(self._bucket, wanted.target, wanted.check, change)
        made = self._bucket.head(wanted.target.name)
        if made is None:
            raise UnavailableError(f"{wanted.target.key!r} was removed by somebody else as soon as it was there")
        return copied, wanted.target.to_blob(made), None if before is None else before.etag

    def _source(self, wanted: Trip, *, is_move: bool) -> Object:
        found = self._from.head(wanted.source.name)
        etag = None if found is None else found.etag
        check_source(KIND, wanted.source.key, etag, wanted.source_etag, is_move=is_move)
        assert found is not None
        if found.storage_class in ARCHIVES and not found.is_restored:
            raise archived(self._from.name, self._from.root + found.name, found.storage_class)
        return found

    def transfer(
        self, found: Object, place: ObjectPlace, condition: Condition, *, content_type: str | None = None
    ) -> None:
        """Copy an object to a place, with another content type where one is given. Raise ConditionError when the object
        has changed or is gone."""
        try:
            if found.size_bytes > self._whole_bytes:
                with suppress(UnsupportedError):  # Google copies no parts, and any size in one call
                    self._copy_parts(found, place, condition, content_type=content_type)
                    return
            self._copy_whole(found, place, condition, content_type=content_type)
        except MissingError as exc:
            raise ConditionError("the source is gone") from exc

    def _copy_whole(self, found: Object, place: ObjectPlace, condition: Condition, *, content_type: str | None) -> None:
        if content_type is None:
            self._bucket.copy(found, place.name, condition=condition, origin=self._from)
            return
        self._bucket.copy(
            found, place.name, content_type=content_type, meta=found.meta, condition=condition, kept=_kept_of(found),
            origin=self._from,
        )  # fmt: skip

    def _copy_parts(
        self, found: Object, place: ObjectPlace, condition: Condition, *, content_type: str | None = None
    ) -> None:
        content_type, kept = content_type or found.headers.get("content-type"), _kept_of(found)
        tags = self._from.tags(found)
        if tags:
            kept["x-amz-tagging"] = tags
        parts_id = self._bucket.begin_parts(
            place.name, content_type=content_type, meta=found.meta, is_checked=False, kept=kept
        )
        step = max(self._part_bytes, -(-found.size_bytes // MOST_PARTS))
        try:
            etags = []
            for number, start in enumerate(range(0, found.size_bytes, step), 1):
                span = Span(start, min(start + step, found.size_bytes))
                etags.append(
                    self._bucket.copy_part(found, place.name, parts_id, number, span, origin=self._from)
                )  # fmt: skip
            self._bucket.finish_parts(place.name, parts_id, etags, crc32c=None, condition=condition)
        except BaseException:
            self._bucket.drop_parts(place.name, parts_id)
            raise


def _kept_of(found: Object) -> dict[str, str]:
    """Return the headers that a copy must be given, but the content type; its storage class is one of them."""
    kept = {name: value for name, value in found.headers.items() if name != "content-type"}
    return kept | ({"x-amz-storage-class": found.storage_class} if found.storage_class else {})
