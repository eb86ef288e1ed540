"""Words that are URLs of the web: the place to open, and the key of each word in it.

In the words all is percent-encoded, as in a browser's address bar; in keys it is decoded.
"""

import os
from collections.abc import Sequence
from urllib.parse import urlsplit

import click

from storage_tui.contract.errors import BadRequestError
from storage_tui.contract.keys import DELIMITER
from storage_tui.contract.places import CATALOG_END, Place, is_url, name_of, web_place


def web_places(words: Sequence[str], *, is_of_folders: bool) -> tuple[Place, list[str], str]:
    """Return the place of the words, the key of each word in it, and what stands before a key.

    With `is_of_folders` a word that ends in `.json` is a STAC catalog, else a file. Raise click.UsageError for words
    that lead to several hosts or catalogs, BadRequestError for a word that is no URL.
    """
    if not all(is_url(word) for word in words):
        raise click.UsageError("a command works on one place; these words name the web and another place")
    parts = [_split(word, is_of_folders=is_of_folders) for word in words]
    roots = [root for root, _ in parts]
    root = roots[0]
    if any(other != root for other in roots):
        if len({urlsplit(other)[:2] for other in roots}) > 1 or any(other.endswith(CATALOG_END) for other in roots):
            raise click.UsageError("a command works on one host, or on one catalog")
        root = os.path.commonpath(roots).replace(":/", "://", 1) + DELIMITER
    keys = [_key(other[len(root) :]) + key for other, key in parts]
    return Place("web", root=root), keys, root.removesuffix(DELIMITER) + DELIMITER


def _split(word: str, *, is_of_folders: bool) -> tuple[str, str]:
    """Return the URL of the place of a word, and the key."""
    url = word.removeprefix("web+")
    path = urlsplit(url).path if "?" not in url and "#" not in url else ""
    lead = url.removesuffix(path) if path else url
    end = f"{CATALOG_END}{DELIMITER}"
    if end in path.lower():
        cut = path.lower().index(end) + len(CATALOG_END)
        return web_place(lead + path[:cut]).root, _key(path[cut + 1 :])
    if not path or path.endswith(DELIMITER) or (is_of_folders and path.lower().endswith(CATALOG_END)):
        return web_place(url).root, ""
    folder, _, name = path.rpartition(DELIMITER)
    return web_place(f"{lead}{folder}/").root, _key(name)


def _key(path: str) -> str:
    """Return the key of a path below a place. Raise BadRequestError for a path that leads elsewhere."""
    names = [name_of(part) for part in path.removesuffix(DELIMITER).split(DELIMITER)] if path else []
    if None in names:
        raise BadRequestError(f"{path[:200]!a} has an empty segment or one of dots; write the URL that is meant")
    return DELIMITER.join(name or "" for name in names) + (DELIMITER if path.endswith(DELIMITER) else "")
