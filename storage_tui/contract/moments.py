"""Moments in local time, as people read them, and as milliseconds since 1970."""

from datetime import UTC, datetime, timedelta

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MILLISECOND = timedelta(milliseconds=1)


def local_time(moment: datetime) -> datetime:
    """Return the moment in local time.

    A moment at either end of the calendar, which servers use for "never", is returned unchanged.
    """
    try:
        return moment.astimezone()
    except (OverflowError, ValueError):
        return moment


def to_millis(moment: datetime) -> int:
    """Return milliseconds since 1970, the precision of the wire."""
    return (moment - EPOCH) // MILLISECOND


def from_millis(millis: int) -> datetime:
    """Return the aware UTC datetime of milliseconds since 1970."""
    return EPOCH + millis * MILLISECOND
