"""The words for completion: storage types, keys and folders from the server, local files."""

from collections.abc import Iterator
from dataclasses import replace

import click
from click.shell_completion import CompletionItem

from storage_tui.contract.errors import StorageError
from storage_tui.contract.keys import DELIMITER, Location
from storage_tui.contract.models import Page
from storage_tui.contract.places import S3_SCHEME, Place, is_place, is_url, parse_place
from storage_tui.contract.storage_types import ALIASES, DEFAULT, STORAGE_TYPES

OPEN = "open"  # the type of an item that more text follows
MOST = 200  # the first items of a larger folder; a few more letters find the others
DEADLINE_S = 2.0  # nobody waits longer for a TAB


def location_words(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Return the locations that begin with the typed text, folder by folder."""
    if is_url(incomplete):
        return []  # no web server is asked for a TAB
    if is_place(incomplete):
        return _place_words(ctx, incomplete)
    name, colon, _ = incomplete.partition(":")
    if colon and (name in STORAGE_TYPES or name in ALIASES):
        return list(_keys(ctx, f"{name}:", Location.parse(incomplete)))
    types = [
        CompletionItem(f"{row.name}:", type=OPEN, help=row.summary)
        for row in STORAGE_TYPES.values()
        if row.name.startswith(incomplete)
    ]
    return [*types, *_keys(ctx, "", Location.parse(incomplete))]


def source_words(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Return the words for an argument with files and then a location: files until a storage type was typed."""
    name, colon, _ = incomplete.partition(":")
    if incomplete.startswith(S3_SCHEME) or is_url(incomplete) or (colon and (name in STORAGE_TYPES or name in ALIASES)):
        return location_words(ctx, param, incomplete)
    types = [
        CompletionItem(f"{name}:", type=OPEN) for name in STORAGE_TYPES if incomplete and name.startswith(incomplete)
    ]
    return [*types, CompletionItem("", type="file")]


def wanted_words(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Return the words for an argument with locations and then a local target: locations, after the first of them files
    too."""
    found = location_words(ctx, param, incomplete)
    return [*found, CompletionItem("", type="file")] if ctx.params.get("words") else found


def profile_words(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Return the profiles of the settings file."""
    from storage_tui.cli.settings import SettingsError, profiles

    try:
        return [CompletionItem(name) for name in profiles() if name.startswith(incomplete)]
    except SettingsError:
        return []


def _keys(ctx: click.Context, lead: str, typed: Location, *, place: Place | None = None) -> Iterator[CompletionItem]:
    page = _page(ctx, typed, place)
    if page is None:
        return
    for prefix in page.prefixes:
        if lead or _is_bare(prefix):
            yield CompletionItem(f"{lead}{prefix}", type=OPEN, help="folder")
    for blob in page.blobs:
        if lead or _is_bare(blob.key):
            yield CompletionItem(f"{lead}{blob.key}")


def _place_words(ctx: click.Context, incomplete: str) -> list[CompletionItem]:
    """Return the names in a bucket that begin with the typed text; for a folder the shell's own files."""
    if not incomplete.startswith(S3_SCHEME):
        return [CompletionItem("", type="file")]
    typed, slash, _ = incomplete.removeprefix(S3_SCHEME).partition(DELIMITER)
    if not slash:  # nobody lists buckets for a TAB; those that were opened before are known
        from storage_tui.machine.directories import state_dir
        from storage_tui.server.stores.bucket.every.names import opened_before

        known = opened_before(state_dir() / "places", ctx.params.get("endpoint"))
        return [CompletionItem(f"{S3_SCHEME}{name}{DELIMITER}") for name in sorted(known) if name.startswith(typed)]
    try:
        place = parse_place(incomplete)
    except StorageError:
        return []
    if place is None:
        return []
    lead = f"{S3_SCHEME}{place.bucket}{DELIMITER}"
    return list(_keys(ctx, lead, Location(DEFAULT, place.prefix), place=replace(place, prefix="")))


def _is_bare(key: str) -> bool:
    """Return whether the key is understood without `data:`. A key such as `-r` would be a flag."""
    return not key.startswith("-") and Location.parse(key).key == key


def _page(ctx: click.Context, typed: Location, place: Place | None) -> Page | None:
    """Return a page of the keys that begin with the location, from the running embedded server if the settings mean
    that server. Return None when the server cannot be asked."""
    from storage_tui.cli.settings import PLACE_FLAGS, SettingsError
    from storage_tui.cli.store_choice import SHARED, embedded_dir, opening_of, settings_for, settings_of
    from storage_tui.client.access.quick_list import peek_page

    try:
        flags = {name: ctx.params.get(name) for name in (*SHARED, *PLACE_FLAGS)}
        settings = settings_of(flags) if place is None else settings_for(place, flags)
        directory = embedded_dir(settings)
        page = None if directory is None else peek_page(directory, typed, limit=MOST)
        if page is not None:
            return page
        from storage_tui.client.storage import Storage

        with Storage(settings.url, token_file=settings.token_file, data_dir=settings.data_dir, retries=0,
                     timeout_s=DEADLINE_S, opening=opening_of(settings)) as storage:  # fmt: skip
            return storage.list_page(typed.key, storage_type=typed.storage_type, limit=MOST)
    except (StorageError, SettingsError, OSError):
        return None
