"""The notes of changes in the bucket: names that a server changed, which make the rows of their pair stale. The calls
block.

A note may be applied twice, and by any server. A server removes a note after it has stored rows that were listed, or
marked as stale, after it read the note.
"""

import json
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from storage_tui.contract.moments import to_millis
from storage_tui.server.stores.s3.ledger.pairs import Pair
from storage_tui.server.stores.s3.protocol.bucket import Bucket

ROOT = "touched/"
NAMES_AT_MOST = 2000  # in one note: 2 MB at most, usually 80 kB
READ_BYTES = 4 * 1024 * 1024  # of notes that are read together


@dataclass(frozen=True, slots=True)
class Notes:
    """Some notes of a pair: the names of their objects, and the names that were touched. `is_all` is false when the
    bucket has more."""

    objects: tuple[str, ...]
    touched: frozenset[str]
    is_all: bool


def write_note(bucket: Bucket, pair: Pair, names: Sequence[str], now: datetime) -> None:
    """Store a note of names without the root of the pair."""
    name = f"{ROOT}{pair.folder}{to_millis(now):013}-{secrets.token_hex(8)}"
    bucket.put(name, json.dumps(list(names)).encode())


def read_notes(bucket: Bucket, pair: Pair) -> Notes:
    """Return the oldest notes of a pair, READ_BYTES of them and at least one. A damaged note touches nothing."""
    listing = bucket.list(ROOT + pair.folder)
    objects: list[str] = []
    touched: set[str] = set()
    left = READ_BYTES
    for listed in listing.objects:
        if left <= 0:
            break
        left -= listed.size_bytes
        objects.append(listed.name)
        found = bucket.read(listed.name)
        touched.update(() if found is None else _parse(found[1]))
    return Notes(tuple(objects), frozenset(touched), not listing.is_truncated and len(objects) == len(listing.objects))


def drop_notes(bucket: Bucket, notes: Notes) -> None:
    """Remove the notes."""
    for name in notes.objects:
        bucket.delete(name)


def folders(bucket: Bucket) -> dict[str, int]:
    """Return how many notes each pair has, by its folder, out of the first thousand notes."""
    counts: dict[str, int] = {}
    for found in bucket.list(ROOT).objects:
        folder = found.name.removeprefix(ROOT).rpartition("/")[0] + "/"
        counts[folder] = counts.get(folder, 0) + 1
    return counts


def _parse(content: bytes) -> list[str]:
    try:
        raw = json.loads(content)
        return [name for name in raw if isinstance(name, str)] if isinstance(raw, list) else []
    except (ValueError, RecursionError):
        return []
