"""From a result to the log of its task, and back."""

from datetime import UTC, datetime

from storage_tui.contract.errors import NotFoundError
from storage_tui.contract.keys import LOGS, RESULT, Location, pair_of
from storage_tui.contract.models import Blob
from storage_tui.contract.sizes import size_text
from storage_tui.contract.visible import visible
from storage_tui.tui.desk import EXPECTED, Desk
from storage_tui.tui.state.formats import age_text
from storage_tui.tui.state.listing import Row

OTHER = {RESULT: LOGS, LOGS: RESULT}
NOUNS = {RESULT: "result", LOGS: "log"}


async def find_pair(desk: Desk, here: Location, row: Row | None) -> Location | None:
    """Return the place of the other half of the row: a key, or for a folder the folder of that name.

    Return None when there is no other half; the user gets the reason.
    """
    other = OTHER.get(here.storage_type)
    if other is None:
        desk.refuse(f"a task has a result and a log; {here.storage_type} holds neither")
        return None
    if not isinstance(row, Blob):
        return Location(other, row.key if row is not None else here.key)
    place = pair_of(row.storage_type, row.key)
    if place is None:
        return None
    try:
        await desk.storage.stat(place.key, place.storage_type)
    except NotFoundError:
        desk.refuse(f"there is no {NOUNS[other]} {visible(str(place))}")
        return None
    except EXPECTED as exc:
        desk.fail(f"cannot look for the {NOUNS[other]}", exc)
        return None
    return place


async def pair_facts(desk: Desk, blob: Blob) -> list[tuple[str, str]]:
    """Return the facts for the details: the log of a result, or the result of a log. Raises errors of the client."""
    place = pair_of(blob.storage_type, blob.key)
    if place is None:
        return []
    label = NOUNS[place.storage_type]
    try:
        pair = await desk.storage.stat(place.key, place.storage_type)
    except NotFoundError:
        return [(label, "none")]
    now = datetime.now(UTC)
    written = f", written {age_text(pair.modified, now)} ago" if pair.modified is not None else ""
    return [(label, f"{visible(str(place))}, {size_text(pair.size_bytes)}{written}; b in the list goes there")]
