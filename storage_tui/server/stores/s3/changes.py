"""A change of one object under the rule of its type and a precondition, by conditional requests to the engine.

The present object is read and checked, and its ETag is the condition of the change. If the object has changed by then,
it is read and checked again. So when several servers change one key, each server changes the object that it checked, or
nothing.
"""

from collections.abc import Callable
from datetime import datetime
from typing import TypeVar

from storage_tui.contract.errors import UnavailableError
from storage_tui.server.stores.base import ANY, Precondition
from storage_tui.server.stores.s3.audit import Note
from storage_tui.server.stores.s3.blobs import ObjectPlace
from storage_tui.server.stores.s3.protocol.bucket import NOTHING_ASKED, Bucket, Condition, Object
from storage_tui.server.stores.s3.protocol.requests import RETRY_AFTER_S, ConditionError, MissingError

T = TypeVar("T")
Keep = Callable[[Object], None]  # called with the live object that is about to be replaced; blocking

ATTEMPTS = 20  # each attempt fails through another change of the same key


def keep_nothing(_: Object) -> None:
    """Keep nothing of an object that is replaced."""


def check_write(bucket: Bucket, place: ObjectPlace, precondition: Precondition, now: Callable[[], datetime]) -> None:
    """Raise the error that would now refuse a write at the place, if any."""
    if precondition != ANY or not place.storage_type.may_overwrite:
        _writable(bucket.head(place.name), place, precondition, now())


def write(
    bucket: Bucket, place: ObjectPlace, precondition: Precondition, now: Callable[[], datetime],
    change: Callable[[Condition], T], keep: Keep = keep_nothing,
) -> T:  # fmt: skip
    """Call `change`, which puts an object at the place, with the condition for the engine, and return its result.
    Before a live object is replaced, `keep` is called with the object.

    Raise TypeRuleError or PreconditionFailedError when the write is refused.
    """
    if precondition == ANY and place.storage_type.may_overwrite and keep is keep_nothing:
        return change(NOTHING_ASKED)
    for _ in range(ATTEMPTS):
        try:
            found = bucket.head(place.name)
            condition = _writable(found, place, precondition, now())
            if found is not None and place.is_live(found, now()):
                keep(found)
            return change(condition)
        except ConditionError:
            continue
    raise _contended(place)


def replace(
    bucket: Bucket, place: ObjectPlace, check: Callable[[Object | None], None], now: Callable[[], datetime],
    change: Callable[[Condition], T], keep: Keep = keep_nothing,
) -> tuple[T, Object | None]:  # fmt: skip
    """Call `change` as `write` does, and return its result and the live object that was at the place. `check` is called
    with this object and may refuse the change."""
    for _ in range(ATTEMPTS):
        found = bucket.head(place.name)
        live = found if place.is_live(found, now()) else None
        check(live)
        try:
            if live is not None:
                keep(live)
            return change(_unchanged(found)), live
        except ConditionError:
            continue
    raise _contended(place)


def delete(
    bucket: Bucket, place: ObjectPlace, precondition: Precondition, now: Callable[[], datetime], note: Note
) -> Object:  # fmt: skip
    """Remove the object at the place and return it, if its type lets a user do so."""
    if not place.storage_type.may_delete:
        raise place.refused("delete")
    return remove(bucket, place, precondition, now, note)


def remove(
    bucket: Bucket, place: ObjectPlace, precondition: Precondition, now: Callable[[], datetime], note: Note
) -> Object:  # fmt: skip
    """Remove the object at the place, whatever its type, after `note` was called with it, and return it. Raise
    NotFoundError or PreconditionFailedError. Only the noted object is removed, and nothing else."""
    for _ in range(ATTEMPTS):
        found = bucket.head(place.name)
        if found is None or not place.is_live(found, now()):
            raise place.not_found()
        place.check(found, precondition)
        try:
            note(found)
            bucket.delete(place.name, etag=found.etag)
        except (ConditionError, MissingError):
            continue
        return found
    raise _contended(place)


def _writable(found: Object | None, place: ObjectPlace, precondition: Precondition, now: datetime) -> Condition:
    """Return the condition that the object is unchanged. Raise the error that refuses a write over it."""
    live = found if place.is_live(found, now) else None
    place.check(live, precondition)
    if live is not None and not place.storage_type.may_overwrite:
        raise place.refused("overwrite")
    return _unchanged(found)


def _unchanged(found: Object | None) -> Condition:
    return Condition(if_absent=True) if found is None else Condition(if_match=found.etag)


def _contended(place: ObjectPlace) -> UnavailableError:
    return UnavailableError(
        f"{place.key!r} is being changed by too many at once; try again", key=place.key, retry_after_s=RETRY_AFTER_S
    )
