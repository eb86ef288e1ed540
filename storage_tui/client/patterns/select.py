"""The blobs and folders that a pattern over keys means, in byte order of the keys and in bounded memory.

A pattern is walked folder by folder as long as its segments name the folders: `a/*/x.tif` lists the folders in `a/` and
then asks for one key in each. From `**` on, everything below is listed. When a level has so many folders that listing
everything below costs fewer requests, everything below is listed instead.
"""

from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from itertools import repeat
from typing import Literal

from storage_tui.client import calls, folding
from storage_tui.client.patterns.conditions import Condition
from storage_tui.client.patterns.globs import Glob, Segment, is_pattern, shared_start
from storage_tui.client.transfer.engine import TransferEngine
from storage_tui.contract.columns import ColumnPage
from storage_tui.contract.errors import InvalidKeyError, NotFoundError
from storage_tui.contract.keys import DELIMITER, Location, as_folder
from storage_tui.contract.models import Blob, Page
from storage_tui.contract.moments import from_millis

PAGE = 1000  # entries of a list at once: the most that a server sends
PROBES = 32  # folders of one page that are entered without asking how much is below

Rest = tuple[Segment, ...]
Entry = Blob | str
"""A blob, or a folder by its prefix with the slash."""


def pattern_of(engine: TransferEngine, location: Location) -> Glob | None:
    """Return the pattern in the key of a location; None when the key is no pattern.

    A key is no pattern when it holds no magic character, and when there is a blob or folder of exactly this name: keys
    may hold `*`, `?`, `[` and `{`. Raise ValueError for a pattern that has too many alternatives.
    """
    return Glob(location.key) if is_pattern(location.key, lambda: _exists(engine, location)) else None


def matching_entries(engine: TransferEngine, storage_type: str, glob: Glob) -> Iterator[Entry]:
    """Yield the blobs and folders whose names match; a folder also when blobs below it match."""
    return _Walk(engine, storage_type, glob, folders="named").entries()


def matching_blobs(
    engine: TransferEngine, storage_type: str, glob: Glob, *, recursive: bool = False, details: bool = True
) -> Iterator[Blob]:
    """Yield the blobs whose keys match; with `recursive` also all blobs below a folder whose name matches.

    Without `details` a blob may have only its key, size and times: such lists take a quarter of the bytes.
    """
    walk = _Walk(engine, storage_type, glob, folders="whole" if recursive else "none", details=details)
    return (entry for entry in walk.entries() if isinstance(entry, Blob))


def blobs_below(engine: TransferEngine, storage_type: str, prefix: str, *, details: bool = True) -> Iterator[Blob]:
    """Yield every blob whose key begins with the prefix; see `matching_blobs` for `details`."""
    return _below(engine, storage_type, prefix, details=details)


def keys_below(engine: TransferEngine, storage_type: str, prefix: str) -> Iterator[Sequence[str]]:
    """Yield the key of every blob whose key begins with the prefix, some thousands at a time where the server can."""
    if "columns" in engine.describe().features:
        for columns in _column_pages(engine, storage_type, prefix):
            yield [prefix + name for name in columns.names] if prefix else columns.names
        return
    for page in _pages(engine, storage_type, prefix, ""):
        yield [blob.key for blob in page.blobs]


def entries_in(engine: TransferEngine, storage_type: str, prefix: str) -> Iterator[Entry]:
    """Yield the blobs and folders directly in a prefix, page by page, each page in the order of the keys."""
    for page in _pages(engine, storage_type, prefix, DELIMITER):
        yield from _in_order(page)


def within(
    engine: TransferEngine, blobs: Iterable[Blob], conditions: Sequence[Condition], *, now: datetime | None = None
) -> Iterator[Blob]:
    """Yield the blobs that are within all limits at the moment `now`, by default that of the call.

    A blob that a published server listed by its key alone is asked for first; one that is gone by then is left out.
    """
    moment = now or datetime.now(UTC)
    for listed in blobs:
        blob: Blob | None = listed
        if not all(condition.is_known(listed) for condition in conditions):
            blob = _told(engine, listed)
        if blob is not None and all(condition.matches(blob, moment) for condition in conditions):
            yield blob


