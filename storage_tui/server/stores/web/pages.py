"""The indexes that were read last, several at a time, and the folders that they are."""

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Generic, Protocol, TypeVar
from urllib.parse import urlsplit

from storage_tui.contract.errors import ConflictError, NotFoundError
from storage_tui.contract.places import path_of
from storage_tui.server.stores.web.answers import refusal
from storage_tui.server.stores.web.index import HTML_BYTES, JSON_BYTES, Entry, html_entries, json_entries
from storage_tui.server.stores.web.notes import Notes
from storage_tui.server.stores.web.site import Site

GOOD_S = 30.0  # a list of many pages does not ask again for each; a change is seen a little later
MOST_KEPT = 500
MOST_WEIGHT = 200_000  # entries of all that are kept, about 40 MB
THREADS = 4  # requests for indexes at a time: polite to a public server

T = TypeVar("T")


class Folders(Protocol):
    """The folders of a site. All calls block; any thread may call."""

    def entries(self, folder: str) -> list[Entry]:
        """Return what is in a folder, "" or a key with a slash at its end, in byte order. Raise StorageError."""

    def hint(self, folders: Iterable[str]) -> None:
        """Begin to read folders that are wanted soon."""

    def url_of(self, key: str) -> str:
        """Return the URL of a blob. Raise NotFoundError."""

    def close(self) -> None:
        """Begin nothing more."""


class Kept(Generic[T]):
    """What was loaded last by name. `load` is called in threads, `weigh` returns the weight of what it returned."""

    def __init__(self, load: Callable[[str], T], weigh: Callable[[T], int]) -> None:
        self._load, self._weigh = load, weigh
        self._lock = threading.Lock()
        self._rows: OrderedDict[str, tuple[float, Future[T]]] = OrderedDict()
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="storage-tui-web-page")

    def get(self, name: str) -> T:
        """Return what the name stands for, loaded within the last GOOD_S seconds. Raise the error of `load`."""
        future = self._begin(name)
        try:
            found = future.result()
        except BaseException:
            with self._lock:
                if (row := self._rows.get(name)) is not None and row[1] is future:
                    del self._rows[name]
            raise
        self._trim()
        return found

    def hint(self, names: Iterable[str]) -> None:
        """Begin to load names."""
        for name in names:
            self._begin(name)

    def close(self) -> None:
        """Begin nothing more."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    def _begin(self, name: str) -> Future[T]:
        now = time.monotonic()
        with self._lock:
            row = self._rows.get(name)
            if row is None or now - row[0] > GOOD_S:
                row = self._rows[name] = (now, self._threads.submit(self._load, name))
            self._rows.move_to_end(name)
            return row[1]

    def _trim(self) -> None:
        with self._lock:
            weights = {name: self._weight(row[1]) for name, row in self._rows.items()}
            total = sum(weights.values())
            while len(self._rows) > 1 and (len(self._rows) > MOST_KEPT or total > MOST_WEIGHT):
                total -= weights[self._rows.popitem(last=False)[0]]

    def _weight(self, future: Future[T]) -> int:
        return self._weigh(future.result()) if future.done() and future.exception() is None else 1


class Indexes:
    """The folders below the URL `root`, which ends in a slash, each with an index of its own."""

    def __init__(self, site: Site, root: str, notes: Notes) -> None:
        self._site, self._root, self._notes = site, root, notes
        self._kept: Kept[list[Entry]] = Kept(self._read, len)

    def entries(self, folder: str) -> list[Entry]:
        """Return what is in a folder."""
        return self._kept.get(folder)

    def hint(self, folders: Iterable[str]) -> None:
        """Begin to read folders that are wanted soon."""
        self._kept.hint(folders)

    def url_of(self, key: str) -> str:
        """Return the URL of a blob."""
        return self._root + path_of(key)

    def close(self) -> None:
        """Begin nothing more."""
        self._kept.close()

    def _read(self, folder: str) -> list[Entry]:
        url = self._root + (path_of(folder) if folder else "")
        with self._site.ask("GET", url, {"Accept": "text/html, application/json;q=0.9"}) as answer:
            if answer.status != 200:
                raise refusal(answer, self._site.name, f"index {folder!r}" if folder else "such index")
            kind = answer.header("Content-Type").partition(";")[0].strip().lower()
            if not urlsplit(answer.url).path.endswith("/"):
                raise NotFoundError(f"{folder!r} is no folder: {self._site.name} sends it on to a file")
            if kind == "application/json":
                return json_entries(b"".join(answer.page(JSON_BYTES)), answer.url, self._notes)
            if kind in ("text/html", "application/xhtml+xml"):
                return html_entries(answer.page(HTML_BYTES), answer.url, self._notes)
            hint = "; a bucket is opened by s3://BUCKET" if kind.endswith("xml") else ""
            raise ConflictError(f"{url[:200]!a} is no index of links but {kind[:60]!a}{hint}")
