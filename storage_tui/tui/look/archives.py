"""Archived blobs of a bucket, whose bytes must be asked back: which they are, and their sign in a list."""

from storage_tui.contract.models import Blob

ARCHIVES = ("GLACIER", "DEEP_ARCHIVE")  # storage classes whose bytes must be asked back
NAMED_FROM = 34  # cells for the name: from this width on the word stands after the sign


def is_archived(row: object) -> bool:
    """Return whether a row is a blob whose bytes must be asked back before they are read."""
    return isinstance(row, Blob) and row.storage_class in ARCHIVES


def archive_note(row: object, cells: int, *, has_signs: bool) -> str:
    """Return what stands after the name of an archived blob: `▼ archived`, or the sign alone where `cells` are few.

    Empty for all other rows. Without `has_signs` the sign is ASCII.
    """
    if not is_archived(row):
        return ""
    sign = " ▼" if has_signs else " v"
    return f"{sign} archived" if cells >= NAMED_FROM else sign
