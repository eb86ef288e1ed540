"""The places among the words of a command: `s3://BUCKET/KEY`, `./DIR/KEY` and `https://HOST/DIR/KEY` become a place to
open, and keys in it.

A command works on one place, and cp and mv on two: that of the sources, and that of the target. Of a bucket the place
is the bucket, and what follows its name is the key. Of a folder the place is the deepest folder that exists, of several
words the folder that holds all of them. Of a URL the place is the folder up to its last slash, or the STAC catalog in
it; `.json` is a catalog for a command that works on folders.
"""

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import click

from storage_tui.cli.start.web_words import web_places
from storage_tui.contract.keys import DELIMITER, Location
from storage_tui.contract.places import FILE_SCHEME, S3_SCHEME, Place, is_place, is_url, parse_place, shown_path
from storage_tui.contract.storage_types import DEFAULT

# In the meta of click's context: what stands before a key, as the user wrote the place; that before a target apart.
LEAD, TARGET_LEAD = "storage-tui.place", "storage-tui.target-place"
TARGET = "target"  # the parameter of a command between two places that names where everything goes

_DOTS = (".", "..", "~")  # ends of a path that are no name of a folder

_OF_FOLDERS = frozenset(("browse", "ls", "find", "grep", "du", "tree", "sync", "check"))

# Parameters whose words are texts, and which of these words may be places. A word with a scheme is a place anywhere;
# a local path is one only where the command takes no local files.
_TEXTS = {
    "browse": ("location", "any"),
    "grep": ("locations", "any"),
    "find": ("words", "first"),
    "get": ("words", "scheme"),
    "show": ("location", "scheme"),
}


@dataclass(frozen=True, slots=True)
class PlaceWord:
    """A word of the command line that names a place and perhaps a key in it."""

    text: str


def is_remote_word(text: str) -> bool:
    """Return whether the word is written with a scheme, so that it is a place also where files are named."""
    return text.startswith((S3_SCHEME, FILE_SCHEME)) or is_url(text)


def take_place(
    context: click.Context, values: Mapping[str, Any], *, keeps_name: bool = False
) -> tuple[dict[str, Any], Place | None]:
    """Return the parameters of a command with locations in the place of the words that name a place, and the place;
    None without such a word. With `keeps_name` the name of a folder is a key in the folder above. Raise
    click.UsageError for words that name several places, or a place and the store."""
    words = [word.text for word in _words(context, values)]
    if not words:
        return dict(values), None
    others = [value for value in _flat(values.values()) if isinstance(value, Location)]
    given = [other for other in others if not _is_default(context, values, other)]
    if given:
        raise click.UsageError(
            f"{words[0]!a} and {str(given[0])!a} are in two stores; cp, mv and sync go from one to the other"
        )
    place, keys, lead = _resolved(words, keeps_name=keeps_name, is_of_folders=context.command.name in _OF_FOLDERS)
    context.meta[LEAD] = lead
    named = dict(zip(words, keys, strict=True))
    return {name: _replaced(context, name, value, named) for name, value in values.items()}, place


def take_two_places(
    context: click.Context, values: Mapping[str, Any]
) -> tuple[dict[str, Any], Place | None, Place | None]:
    """Return what `take_place` returns, and the place of the target: the same object where one place has both, None for
    the store. Raise click.UsageError for sources in several places."""
    words = [word.text for word in _words(context, values)]
    target = values[TARGET]
    ours = [word.text for word in _words(context, {**values, TARGET: ()})]
    strangers = [value for value in _flat([values["sources"]]) if isinstance(value, Location)]
    theirs = target.text if isinstance(target, PlaceWord) else None
    is_one = bool(ours) == (theirs is not None) and (theirs is None or len(_homes(words)) == 1)
    if is_one or (ours and strangers):
        taken, place = take_place(context, values)
        return taken, place, place
    taken, place = take_place(context, {**values, TARGET: ()}, keeps_name=True)
    context.meta[TARGET_LEAD] = None
    if theirs is None:
        return {**taken, TARGET: target}, place, None
    there, [key], context.meta[TARGET_LEAD] = _resolved([theirs])
    return {**taken, TARGET: Location(DEFAULT, key)}, place, there


def spell(location: Location, *, is_target: bool = False) -> str:
    """Return the location as the user can write it again: with the place before the key, where one was named. With
    `is_target` the location is where a command between two places puts blobs."""
    context = click.get_current_context(silent=True)
    meta = {} if context is None else context.meta
    lead: str | None = meta.get(TARGET_LEAD if is_target and TARGET_LEAD in meta else LEAD)
    if lead is None:
        return str(location)
    return lead + (shown_path(location.key) if is_url(lead) else location.key)


