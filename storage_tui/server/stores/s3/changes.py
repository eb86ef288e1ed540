"""A change of one object under the rule of its type and a precondition, held by conditional requests to the engine.

What is there is looked at, judged, and named as the condition of the change; if it is another by then, it is looked at
again. So of several servers that change one key, each acts on what it saw or not at all.
"""

from collections.abc import Callable
from datetime import datetime
from typing import TypeVar

from storage_tui.contract.errors import UnavailableError
from storage_tui.server.stores.base import ANY, Precondition
from storage_tui.server.stores.s3.audit import Note
from storage_tui.server.stores.s3.blobs import Place
from storage_tui.server.stores.s3.protocol.bucket import NOTHING_ASKED, Bucket, Condition, Object
from storage_tui.server.stores.s3.protocol.requests import RETRY_AFTER_S, ConditionError, MissingError

T = TypeVar("T")

ATTEMPTS = 20  # each is lost to somebody else's change of the same key


def check_write(bucket: Bucket, place: Place, precondition: Precondition, now: Callable[[], datetime]) -> None:
    """Raise what refuses a write at the place as things are."""
    if precondition != ANY or not place.storage_type.may_overwrite:
        _writable(bucket, place, precondition, now())


def write(
    bucket: Bucket, place: Place, precondition: Precondition, now: Callable[[], datetime],
    change: Callable[[Condition], T],
) -> T:  # fmt: skip
    """Do the change that puts something at the place, under the condition that it is called with.

    Raises TypeRuleError or PreconditionFailedError when it may not be.
    """
    if precondition == ANY and place.storage_type.may_overwrite:
        return change(NOTHING_ASKED)
    for _ in range(ATTEMPTS):
        try:
            return change(_writable(bucket, place, precondition, now()))
        except ConditionError:
            continue
    raise _contended(place)


def delete(
    bucket: Bucket, place: Place, precondition: Precondition, now: Callable[[], datetime], note: Note
) -> Object:  # fmt: skip
    """Remove and return what is at the place, where its type lets a user do so."""
    if not place.storage_type.may_delete:
        raise place.refused("delete")
    return remove(bucket, place, precondition, now, note)


def remove(
    bucket: Bucket, place: Place, precondition: Precondition, now: Callable[[], datetime], note: Note
) -> Object:  # fmt: skip
    """Remove and return what is at the place whatever its type, after it was noted; raises NotFoundError or
    PreconditionFailedError. What is removed is what was noted and nothing else."""
    for _ in range(ATTEMPTS):
        found = bucket.head(place.name)
        if found is None or not place.is_live(found, now()):
            raise place.not_found()
        place.check(found, precondition)
        note(found)
        try:
            bucket.delete(place.name, etag=found.etag)
        except (ConditionError, MissingError):
            continue
        return found
    raise _contended(place)


def _writable(bucket: Bucket, place: Place, precondition: Precondition, now: datetime) -> Condition:
    """The condition under which what was found still is there; raises what refuses to write over it."""
    found = bucket.head(place.name)
    live = found if place.is_live(found, now) else None
    place.check(live, precondition)
    if live is not None and not place.storage_type.may_overwrite:
        raise place.refused("overwrite")
    return Condition(if_absent=True) if found is None else Condition(if_match=found.etag)


def _contended(place: Place) -> UnavailableError:
    return UnavailableError(
        f"{place.key!r} is being changed by too many at once; try again", key=place.key, retry_after_s=RETRY_AFTER_S
    )
