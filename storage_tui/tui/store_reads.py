"""The reads of the browser from the store: pages of lists, single rows, sizes. No widgets."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence

from storage_tui.client.async_storage import AsyncStorage
from storage_tui.contract.catalog import STORED_IN, CatalogImage, ImageId
from storage_tui.contract.columns import ColumnPage
from storage_tui.contract.errors import NotFoundError
from storage_tui.contract.keys import DELIMITER, Location
from storage_tui.contract.models import Blob
from storage_tui.tui.side import Lists
from storage_tui.tui.state.listing import DENSE_ROWS, NEXT_PAGE, Folder, Listing, Row, rows_of
from storage_tui.tui.state.parts import Part

CANDIDATES = 200  # names that completion looks at
ANY_NAME = "x"  # makes a key of a folder, to find its owner
SIZES_AT_ONCE = 8  # single questions for a size in flight at the same time
PAGES_AT_ONCE = 4  # dropped pages that scrolling asks for, in flight at the same time


async def read_pages(storage: Lists, listing: Listing) -> AsyncIterator[Listing]:
    """Read a list to its end, or until the reading is cancelled, and yield the list after each page."""
    while not listing.is_complete:
        if listing.wants_columns and "columns" in (await storage.describe()).features:
            async for _ in _read_columns(storage, listing):
                yield listing
            return
        page = await storage.list_page(
            listing.prefix,
            storage_type=listing.storage_type,
            delimiter=DELIMITER,
            token=listing.next_token,
            limit=listing.next_limit,
        )
        listing.add_page(page)
        yield listing


async def _read_columns(storage: Lists, listing: Listing) -> AsyncIterator[None]:
    """Read the rest of a list in columns. The next columns are requested while pages are added."""

    def ask(token: str | None) -> asyncio.Task[Sequence[ColumnPage]]:
        found = storage.list_columns(
            listing.prefix, storage_type=listing.storage_type, delimiter=DELIMITER, token=token
        )
        return asyncio.ensure_future(found)

    coming: asyncio.Task[Sequence[ColumnPage]] | None = ask(listing.next_token)
    try:
        while coming is not None:
            pages = await coming
            token = pages[-1].next_token
            coming = None if token is None else ask(token)
            for page in pages:
                listing.add_columns(page)
                yield
                await asyncio.sleep(0)  # keys typed meanwhile come first
    finally:
        if coming is not None:
            coming.cancel()


async def image_of_row(storage: AsyncStorage, row: Row) -> CatalogImage | None:
    """Return the catalog image that has this row of `products` as a file or folder; None without one."""
    if row.storage_type != STORED_IN:
        return None
    if isinstance(row, Blob):
        return await storage.image_of(row.key)
    image_id = ImageId.of_key(row.key + ANY_NAME)
    return await storage.find_image(image_id) if image_id is not None and image_id.prefix == row.key else None


async def read_below(storage: AsyncStorage, folder: Folder) -> AsyncIterator[tuple[Blob, ...]]:
    """Yield every blob below a folder, a page at a time."""
    token: str | None = None
    while True:
        page = await storage.list_page(
            folder.key, storage_type=folder.storage_type, delimiter="", token=token, limit=NEXT_PAGE
        )
        yield page.blobs
        token = page.next_token
        if token is None:
            return


async def read_part(storage: Lists, part: Part, wanted: Sequence[Row]) -> list[Row]:
    """Return rows of a dropped page, as they are now; deleted rows are left out.

    Few rows are read one by one, many rows with their page.
    """
    folders: list[Row] = [row for row in wanted if isinstance(row, Folder)]
    keys = {row.key for row in wanted if isinstance(row, Blob)}
    if not keys:
        return folders
    if len(keys) < DENSE_ROWS:
        found = await asyncio.gather(*(_read_row(storage, key, part.storage_type) for key in keys))
        return folders + [blob for blob in found if blob is not None]
    page = await storage.list_page(
        part.prefix, storage_type=part.storage_type, delimiter=DELIMITER, token=part.token, limit=part.limit
    )
    return folders + [row for row in rows_of(page, part.storage_type) if row.key in keys and isinstance(row, Blob)]


async def _read_row(storage: Lists, key: str, storage_type: str) -> Blob | None:
    page = await storage.list_page(key, storage_type=storage_type, delimiter=DELIMITER, limit=1)
    return page.blobs[0] if page.blobs and page.blobs[0].key == key else None


async def stat_each(storage: AsyncStorage, blobs: list[Blob]) -> AsyncIterator[Blob]:
    """Yield the server's current version of each blob, a few questions at once; deleted blobs are left out."""
    for start in range(0, len(blobs), SIZES_AT_ONCE):
        part = blobs[start : start + SIZES_AT_ONCE]
        for blob in await asyncio.gather(*(_stat_or_none(storage, blob) for blob in part)):
            if blob is not None:
                yield blob


async def _stat_or_none(storage: AsyncStorage, blob: Blob) -> Blob | None:
    try:
        return await storage.stat(blob.key, blob.storage_type)
    except NotFoundError:
        return None


async def names_from(storage: AsyncStorage, location: Location) -> list[str]:
    """Return some keys and folders that begin with the key of a location, for completion."""
    page = await storage.list_page(location.key, storage_type=location.storage_type, limit=CANDIDATES)
    return sorted([*(blob.key for blob in page.blobs), *page.prefixes])


class PageRestorer:
    """Reads dropped pages of a list again, or single rows of such pages: each once, a few at the same time."""

    def __init__(self, storage: Lists) -> None:
        self._storage = storage
        self._asked: set[tuple[int, int]] = set()
        self._slots = asyncio.Semaphore(PAGES_AT_ONCE)

    async def restore(self, listing: Listing, index: int, *, is_wanted: Callable[[], bool] = lambda: True) -> bool:
        """Read the page of the row at `index`, or the row alone.

        Returns false when the row is already loaded, is being read, or is no longer wanted when its turn comes.
        """
        if index >= len(listing) or listing.row(index) is not None:
            return False
        if (single := listing.missing_key(index)) is not None:
            return listing.row(index) is not None or await self._restore_row(listing, *single, is_wanted)
        if (missing := listing.missing_page(index)) is None:
            return False
        number, token, limit = missing
        name = (id(listing), number)
        if name in self._asked:
            return False
        self._asked.add(name)
        try:
            async with self._slots:
                if not is_wanted():
                    return False
                page = await self._storage.list_page(
                    listing.prefix,
                    storage_type=listing.storage_type,
                    delimiter=DELIMITER,
                    token=token,
                    limit=limit,
                )
            listing.restore_page(number, page)
        finally:
            self._asked.discard(name)
        return True

    async def _restore_row(self, listing: Listing, at: int, key: str, is_wanted: Callable[[], bool]) -> bool:
        name = (id(listing), -1 - at)  # no page has such a number
        if name in self._asked:
            return False
        self._asked.add(name)
        try:
            async with self._slots:
                if not is_wanted():
                    return False
                found = await _read_row(self._storage, key, listing.storage_type)
        finally:
            self._asked.discard(name)
        listing.keep_row(at, found or Blob(key, listing.storage_type))  # not found: deleted since
        return True
