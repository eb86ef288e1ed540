"""Moments as people read them, in the time of where they are, and as numbers."""

from datetime import UTC, datetime, timedelta

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MILLISECOND = timedelta(milliseconds=1)


def local_time(moment: datetime) -> datetime:
    """The moment in local time; as it is at the ends of the calendar, as a server writes one for "never"."""
    try:
        return moment.astimezone()
    except (OverflowError, ValueError):
        return moment


def to_millis(moment: datetime) -> int:
    """Milliseconds since 1970, as precise as the wire."""
    return (moment - EPOCH) // MILLISECOND


def from_millis(millis: int) -> datetime:
    """The aware UTC datetime of milliseconds since 1970."""
    return EPOCH + millis * MILLISECOND
