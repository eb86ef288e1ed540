"""The documents of a static STAC catalog as folders, their assets as blobs.

A catalog or collection is a folder with its children and items as folders, and its own document as a blob. An item is a
folder with its assets. What is on another host is left out, and told: only the host that was typed is asked.
Source: the STAC specification 1.0.0 and 1.1.0, catalog, collection and item, links and assets.
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urljoin, urlsplit

from storage_tui.contract.errors import ConflictError, InvalidKeyError, NotFoundError
from storage_tui.contract.keys import check_name
from storage_tui.contract.places import name_of
from storage_tui.server.stores.web.answers import refusal
from storage_tui.server.stores.web.index import JSON_BYTES, LINK_CHARACTERS, MOST_ENTRIES, Entry
from storage_tui.server.stores.web.notes import Notes
from storage_tui.server.stores.web.pages import Kept
from storage_tui.server.stores.web.site import Site

_COMMON = ("catalog", "collection", "item", "index")  # names of documents that say nothing; their folder does
_SAFE = "!#$%&'()*+,/:;=?@[]~"


@dataclass(frozen=True, slots=True)
class _Row:
    entry: Entry
    url: str


_Rows = dict[str, _Row]


class _Document:
    """The rows of a document, each under a name of its own: of several equal names the later get a number."""

    def __init__(self, notes: Notes) -> None:
        self.rows: _Rows = {}
        self._notes = notes
        self._used: dict[str, int] = {}

    def add(self, segment: str, url: str, *, is_folder: bool = False, size_bytes: int | None = None) -> None:
        """Add what a URL leads to, under the name of a segment. Raise ValueError for too many."""
        try:
            name = name_of(segment)
            while name is not None and name + "/" * is_folder in self.rows:
                name = self._numbered(check_name(name))
            entry = None if name is None else Entry(check_name(name) + "/" * is_folder, size_bytes)
        except InvalidKeyError:
            entry = None
        if entry is None:
            self._notes.add("name", segment)
        elif len(self.rows) >= MOST_ENTRIES:
            raise ValueError("too many links")
        else:
            self.rows[entry.name] = _Row(entry, url)

    def _numbered(self, name: str) -> str:
        number = self._used[name] = self._used.get(name, 1) + 1
        stem, dot, suffix = name.rpartition(".")
        return f"{stem}~{number}.{suffix}" if dot and stem else f"{name}~{number}"


class Catalog:
    """The folders of the catalog whose document is at the URL `root`."""

    def __init__(self, site: Site, root: str, notes: Notes) -> None:
        self._site, self._root, self._notes = site, root, notes
        self._kept: Kept[_Rows] = Kept(self._read, len)

    def entries(self, folder: str) -> list[Entry]:
        """Return what is in a folder."""
        rows = self._kept.get(self._document(folder))
        return sorted((row.entry for row in rows.values()), key=lambda entry: entry.name.encode())

    def hint(self, folders: Iterable[str]) -> None:
        """Begin to read folders that are wanted soon, which are in one folder that was read."""
        for folder in folders:
            above, _, name = folder.removesuffix("/").rpartition("/")
            row = self._kept.get(self._document(f"{above}/" if above else "")).get(f"{name}/")
            if row is not None:
                self._kept.hint([row.url])

    def url_of(self, key: str) -> str:
        """Return the URL of a blob. Raise NotFoundError."""
        folder, slash, name = key.rpartition("/")
        row = self._kept.get(self._document(folder + slash)).get(name)
        if row is None:
            raise NotFoundError(f"no {key!r} in the catalog", key=key)
        return row.url

    def close(self) -> None:
        """Begin nothing more."""
        self._kept.close()

    def _document(self, folder: str) -> str:
        """Return the URL of the document that is a folder. Raise NotFoundError."""
        url = self._root
        for name in folder.split("/")[:-1]:
            row = self._kept.get(url).get(f"{name}/")
            if row is None:
                raise NotFoundError(f"no folder {folder!r} in the catalog")
            url = row.url
        return url

    def _read(self, url: str) -> _Rows:
        with self._site.ask("GET", url, {"Accept": "application/json, application/geo+json"}) as answer:
            if answer.status != 200:
                raise refusal(answer, self._site.name, f"catalog {urlsplit(url).path!a}")
            content = b"".join(answer.page(JSON_BYTES))
        try:
            return self._rows(json.loads(content), answer.url)
        except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as exc:
            raise ConflictError(f"{url[:200]!a} is no document of a static STAC catalog") from exc

    def _rows(self, raw: Any, url: str) -> _Rows:
        if not isinstance(raw["links"], list) or ("stac_version" not in raw and "type" not in raw):
            raise TypeError("no STAC document")
        document = _Document(self._notes)
        document.add(_last(url), url)
        for link in raw["links"]:
            if link.get("rel") not in ("child", "item"):
                continue
            found = _resolved(url, link["href"])
            if found is None or not self._site.holds(found):
                self._notes.add("elsewhere", str(link["href"]))
            elif found != url:
                document.add(_folder_name(found), found, is_folder=True)
        for _, asset in sorted(dict(raw.get("assets") or {}).items()):
            found = _resolved(url, asset["href"])
            if found is None or not self._site.holds(found):
                self._notes.add("elsewhere", str(asset["href"]))
                continue
            size = asset.get("file:size")
            is_size = type(size) is int and 0 <= size < 2**63
            document.add(_last(found), found, size_bytes=size if is_size else None)
        return document.rows


def _resolved(base: str, href: str) -> str | None:
    """Return the URL of a link; None for a link that cannot be read."""
    if len(href) > LINK_CHARACTERS:
        return None
    try:
        url = urljoin(base, href.strip()).partition("#")[0]
        urlsplit(url)
    except ValueError:
        return None
    return quote(url.encode("utf-8", "surrogateescape"), safe=_SAFE)


def _last(url: str) -> str:
    return urlsplit(url).path.rstrip("/").rpartition("/")[2] or "-"


def _folder_name(url: str) -> str:
    above, _, last = urlsplit(url).path.rpartition("/")
    stem = last.rpartition(".")[0] or last
    return above.rpartition("/")[2] or stem if stem in _COMMON or not stem else stem
