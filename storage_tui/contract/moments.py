"""Moments in local time, as people read them, as milliseconds since 1970, and as dates of HTTP."""

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime, parsedate_to_datetime

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


def format_http_date(moment: datetime) -> str:
    """Return the HTTP date (RFC 9110 5.6.7) of an aware datetime, in whole seconds."""
    return format_datetime(moment.astimezone(UTC), usegmt=True)


def parse_http_date(text: str) -> datetime | None:
    """Return the UTC datetime of an HTTP date; None for any other text."""
    try:
        moment = parsedate_to_datetime(text)
        return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        return None
