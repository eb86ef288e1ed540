"""`storage-tui find`: the blobs that words, patterns and limits describe, a location a line."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import click
from click.shell_completion import CompletionItem

from storage_tui.cli.options import with_settings
from storage_tui.cli.places import spell
from storage_tui.cli.printing import say, say_json, say_null
from storage_tui.cli.search.choosing import Choice, choose
from storage_tui.cli.search.limits import Limits, with_limits
from storage_tui.cli.settings import Settings
from storage_tui.cli.store_choice import open_storage
from storage_tui.cli.words import location_words
from storage_tui.client.patterns.conditions import is_condition
from storage_tui.client.patterns.words import Description
from storage_tui.contract.errors import NotFoundError
from storage_tui.contract.keys import Location, as_folder
from storage_tui.contract.models import Blob
from storage_tui.contract.storage_types import ALIASES, DEFAULT, STORAGE_TYPES

if TYPE_CHECKING:
    from storage_tui.client.storage import Storage


def _first_word(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    return [] if ctx.params.get("words") else location_words(ctx, param, incomplete)


@click.command()
@click.argument("words", nargs=-1, metavar="[LOCATION] [PATTERN]...", shell_complete=_first_word)
@click.option("-a", "--all-types", is_flag=True, help="Search all storage types; then every word is a pattern.")
@click.option("-0", "--print0", "with_nul", is_flag=True, help="End each line with a zero byte, for xargs -0.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object for each blob.")
@with_limits
@with_settings
def find(
    words: tuple[str, ...], all_types: bool, with_nul: bool, as_json: bool, limits: Limits, settings: Settings
) -> None:  # fmt: skip
    """List the blobs below LOCATION that every PATTERN describes: `find tmp: '*.npy' '>3d' '>1GB'`.

    A PATTERN is a word of the name; a pattern with * ? [ ] { } for the last segment, or with a slash for the whole path
    below LOCATION, ** standing for folders; ~abc for these letters in order; or a limit: >3d older, <24h expiring,
    >1GB larger, age<2h, left>3d, size<1kB. Lower-case words match both cases.

    The lines are locations: `find tmp: '*.npy' -0 | xargs -0 storage-tui rm --yes`. No match is no error.
    """
    places, patterns = ([], words) if all_types else _places(words)
    description = _description(patterns)
    with open_storage(settings) as storage:
        places = all_places(storage) if all_types else places
        for choice in (choose(storage, place, limits) for place in places):
            for blob in found(choice, description, details=as_json):
                location = spell(Location(blob.storage_type, blob.key))
                if as_json:
                    say_json({"storage_type": blob.storage_type, **blob.to_json()})
                elif with_nul:
                    say_null(location)
                else:
                    say(location)


def found(choice: Choice, description: Description, *, details: bool = True) -> Iterator[Blob]:
    """Yield the blobs of a location, or below it, that the words describe. Raise NotFoundError for a location that is
    neither a blob nor a folder."""
    from storage_tui.client.patterns.select import within

    base, now = choice.base if choice.glob is not None else as_folder(choice.location).key, datetime.now(UTC)
    blobs = within(choice.storage.engine, below(choice, details=details), description.conditions, now=now)
    for blob in blobs:
        name = blob.key[len(base) :] if blob.key.startswith(base) else blob.key.rpartition("/")[2]
        if description.names.matches(name):
            yield blob


def below(choice: Choice, *, details: bool = True) -> Iterator[Blob]:
    """Yield the blobs of a location: of a pattern those that match or are below a folder that matches, of a folder all
    below it, else the blob itself. Raise NotFoundError for a location where there is neither."""
    is_empty = True
    for blob in choice.blobs(recursive=True, details=details):
        is_empty = False
        yield blob
    place = choice.location
    if choice.glob is None and place.key and not place.key.endswith("/"):
        try:
            yield from choice.blobs(recursive=False)
        except NotFoundError:
            if is_empty and not choice.limits:
                raise choice.nothing() from None


def all_places(storage: "Storage") -> list[Location]:
    """Return every storage type, as far as the token may list."""
    tops = (storage.describe().token.top_of(name) for name in STORAGE_TYPES)
    return [top for top in tops if top is not None]


def _places(words: Sequence[str]) -> tuple[list[Location], Sequence[str]]:
    """Return the location to search, and the other words."""
    if not words or _is_limit_or_word(words[0]):
        return [Location(DEFAULT)], words
    return [Location.parse(words[0])], words[1:]


def _is_limit_or_word(word: str) -> bool:
    """Return whether a first word is no location: a limit, or `~word`."""
    name, colon, _ = word.partition(":")
    is_location = bool(colon) and (name in STORAGE_TYPES or name in ALIASES)
    return not is_location and (is_condition(word) or word.startswith("~"))


def _description(patterns: Sequence[str]) -> Description:
    try:
        return Description(patterns)
    except ValueError as exc:
        raise click.UsageError(str(exc)) from None
