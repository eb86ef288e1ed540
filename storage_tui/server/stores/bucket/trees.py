"""Lists in byte order from an engine that keeps names as a tree of folders, as SeaweedFS does.

Such an engine lists the folder `a/` where the name `a` would stand, before `a-b`, although `a/` comes after `a-b` in
byte order. It also continues a list after the key `a` without the folder `a/`. So each folder is listed by itself, and
a child folder is held back until its place in byte order.
"""

from bisect import insort
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from contextlib import aclosing
from dataclasses import dataclass

from storage_tui.contract.keys import DELIMITER
from storage_tui.server.stores.s3.protocol.bucket import Object, ObjectPage

SERVERS = ("SeaweedFS",)  # how the Server header of such an engine begins

ListFolder = Callable[..., Awaitable[ObjectPage]]  # prefix; after, delimiter, limit, token


@dataclass(frozen=True, slots=True)
class Entry:
    """A key with its object, or a child prefix with None."""

    name: str
    found: Object | None


def is_remnant(found: Object) -> bool:
    """Return whether the object is only a folder that removed keys have left: the engine lists it without an ETag."""
    return found.name.endswith(DELIMITER) and not found.etag


async def walk(list_names: ListFolder, prefix: str, after: str, *, is_folded: bool) -> AsyncGenerator[Entry, None]:
    """Yield the keys below the prefix strictly after `after`, in byte order; folded, child prefixes instead of the keys
    below them."""
    held: list[str] = []  # child folders in order, until the keys before them are yielded
    start = ""
    if after > prefix:
        cut = after.find(DELIMITER, len(prefix))
        start = after if cut == -1 else after[:cut]
        for folder in _folders_to_come(prefix, start, is_key=cut == -1):
            if (await list_names(folder, limit=1)).objects:
                insort(held, folder)
        if cut != -1 and not is_folded:
            held.insert(0, start + DELIMITER)

    async def below(folder: str) -> AsyncIterator[Entry]:
        if is_folded:
            yield Entry(folder, None)
            return
        begin = after if after.startswith(folder) else ""
        async with aclosing(walk(list_names, folder, begin, is_folded=False)) as entries:
            async for entry in entries:
                yield entry

    listing = await list_names(prefix, after=start, delimiter=DELIMITER)
    while True:
        for name, found in _by_segment(listing):
            while held and held[0] < name:
                async for entry in below(held.pop(0)):
                    yield entry
            if name <= after:
                continue
            if found is None:
                insort(held, name)
            else:
                yield Entry(name, found)
        if not listing.is_truncated:
            break
        listing = await list_names(prefix, delimiter=DELIMITER, token=listing.token)
    for folder in held:
        async for entry in below(folder):
            yield entry


def _folders_to_come(prefix: str, segment: str, *, is_key: bool) -> list[str]:
    """Return the folders that the engine lists before `segment` and that come after `segment` in byte order."""
    base = max(len(prefix), prefix.rfind(DELIMITER) + 2)
    stems = [segment[:place] for place in range(base, len(segment)) if segment[place] < DELIMITER]
    return [stem + DELIMITER for stem in (*stems, *((segment,) if is_key and segment else ()))]


def _by_segment(listing: ObjectPage) -> list[tuple[str, Object | None]]:
    """Return keys and folders in the order of the engine, a key before the folder of its name."""
    rows: list[tuple[str, Object | None]] = [(found.name, found) for found in listing.objects]
    rows += [(name, None) for name in listing.prefixes]
    return sorted(rows, key=lambda row: (row[0].removesuffix(DELIMITER), row[0]))
