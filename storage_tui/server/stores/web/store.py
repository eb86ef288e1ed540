"""The Store over an index of links, or a static STAC catalog, on a web server as it is. Read only.

What it promises less than a store of ours, as the site changes at will and tells what it likes:

- *Lists* are those of the pages of the site, up to GOOD_S seconds old. A size is listed where the page tells it to the
  byte, a time where the page tells it with its zone; else both come with a stat. A folder is a child prefix, also an
  empty one. What cannot be shown is told in `place_notes`. Nothing is counted by the server: the client walks.
- *Reads* are ranges, without checksums. A blob that changes during a read ends the read with DamagedError, where its
  ETag, time or size tells. A server without ranges is read from its start, within bounds.
- *Changes* are all refused. The namespace of an address does not matter.
- Only the host of the URL is asked, and nothing but GET and HEAD is sent.
"""

import time
from collections import OrderedDict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from mimetypes import guess_type
from threading import Event, Lock
from urllib.parse import urlsplit

from storage_tui.contract.columns import ColumnPage
from storage_tui.contract.errors import ConflictError, DamagedError, NotFoundError
from storage_tui.contract.models import Blob, Page, Usage
from storage_tui.contract.places import CATALOG_END, Place, read_only_text
from storage_tui.contract.wire import Span
from storage_tui.server.stores.base import Address, BlobReader
from storage_tui.server.stores.read_only import ReadOnly
from storage_tui.server.stores.walks import Walks, check_limit, page_of
from storage_tui.server.stores.web.answers import Answer
from storage_tui.server.stores.web.catalog import Catalog
from storage_tui.server.stores.web.index import Entry
from storage_tui.server.stores.web.notes import Notes
from storage_tui.server.stores.web.pages import Folders, Indexes
from storage_tui.server.stores.web.reader import Facts, WebReader, open_span, read_facts
from storage_tui.server.stores.web.site import Site
from storage_tui.server.stores.web.walk import MOST_FOLDERS, walk

THREADS = 16  # reads and lists at a time; most of them wait for the site
FACTS_GOOD_S = 10.0  # a preview of many ranges asks once; a change within this time is still noticed by the read
MOST_FACTS = 1000


class WebStore(ReadOnly):
    """The store over the index at `url`, which ends in a slash, or over the catalog whose document it names. One call
    walks through up to `most_folders` folders."""

    opens_with_bytes = False
    takes_any_name = True
    lacks = frozenset({"usage", "columns", "content-type", "upload-parts"})  # features that this engine does not have

    def __init__(self, url: str, *, most_folders: int = MOST_FOLDERS) -> None:
        super().__init__(read_only_text("web", Place("web", root=url).title))
        self._site = Site(url)
        self._most_folders = most_folders
        self._notes = Notes()
        self._is_catalog = urlsplit(url).path.lower().endswith(CATALOG_END)
        kind = Catalog if self._is_catalog else Indexes
        self._folders: Folders = kind(self._site, url, self._notes)
        self._walks = Walks("web", "folders", THREADS)
        self._lock = Lock()
        self._facts: OrderedDict[str, tuple[float, Facts]] = OrderedDict()
        self._has_ranges: bool | None = None

    async def start(self) -> None:
        """Do nothing: the first call that reads tells what the site says."""

    async def close(self) -> None:
        self._folders.close()
        self._site.close()
        await self._walks.close(waits=False)

    async def place_rules(self) -> list[str]:
        """Return the rules of the place in short words."""
        rules = ["read only", *(["STAC catalog"] if self._is_catalog else [])]
        return [*rules, "no ranges"] if self._has_ranges is False else rules

    async def place_notes(self) -> list[str]:
        """Return what the store has left out so far, a sentence for each reason."""
        return self._notes.sentences()

    async def stat(self, address: Address) -> Blob:
        facts = await self._walks.run(lambda _: self._facts_of(address.key))
        return facts.blob(address.key, address.storage_type)

    @asynccontextmanager
    async def open(self, address: Address) -> AsyncIterator[BlobReader]:
        facts = await self._walks.run(lambda _: self._facts_of(address.key))
        begin = partial(self._begin, facts, address.key)
        yield WebReader(facts.blob(address.key, address.storage_type), begin, self._walks.threads)

    async def list_page(
        self, namespace: str, storage_type: str, *, prefix: str = "", delimiter: str = "", after: str = "", limit: int
    ) -> Page:  # fmt: skip
        check_limit(limit)

        def blob(key: str, entry: Entry) -> Blob:
            kind = guess_type(key, strict=False)[0]
            return Blob(key, storage_type, size_bytes=entry.size_bytes, modified=entry.modified, content_type=kind)

        def page(stop: Event) -> Page:
            rows = walk(
                self._folders, self._notes, prefix, delimiter=delimiter, after=after, is_stopped=stop.is_set,
                most_folders=self._most_folders,
            )  # fmt: skip
            return page_of(rows, limit, blob)

        return await self._walks.run(page)

    async def list_columns(
        self, namespace: str, storage_type: str, *, prefix: str = "", delimiter: str = "", after: str = "", limit: int,
        page_limit: int,
    ) -> list[ColumnPage]:  # fmt: skip
        raise ConflictError("columns have no place for a size that is not known; ask for a list")

    async def usage(self, namespace: str, storage_type: str, *, prefix: str = "", delimiter: str = "") -> Usage:
        raise ConflictError("a web server is not counted on its own account; ask for a list and the sizes")

    async def sweep(self) -> int:
        return 0

    def _facts_of(self, key: str) -> Facts:
        if key.endswith("/"):
            raise NotFoundError(f"{key!r} is a folder, not a blob", key=key)
        now = time.monotonic()
        with self._lock:
            kept = self._facts.get(key)
        if kept is not None and now - kept[0] < FACTS_GOOD_S:
            return kept[1]
        facts = read_facts(self._site, self._folders.url_of(key), key)
        with self._lock:
            self._facts[key] = (now, facts)
            self._facts.move_to_end(key)
            while len(self._facts) > MOST_FACTS:
                self._facts.popitem(last=False)
        return facts

    def _begin(self, facts: Facts, key: str, span: Span) -> Answer:
        try:
            return open_span(self._site, facts, span, key, self._note_ranges)
        except DamagedError:
            with self._lock:
                self._facts.pop(key, None)
            raise

    def _note_ranges(self, has_ranges: bool) -> None:
        self._has_ranges = has_ranges
