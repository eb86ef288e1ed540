"""The store that the flags of a command mean: flags to Settings, and Settings to a client."""

import os
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from storage_tui.cli.printing import complain
from storage_tui.cli.settings import PLACE_FLAGS, PLACE_SETTINGS, Settings, load
from storage_tui.contract.errors import ConflictError, StorageError
from storage_tui.contract.keys import Location, key_refusal
from storage_tui.machine import directories

if TYPE_CHECKING:  # the help of a command, which imports this file, needs nothing of places
    from storage_tui.client.async_storage import AsyncStorage
    from storage_tui.client.storage import Storage
    from storage_tui.contract.places import Place, PlaceOptions

CHANGING = frozenset(("put", "cp", "mv", "rm", "edit", "touch", "undelete", "purge"))
SHARED = ("profile", "url", "token_file", "data_dir")


def settings_of(flags: Mapping[str, Any]) -> Settings:
    """Return the settings from flags, environment and file together."""
    settings = load(flags)
    if flags["url"] is None and flags["data_dir"] is not None:
        settings = replace(settings, url=None)  # a data directory on the command line means that store
    return settings


def settings_for(place: "Place", flags: Mapping[str, Any]) -> Settings:
    """Return the settings for a place that the command line names as a location. Raise click.UsageError for flags that
    name another store. What follows the name of a bucket is a name in it, so that the place has no types."""
    if flags["url"] is not None or flags["data_dir"] is not None:
        raise click.UsageError(f"{place} names what to open; leave out --url and --data-dir")
    if place.kind != "s3" and any(flags[name] for name in PLACE_FLAGS):
        opening_from(flags).check_for(place)
    return replace(load({**flags, "url": str(place)}), data_dir=None, token_file=None, types=None)


def settings_of_two(
    source: "Place | None", target: "Place | None", flags: Mapping[str, Any], to_profile: str | None, *,
    changes_source: bool,
) -> tuple[Settings, Settings | None]:  # fmt: skip
    """Return the settings for the place of the sources and for that of the target, None for the store; the second are
    None where one store has both. Flags that name a store are for the side without a place, and `--write` is for the
    target, and for a source that changes. Raise click.UsageError for flags that are for neither side."""
    if source is target and to_profile is None:
        return (settings_of(flags) if source is None else settings_for(source, flags)), None
    if source is not None and target is not None and (flags["url"] is not None or flags["data_dir"] is not None):
        raise click.UsageError(f"{source} and {target} name what to open; leave out --url and --data-dir")
    ours = settings_of(flags) if source is None else settings_of_side(source, flags, changes=changes_source)
    if to_profile is not None:
        return ours, settings_of({**dict.fromkeys((*SHARED, *PLACE_FLAGS)), "profile": to_profile})
    return ours, settings_of(flags) if target is None else settings_of_side(target, flags, changes=True)


def settings_of_side(place: "Place", flags: Mapping[str, Any], *, changes: bool) -> Settings:
    """Return the settings for a place that is one of two sides: flags that name a store are for the other side, and
    those for buckets are not for a folder. Only a place that `changes` is opened for changes."""
    unheard = dict.fromkeys(("url", "data_dir", "token_file", *(PLACE_FLAGS if place.kind != "s3" else ())))
    return settings_for(place, {**flags, **({} if changes else {"write": False}), **unheard})


def check_may_change(command: str, settings: Settings) -> None:
    """Raise ConflictError for a command that changes blobs of a place that is opened read only."""
    if settings.url is None or command not in CHANGING:
        return
    from storage_tui.client.access.place_access import PlaceAccess
    from storage_tui.contract.places import PlaceOptions, parse_place, read_only_text

    place = parse_place(settings.url)
    if place is not None and not opening_of(settings).is_writable:
        raise ConflictError(read_only_text(place.kind, PlaceAccess.of(place, PlaceOptions()).place.title))


def tell_left_out(settings: Settings) -> None:
    """Print what the server of a place has left out so far. An error of the server was told before."""
    with suppress(StorageError), open_storage(settings) as storage:
        place = storage.describe().place
        for note in () if place is None else place.notes:
            complain(note)


def opening_of(settings: Settings) -> "PlaceOptions":
    """Return how the place of the settings is opened; the default where they name no bucket."""
    from storage_tui.contract.places import PlaceOptions, parse_place

    place = None if settings.url is None else parse_place(settings.url)
    if place is None or place.kind != "s3":
        return PlaceOptions()
    return opening_from({name: getattr(settings, name) for name in PLACE_SETTINGS})


def opening_from(values: Mapping[str, Any]) -> "PlaceOptions":
    """Return the options of a place from settings or flags by their names."""
    from storage_tui.contract.places import PlaceOptions

    return PlaceOptions(
        is_writable=bool(values["write"]), endpoint_url=values["endpoint"], region=values["region"],
        no_sign_request=bool(values["no_sign_request"]), request_payer=bool(values["request_payer"]),
        profile=values["aws_profile"],
        types=values.get("types") or {},
    )  # fmt: skip


def open_storage(settings: Settings, *, patience_s: float | None = None, bwlimit: str | None = None) -> "Storage":
    """Return the client for the settings; see `Storage` for `patience_s`. `bwlimit` is a limit of the rate, which
    overrules that of the settings. Nothing is sent yet."""
    from storage_tui.client.storage import Storage

    storage = Storage(
        settings.url, token_file=settings.token_file, data_dir=settings.data_dir, patience_s=patience_s,
        opening=opening_of(settings),
    )  # fmt: skip
    limit_rate(storage, bwlimit or settings.bwlimit)
    return storage


def check_is_key(location: Location, settings: Settings) -> None:
    """Raise InvalidKeyError for a location that the server cannot have. The server is asked only about a key that some
    servers refuse."""
    refusal = key_refusal(location.key) if location.key else None
    if refusal is not None:
        with open_storage(settings) as storage:
            storage.engine.check_names(refusal)


def limit_rate(storage: "Storage | AsyncStorage", bwlimit: str | None) -> None:
    """Hold the transfers of a client back to a limit of the rate, such as `10M:2M`; None for no limit."""
    if bwlimit is not None:
        from storage_tui.client.http.rates import parse_rates

        up, down = parse_rates(bwlimit)
        storage.engine.pace.set(up=up, down=down)


def embedded_dir(settings: Settings) -> Path | None:
    """Return the data directory of the embedded store if the settings mean that store; None if they mean a server."""
    if settings.url is not None or (settings.data_dir is None and os.environ.get("DESCARTESLABS_STORAGE_URL")):
        return None
    return settings.data_dir or directories.data_dir()
