"""Moments as people read them: in the time of where they are."""

from datetime import datetime


def local_time(moment: datetime) -> datetime:
    """The moment in local time; as it is at the ends of the calendar, as a server writes one for "never"."""
    try:
        return moment.astimezone()
    except (OverflowError, ValueError):
        return moment