def whole_words(location: Location) -> str:
    """Return what a location without a key is: a whole storage type, or a whole place."""
    return "a whole storage type" if spell(location) == str(location) else "a whole bucket or folder"


def place_of(text: str, *, is_of_folders: bool = True) -> tuple[Place, str, str]:
    """Return the place and the key of one word, and what stands before a key there. A URL that ends in `.json` is a
    catalog with `is_of_folders`, else a file. Raise BadRequestError or click.UsageError."""
    place, [key], lead = _resolved([text], is_of_folders=is_of_folders)
    return place, key, lead


def _words(context: click.Context, values: Mapping[str, Any]) -> Iterator[PlaceWord]:
    name, taken = _TEXTS.get(context.command.name or "", ("", ""))
    texts = values.get(name)
    for number, text in enumerate((texts,) if isinstance(texts, str) else texts or ()):
        if _may_be(text, taken, number):
            yield PlaceWord(text)
    yield from (value for value in _flat(values.values()) if isinstance(value, PlaceWord))


def _may_be(text: str, taken: str, number: int) -> bool:
    if taken == "scheme":
        return is_remote_word(text)
    return (is_place(text) or is_url(text)) and (taken == "any" or number == 0)


def _flat(values: Any) -> Iterator[Any]:
    for value in values:
        if isinstance(value, tuple):
            yield from value
        else:
            yield value


def _is_default(context: click.Context, values: Mapping[str, Any], location: Location) -> bool:
    names = [name for name, value in values.items() if value == location]
    return all(context.get_parameter_source(name) is click.core.ParameterSource.DEFAULT for name in names)


def _replaced(context: click.Context, name: str, value: Any, named: Mapping[str, str]) -> Any:
    if isinstance(value, PlaceWord):
        return Location(DEFAULT, named[value.text])
    text, taken = _TEXTS.get(context.command.name or "", ("", ""))
    if name and name == text:
        texts = (value,) if isinstance(value, str) else value
        changed = tuple(
            f"{DEFAULT}:{named[word]}" if _may_be(word, taken, number) else word for number, word in enumerate(texts)
        )
        return changed[0] if isinstance(value, str) else changed
    if isinstance(value, tuple):
        return tuple(_replaced(context, "", one, named) for one in value)
    return value


def _resolved(
    words: Sequence[str], *, keeps_name: bool = False, is_of_folders: bool = False
) -> tuple[Place, list[str], str]:
    """Return the place of the words, the key of each word in it, and what stands before a key; see `take_place` and
    `web_places`."""
    if any(is_url(word) for word in words):
        return web_places(words, is_of_folders=is_of_folders)
    places = [place for word in words if (place := parse_place(word)) is not None]
    first = places[0]
    if len(_homes(words)) > 1:
        raise click.UsageError("a command works on one bucket, or on folders of this machine")
    if first.kind == "s3":
        lead = f"{S3_SCHEME}{first.bucket}{DELIMITER}" if first.bucket else S3_SCHEME
        return replace(first, prefix=""), [place.prefix for place in places], lead
    parts = [_split(place, keeps_name=keeps_name) for place in places]
    root = os.path.commonpath([root for root, _ in parts])
    keys = []
    for folder, key in parts:
        between = "" if folder == root else os.path.relpath(folder, root) + DELIMITER
        keys.append(between + key)
    return Place("file", root=root), keys, _lead(root, places)


def _homes(words: Sequence[str]) -> set[tuple[str, str]]:
    """Return the kinds and buckets of the places that the words name."""
    return {(place.kind, place.bucket) for word in words if (place := parse_place(word)) is not None}


def _split(place: Place, *, keeps_name: bool = False) -> tuple[str, str]:
    """Return the deepest folder that exists on the path of a folder, as an absolute path, and the rest of the path.
    With `keeps_name` a name at the end of the path is in the rest, unless a slash follows the name."""
    path = Path(place.root).expanduser().absolute()
    ends = DELIMITER if place.root.endswith(DELIMITER) else ""
    folder, rest = path, ""
    keeps = keeps_name and not ends and Path(place.root).name not in ("", *_DOTS)
    while (keeps and not rest) or (not folder.is_dir() and folder != folder.parent):
        rest = f"{folder.name}/{rest}" if rest else folder.name + ends
        folder = folder.parent
    return os.path.normpath(folder), rest


def _lead(root: str, places: Sequence[Place]) -> str:
    """Return the root as a word that is a place: relative where the user wrote a relative path."""
    if places[0].root.startswith(("/", "~")):
        return root.rstrip(DELIMITER) + DELIMITER
    relative = os.path.relpath(root)
    if relative == ".":
        return "./"
    return f"{relative if relative.startswith('..') else './' + relative}/"
