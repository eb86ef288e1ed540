"""How long the server keeps what was deleted, in words."""

from storage_tui.contract.counts import plural
from storage_tui.contract.models import Retention
from storage_tui.tui.desk import EXPECTED, Desk

HOUR_S, DAY_S = 3600, 86_400


def lasting(seconds: int) -> str:
    """Return a length of time: `24 hours`, `3 days`, `10 minutes`."""
    if seconds >= 2 * DAY_S:
        return plural(seconds // DAY_S, "day")
    if seconds >= HOUR_S:
        return plural(seconds // HOUR_S, "hour")
    return plural(max(1, seconds // 60), "minute")


async def terms_of(desk: Desk) -> Retention:
    """Return how long deleted blobs are kept; nothing at all where the server cannot say."""
    try:
        terms = await desk.storage.trash.terms()
    except EXPECTED:
        terms = Retention()
    desk.keeps_deleted = terms.keeps
    return terms


def delete_words(terms: Retention) -> str:
    """Return what can be done after a delete, as a sentence."""
    if not terms.keeps:
        return "This cannot be undone."
    if terms.versions:
        return "Deleted blobs can come back (Z, gz): the bucket keeps versions."
    return f"Deleted blobs can come back for {lasting(terms.retention_s)} (Z, gz), unless the disk gets full."
