"""How deleted and overwritten blobs come back: the words after a command that deleted or overwrote them."""

import shlex
from collections.abc import Sequence
from typing import TYPE_CHECKING

from storage_tui.cli.places import spell
from storage_tui.contract.counts import plural
from storage_tui.contract.errors import StorageError
from storage_tui.contract.keys import DELIMITER, Location
from storage_tui.contract.models import Retention

if TYPE_CHECKING:
    from storage_tui.client.storage import Storage

LOCATIONS_SHOWN = 3  # more make the line longer than anybody reads


def way_back(storage: "Storage", locations: Sequence[Location], *, recursive: bool) -> str:
    """Return "; to bring back within …: storage-tui undelete …"; an empty text where the server keeps nothing."""
    terms = _terms(storage)
    if not terms.keeps:
        return ""
    if len(locations) > LOCATIONS_SHOWN:
        types = list(dict.fromkeys(location.storage_type for location in locations))
        lists = " and ".join(f"storage-tui trash {spell(Location(name, ''))}" for name in types)
        return f"; {kept_words(terms)}: {lists} shows what can be brought back"
    named = " ".join(shlex.quote(spell(location)) for location in locations)
    within = f" within {kept_text(terms.retention_s)}" if terms.retention_s else ""
    flags = f"{'--write ' * bool(terms.versions)}{'-r ' * recursive}"
    return f"; to bring back{within}: storage-tui undelete {flags}{named}"


def what_was_there(storage: "Storage", count: int, place: Location) -> str:
    """Return how to see or bring back the blobs, `count` of them, that were overwritten at a key or in a folder; an
    empty text where the server keeps nothing."""
    terms = _terms(storage) if count else Retention()
    if not terms.keeps:
        return ""
    command = "trash" if not place.key or place.key.endswith(DELIMITER) else "undelete"
    were = plural(count, "blob that was there before is", "blobs that were there before are")
    what = were.replace("1 ", "the ", 1) if count == 1 else were
    return f"{what} {kept_words(terms)}: storage-tui {command} {shlex.quote(spell(place))}"


def _terms(storage: "Storage") -> Retention:
    try:
        return storage.describe().trash
    except StorageError:  # the blobs are deleted all the same
        return Retention()


def kept_words(terms: Retention) -> str:
    """Return how long blobs are kept that were deleted or overwritten: `kept for 24 hours`."""
    if terms.retention_s:
        return f"kept for {kept_text(terms.retention_s)}"
    return "kept as versions of the bucket"


def kept_text(seconds: int) -> str:
    """Return a length of time in the largest unit that leaves more than one of them: `24 hours`, `7 days`."""
    for unit, size in (("day", 86400), ("hour", 3600), ("minute", 60)):
        if seconds >= 2 * size and seconds % size == 0:
            return plural(seconds // size, unit)
    return plural(seconds, "second")
