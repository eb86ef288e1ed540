"""The shades of the columns of a list: sizes by magnitude, ages that fade. Values in, component classes out.

Small and recent is the usual row: its size and its age have one shade, which costs the fewest bytes at a cursor step.
"""

from datetime import datetime, timedelta

MEGABYTE, GIGABYTE = 1_000_000, 1_000_000_000
FADES_AFTER = timedelta(days=90)
TINTS = {"keys--large", "keys--huge", "keys--old"}


def size_tint(size_bytes: int | None) -> str:
    """Return the class of a size: small ones are quiet, from a megabyte on plain, from a gigabyte on in colour."""
    if size_bytes is None or size_bytes < MEGABYTE:
        return "line--dim"
    return "keys--large" if size_bytes < GIGABYTE else "keys--huge"


def age_tint(moment: datetime | None, now: datetime) -> str:
    """Return the class of an age: after a season it fades."""
    return "keys--old" if moment is not None and now - moment >= FADES_AFTER else "line--dim"
