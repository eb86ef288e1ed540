"""The entries of an index of links: HTML of Apache, nginx, lighttpd, Python and others, JSON of nginx and caddy.

A link counts where it leads to one segment below the page, without a query. A size counts where it is exact: plain
digits, or a number of JSON. The times of HTML pages are in a zone that they do not tell, and to a minute: left out.
"""

import codecs
import json
import re
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from html.parser import HTMLParser
from typing import Any
from urllib.parse import quote, urljoin, urlsplit

from storage_tui.contract.errors import ConflictError, InvalidKeyError
from storage_tui.contract.keys import check_name
from storage_tui.contract.moments import parse_http_date
from storage_tui.contract.places import canonical, name_of
from storage_tui.server.stores.web.notes import Notes

MOST_ENTRIES = 100_000  # of one index; more are refused, so that memory stays bounded
HTML_BYTES = 16 * 1024 * 1024
JSON_BYTES = 4 * 1024 * 1024
FED_CHARACTERS = 16 * 1024
HELD_CHARACTERS = 256 * 1024  # of one tag, comment or script: the parser reads such a one again with each piece
PARSING_S = 10.0  # of processor time
LINK_CHARACTERS = 4096
_AFTER_CHARACTERS = 200  # of the text after a link

_PLAIN = re.compile(r"(?:\./)?([^/?#:\\\s]+)(/?)")  # most links: a segment below the page, which needs no resolving

# What stands after a link: a day as 2024-05-01, 2024-May-01 or 01-May-2024, a time, a size.
_FACTS = re.compile(
    r"\s*(?:\d{4}-(?:\d{2}|[A-Za-z]{3})-\d{2}|\d{2}-[A-Za-z]{3}-\d{4})\s+\d{2}:\d{2}(?::\d{2})?\s+(\d{1,18})(?:\s|$)"
)


@dataclass(frozen=True, slots=True)
class Entry:
    """A name in a folder. The name of a folder ends in a slash."""

    name: str
    size_bytes: int | None = None
    modified: datetime | None = None

    @property
    def is_folder(self) -> bool:
        """Return whether the entry is a folder."""
        return self.name.endswith("/")


def html_entries(pieces: Iterable[bytes], page: str, notes: Notes) -> list[Entry]:
    """Return the entries of a page at the URL `page`, in the byte order of their names. Raise ConflictError for a page
    that is too large or that takes too long to read."""
    parser = _Links()
    decode = codecs.getincrementaldecoder("utf-8")("surrogateescape").decode
    end = time.thread_time() + PARSING_S
    for piece in pieces:
        text = decode(piece)
        for start in range(0, len(text), FED_CHARACTERS):
            parser.feed(text[start : start + FED_CHARACTERS])
            if len(parser.rawdata) > HELD_CHARACTERS or time.thread_time() > end or len(parser.rows) > 3 * MOST_ENTRIES:
                raise ConflictError(f"{page[:200]!a} is no index of links that can be read")
    parser.close()
    return _sorted(_html_rows(parser, page, notes), page)


def json_entries(content: bytes, page: str, notes: Notes) -> list[Entry]:
    """Return the entries of an index in JSON, as nginx and caddy send it. Raise ConflictError for other JSON."""
    try:
        rows = json.loads(content.decode("utf-8", "surrogateescape"))
        if not isinstance(rows, list):
            raise TypeError("not a list")
        return _sorted(_json_rows(rows, notes), page)
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as exc:
        raise ConflictError(f"{page[:200]!a} is no index of links that can be read") from exc


@dataclass(slots=True)
class _Row:
    href: str
    after: str = ""


class _Links(HTMLParser):
    """Collects the links of a page with the text after each."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.rows: list[_Row] = []
        self.base = ""
        self._is_inside = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Begin a row at a link, and part the cells of a table."""
        if tag == "a":
            self._is_inside = True
            self.rows.append(_Row((dict(attrs).get("href") or "")[: LINK_CHARACTERS + 1]))
        elif tag == "base" and not self.base:
            self.base = (dict(attrs).get("href") or "")[:LINK_CHARACTERS]
        elif tag == "td" and self.rows:
            self.rows[-1].after += " "

    def handle_endtag(self, tag: str) -> None:
        """End a link."""
        if tag == "a":
            self._is_inside = False

    def handle_data(self, data: str) -> None:
        """Keep the text after a link."""
        if self.rows and not self._is_inside and len(self.rows[-1].after) < _AFTER_CHARACTERS:
            self.rows[-1].after += data[:_AFTER_CHARACTERS]


def _html_rows(parser: _Links, page: str, notes: Notes) -> Iterator[Entry]:
    base = urljoin(page, parser.base) if parser.base else page
    for row in parser.rows:
        found = _below(row.href.strip(), base, page)
        if found is None:
            continue
        segment, slash, deeper = found
        if deeper:
            notes.add("deep", segment + slash + deeper)
            continue
        name = _name(segment, notes)
        if name is not None:
            size = None if slash else _FACTS.match(" ".join(row.after.split()))
            yield Entry(name + slash, None if size is None else int(size[1]))


def _below(href: str, base: str, page: str) -> tuple[str, str, str] | None:
    """Return the segment below the page that a link leads to, a slash after it, and what lies deeper; None for a link
    that leads elsewhere, or has a query."""
    if not href or href.startswith(("?", "#")) or len(href) > LINK_CHARACTERS:
        return None
    plain = _PLAIN.fullmatch(href) if base == page else None
    if plain is not None:
        return plain[1], plain[2], ""
    below = urlsplit(page)
    try:
        found = urlsplit(urljoin(base, href))
    except ValueError:
        return None
    path, top = canonical(found.path), canonical(below.path)
    is_same = (found.scheme, found.netloc.lower()) == (below.scheme, below.netloc.lower())
    if found.query or not is_same or not path.startswith(top) or path == top:
        return None
    return path[len(top) :].partition("/")


def _json_rows(rows: list[Any], notes: Notes) -> Iterator[Entry]:
    for row in rows:
        text = row["name"]
        is_folder = row["is_dir"] if "is_dir" in row else row["type"] == "directory"
        name = _name(quote(text.removesuffix("/").encode("utf-8", "surrogateescape"), safe=""), notes)
        if name is None or not text:
            continue
        size, when = row.get("size"), row.get("mtime", row.get("mod_time"))
        is_size = type(size) is int and 0 <= size < 2**63 and not is_folder
        yield Entry(name + ("/" if is_folder else ""), size if is_size else None, _moment(when))


def _moment(text: Any) -> datetime | None:
    if not isinstance(text, str) or len(text) > 40:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return parse_http_date(text)
    return moment if moment.tzinfo is not None else None


def _name(segment: str, notes: Notes) -> str | None:
    name = name_of(segment)
    try:
        return None if name is None else check_name(name)
    except InvalidKeyError:
        notes.add("name", segment)
        return None


def _sorted(rows: Iterable[Entry], page: str) -> list[Entry]:
    """Return one entry for each name: an index may link an icon and the name, of which the last has the facts."""
    found: dict[str, Entry] = {}
    for entry in rows:
        if entry.size_bytes is not None or entry.name not in found:
            found[entry.name] = entry
        if len(found) > MOST_ENTRIES:
            raise ConflictError(f"{page[:200]!a} has more than {MOST_ENTRIES:,} entries, too many for one list")
    return sorted(found.values(), key=lambda entry: entry.name.encode())