def _told(engine: TransferEngine, blob: Blob) -> Blob | None:
    try:
        return engine.run(calls.stat(blob.key, blob.storage_type))
    except NotFoundError:
        return None


def _can_begin_a_key(engine: TransferEngine, prefix: str) -> bool:
    try:
        engine.check_prefix(prefix)
    except InvalidKeyError:
        return False
    return True


def _exists(engine: TransferEngine, location: Location) -> bool:
    first = next(_below(engine, location.storage_type, location.key, limit=1), None)
    if first is None or first.key == location.key:
        return first is not None
    folder = as_folder(location).key
    return (
        first.key.startswith(folder) or next(_below(engine, location.storage_type, folder, limit=1), None) is not None
    )


def _pages(
    engine: TransferEngine, storage_type: str, prefix: str, delimiter: str, *, limit: int = PAGE
) -> Iterator[Page]:
    token = None
    while True:
        page = engine.run(folding.list_page(engine.service, prefix, storage_type, delimiter, token, limit))
        yield page
        token = page.next_token
        if token is None:
            return


def _below(
    engine: TransferEngine, storage_type: str, prefix: str, *, limit: int = PAGE, details: bool = True
) -> Iterator[Blob]:
    if not details and "columns" in engine.describe().features:
        yield from _in_columns(engine, storage_type, prefix)
        return
    for page in _pages(engine, storage_type, prefix, "", limit=limit):
        yield from page.blobs


def _in_columns(engine: TransferEngine, storage_type: str, prefix: str) -> Iterator[Blob]:
    for page in _column_pages(engine, storage_type, prefix):
        ends = page.expires or repeat(0)
        for name, size_bytes, written, end in zip(page.names, page.sizes, page.modified, ends, strict=False):
            yield Blob(prefix + name, storage_type, size_bytes, _moment(written), expires=_moment(end))


def _column_pages(engine: TransferEngine, storage_type: str, prefix: str) -> Iterator[ColumnPage]:
    """Yield all pages of a list. The first is short, so that it is here soon; while a page is used, a thread asks for
    those after it."""

    def ask(token: str | None, limit: int | None) -> list[ColumnPage]:
        return engine.run(folding.list_columns(engine.service, prefix, storage_type, "", token, limit))

    pool = ThreadPoolExecutor(1, thread_name_prefix="storage-tui-list")
    try:
        pages = ask(None, PAGE)
        while (token := pages[-1].next_token) is not None:
            following = pool.submit(ask, token, None)
            yield from pages
            pages = following.result()
        yield from pages
    finally:
        pool.shutdown(wait=False, cancel_futures=True)


def _moment(millis: int) -> datetime | None:
    return from_millis(millis) if millis else None


