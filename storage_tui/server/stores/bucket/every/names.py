"""The names of a person's buckets: those that the engine lists, and those that were opened on this machine before."""

import json
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from storage_tui.contract.errors import BadRequestError, ForbiddenError, StorageError
from storage_tui.contract.places import parse_place
from storage_tui.machine.private_files import write_private

NOTE = "place"  # in the state directory of a place: its URL and endpoint; its time is that of the last opening
NOTE_BYTES = 8192
MOST_PLACES = 1000


@dataclass(frozen=True, slots=True)
class Buckets:
    """The names in order. `why` says why the engine does not list its buckets; empty where it does."""

    names: tuple[str, ...]
    why: str = ""


def note_place(state: Path, url: str, endpoint: str | None) -> None:
    """Note in the state directory of a place that the place was opened now."""
    with suppress(OSError):  # a full disk only forgets the name
        write_private(state / NOTE, json.dumps({"url": url, "endpoint": endpoint}).encode(), is_durable=False)


def opened_before(places: Path, endpoint: str | None) -> set[str]:
    """Return the buckets at the endpoint that were opened, by the notes in the state directories of all places."""
    found = set()
    for number, note in enumerate(places.glob(f"*/{NOTE}")):
        if number >= MOST_PLACES:
            break
        try:
            with note.open("rb") as file:
                told = json.loads(file.read(NOTE_BYTES))
            place = parse_place(told["url"]) if told["endpoint"] == endpoint else None
        except (OSError, ValueError, KeyError, TypeError, BadRequestError):
            continue
        if place is not None and place.kind == "s3" and place.bucket:
            found.add(place.bucket)
    return found


def find_buckets(list_names: Callable[[], list[str]], known: set[str]) -> Buckets:
    """Return the buckets; blocks. Raise StorageError where there is neither a list nor a known bucket."""
    try:
        return Buckets(tuple(sorted({*list_names(), *known}, key=str.encode)))
    except StorageError as exc:
        is_denied = isinstance(exc, ForbiddenError)
        why = "your buckets may not be listed; open one by its name: s3://BUCKET" if is_denied else exc.message
        if known:
            return Buckets(tuple(sorted(known, key=str.encode)), why)
        if is_denied:
            raise ForbiddenError(why) from exc
        raise
