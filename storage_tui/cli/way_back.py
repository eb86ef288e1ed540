"""How deleted blobs come back: the end of the line that says that they were deleted."""

import shlex
from collections.abc import Sequence
from typing import TYPE_CHECKING

from storage_tui.contract.counts import plural
from storage_tui.contract.errors import StorageError
from storage_tui.contract.keys import Location

if TYPE_CHECKING:
    from storage_tui.client.storage import Storage

LOCATIONS_SHOWN = 3  # more make the line longer than anybody reads


def way_back(storage: "Storage", locations: Sequence[Location], *, recursive: bool) -> str:
    """Return "; to bring back within …: storage-tui undelete …"; an empty text where the server keeps nothing."""
    try:
        retention_s = storage.describe().trash.retention_s
    except StorageError:  # the blobs are deleted all the same
        return ""
    if not retention_s:
        return ""
    named = " ".join(shlex.quote(str(location)) for location in locations[:LOCATIONS_SHOWN])
    more = " …" if len(locations) > LOCATIONS_SHOWN else ""
    return f"; to bring back within {kept_text(retention_s)}: storage-tui undelete {'-r ' * recursive}{named}{more}"


def kept_text(seconds: int) -> str:
    """Return a length of time in the largest unit that leaves more than one of them: `24 hours`, `7 days`."""
    for unit, size in (("day", 86400), ("hour", 3600), ("minute", 60)):
        if seconds >= 2 * size and seconds % size == 0:
            return plural(seconds // size, unit)
    return plural(seconds, "second")