class _Walk:
    """The walk of one pattern. `folders` says what a folder whose name matches gives: nothing, itself, or all blobs
    below it.

    The rests of a node are the segments that keys below its prefix must still match, one for each alternative of the
    pattern that led here.
    """

    def __init__(
        self, engine: TransferEngine, storage_type: str, glob: Glob, *, folders: Literal["none", "named", "whole"],
        details: bool = True,
    ) -> None:  # fmt: skip
        self._engine = engine
        self._type = storage_type
        self._glob = glob
        self._folders = folders
        self._details = details

    def entries(self) -> Iterator[Entry]:
        """Yield all entries."""
        return self._node("", self._glob.alternatives)

    def _node(self, prefix: str, rests: Sequence[Rest]) -> Iterator[Entry]:
        heads = [rest[0] for rest in rests]
        if any(head.is_deep for head in heads):
            return self._flat(prefix, prefix)
        if all(head.literal is not None for head in heads):
            return self._named(prefix, rests)
        return self._listed(prefix, rests)

    def _named(self, prefix: str, rests: Sequence[Rest]) -> Iterator[Entry]:
        """Yield the entries at segments that are named: nothing is listed for them."""
        blobs = {rest[0].literal or "" for rest in rests if len(rest) == 1}
        folders = {f"{rest[0].literal}{DELIMITER}" for rest in rests if len(rest) > 1}
        if self._folders != "none":
            folders |= {f"{name}{DELIMITER}" for name in blobs}
        for name in sorted(blobs | folders, key=str.encode):
            if not _can_begin_a_key(self._engine, prefix + name):
                continue
            if name in folders:
                yield from self._enter(prefix, name, rests, is_there=False)
            elif (first := self._first(prefix + name)) is not None and first.key == prefix + name:
                yield first

    def _listed(self, prefix: str, rests: Sequence[Rest]) -> Iterator[Entry]:
        """Yield the entries at segments with patterns: one level is listed, and the folders that match are entered."""
        start, cut = prefix + shared_start([rest[0].start for rest in rests]), len(prefix)
        is_first = True
        for page in _pages(self._engine, self._type, start, DELIMITER):
            if is_first and self._is_flat_cheaper(start, sum(bool(_after(row[cut:], rests)) for row in page.prefixes)):
                yield from self._flat(prefix, start)
                return
            is_first = False
            for entry in _in_order(page):
                if isinstance(entry, str):
                    yield from self._enter(prefix, entry[cut:], rests, is_there=True)
                elif any(len(rest) == 1 and rest[0].matches(entry.key[cut:]) for rest in rests):
                    yield entry

    def _enter(self, prefix: str, name: str, rests: Sequence[Rest], *, is_there: bool) -> Iterator[Entry]:
        """Yield what a folder, given by its name with the slash, gives, and the entries below it."""
        folder = prefix + name
        if self._folders != "none" and any(_ends_at(name, rest) for rest in rests):
            if self._folders == "whole":
                yield from _below(self._engine, self._type, folder, details=self._details)
                return
            if is_there or self._first(folder) is not None:
                yield folder
        following = _after(name, rests)
        if following:
            yield from self._node(folder, following)

    def _flat(self, prefix: str, start: str) -> Iterator[Entry]:
        """Yield the entries below `prefix` that begin with `start`, from a list of everything there."""
        above: dict[str, bool] = {}  # the folders of the last key, and whether each matches
        for blob in _below(self._engine, self._type, start, details=self._details):
            before = above
            if self._folders != "none":
                above = {}
                at = blob.key.find(DELIMITER, len(prefix))
                while at != -1:
                    folder = blob.key[: at + 1]
                    is_match = before.get(folder)
                    if is_match is None:
                        is_match = self._glob.matches_folder(folder)
                        if is_match and self._folders == "named":
                            yield folder
                    above[folder] = is_match
                    at = blob.key.find(DELIMITER, at + 1)
            if self._glob.matches(blob.key) or (self._folders == "whole" and any(above.values())):
                yield blob

    def _first(self, prefix: str) -> Blob | None:
        return next(_below(self._engine, self._type, prefix, limit=1), None)

    def _is_flat_cheaper(self, prefix: str, folders: int) -> bool:
        """Return whether a list of all below a prefix takes fewer requests than to enter so many folders."""
        if folders <= PROBES:
            return False
        info = self._engine.describe()
        if "usage" not in info.features:
            return False
        usage = self._engine.run(folding.usage(self._engine.service, prefix, self._type, ""))
        return usage.count < folders * min(PAGE, info.limits.list_page)


def _in_order(page: Page) -> list[Entry]:
    entries: list[Entry] = [*page.blobs, *page.prefixes]
    return sorted(entries, key=lambda row: (row if isinstance(row, str) else row.key).encode())


def _after(name: str, rests: Iterable[Rest]) -> list[Rest]:
    """Return what keys below a folder, given by its name with the slash, must still match."""
    return list(dict.fromkeys(rest[1:] for rest in rests if len(rest) > 1 and rest[0].matches(name[:-1])))


def _ends_at(name: str, rest: Rest) -> bool:
    """Return whether a pattern ends with a folder, given by its name with the slash; it may end with a slash too."""
    is_end = len(rest) == 1 or (len(rest) == 2 and rest[1].literal == "")
    return is_end and rest[0].matches(name[:-1])
