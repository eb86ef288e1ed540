"""Moments in local time, as people read them, as milliseconds since 1970, and as dates of HTTP."""

from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
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
    at = moment.astimezone(UTC)
    return (
        f"{_DAYS[at.weekday()]}, {at.day:02} {_MONTHS[at.month - 1]} {at.year:04} "
        f"{at.hour:02}:{at.minute:02}:{at.second:02} GMT"
    )


def parse_http_date(text: str) -> datetime | None:
    """Return the UTC datetime of an HTTP date; None for any other text."""
    try:
        moment = parsedate_to_datetime(text)
        return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        return None
