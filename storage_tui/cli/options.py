"""The flags and types of arguments that commands share."""

import re
from collections.abc import Callable
from datetime import timedelta
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from click.shell_completion import CompletionItem

from storage_tui.cli.settings import PLACE_FLAGS
from storage_tui.contract.errors import BadRequestError
from storage_tui.contract.keys import Location

if TYPE_CHECKING:  # what only a command that runs needs is loaded when the command runs, so that its help is there soon
    from storage_tui.cli.places import PlaceWord

_DURATION = re.compile(r"([0-9]{1,6})([smhd])")
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400}


def _profiles(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    from storage_tui.cli.words import profile_words

    return profile_words(ctx, param, incomplete)


_FLAGS = (
    click.option(
        "--profile",
        metavar="NAME",
        shell_complete=_profiles,
        help="Use a profile of the settings file, a table [profiles.NAME].",
    ),
    click.option(
        "--url",
        metavar="URL",
        help="Base URL of a Storage API server, such as http://host:8000/storage/v1; /storage/v1 may be left out.",
    ),
    click.option("--token-file", type=click.Path(path_type=Path), metavar="FILE", help="File that holds your token."),
    click.option(
        "--data-dir", type=click.Path(path_type=Path), metavar="DIR", help="Data directory of the embedded store."
    ),
)

_PLACE_FLAGS = (
    click.option("--write", is_flag=True, default=None, help="Allow changes in a bucket named by s3://."),
    click.option("--endpoint", metavar="URL", help="Where the bucket is. [default: as AWS programs find it]"),
    click.option("--region", metavar="NAME", help="The region of the bucket. [default: found by itself]"),
    click.option("--no-sign-request", is_flag=True, default=None, help="Open a public bucket without credentials."),
    click.option("--request-payer", is_flag=True, default=None, help="Pay for the requests to the bucket yourself."),
    click.option("--aws-profile", metavar="NAME", help="The profile of AWS's shared files. [default: AWS_PROFILE]"),
)


def with_settings(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the shared flags and those of places to a command. The command gets them as one Settings in `settings`, and
    locations in the place of the words that name a place."""

    @wraps(command)
    def wrapped(*args: Any, **kwargs: Any) -> Any:
        from storage_tui.cli.places import take_place
        from storage_tui.cli.store_choice import SHARED, check_may_change, settings_for, settings_of, tell_left_out

        flags = {name: kwargs.pop(name) for name in (*SHARED, *PLACE_FLAGS)}
        context = click.get_current_context()
        kwargs, place = take_place(context, kwargs)
        settings = settings_of(flags) if place is None else settings_for(place, flags)
        check_may_change(context.command.name or "", settings)
        result = command(*args, settings=settings, **kwargs)
        if place is not None and place.kind != "s3":
            tell_left_out(settings)
        return result

    for flag in reversed((*_FLAGS, *_PLACE_FLAGS)):
        wrapped = flag(wrapped)
    return wrapped


def with_two_stores(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the shared flags, those of places and `--to-profile` to a command with `sources` and a `target`. The command
    gets the Settings of the sources in `settings`, and those of the target in `target_settings`, None where one store
    has both."""

    @wraps(command)
    def wrapped(*args: Any, **kwargs: Any) -> Any:
        from storage_tui.cli.places import take_two_places
        from storage_tui.cli.store_choice import SHARED, check_may_change, settings_of_two, tell_left_out

        flags = {name: kwargs.pop(name) for name in (*SHARED, *PLACE_FLAGS)}
        context = click.get_current_context()
        to_profile = kwargs.pop("to_profile")
        kwargs, place, there = take_two_places(context, kwargs)
        if to_profile is not None and there is not None:
            raise click.UsageError("--to-profile is the store of TARGET; write TARGET as data:KEY")
        name = context.command.name or ""
        settings, target_settings = settings_of_two(place, there, flags, to_profile, changes_source=name == "mv")
        check_may_change(name, target_settings or settings)
        if target_settings is not None and name == "mv":
            check_may_change(name, settings)
        result = command(*args, settings=settings, target_settings=target_settings, **kwargs)
        if place is not None and place.kind != "s3":
            tell_left_out(settings)
        return result

    to_profile = click.option(
        "--to-profile", metavar="NAME", shell_complete=_profiles, help="TARGET is in the store of this profile."
    )
    for flag in reversed((to_profile, *_FLAGS, *_PLACE_FLAGS)):
        wrapped = flag(wrapped)
    return wrapped


def with_store_settings(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the shared flags alone to a command that opens no place; it gets them as one Settings in `settings`."""

    @wraps(command)
    def wrapped(*args: Any, **kwargs: Any) -> Any:
        from storage_tui.cli.store_choice import SHARED, settings_of

        flags = {name: kwargs.pop(name) for name in SHARED}
        return command(*args, settings=settings_of(flags), **kwargs)

    for flag in reversed(_FLAGS):
        wrapped = flag(wrapped)
    return wrapped


def with_patience(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add `--wait` to a command that moves bytes, which gets seconds in `patience_s`, None without the option."""

    def seconds(ctx: click.Context, param: click.Parameter, text: str | None) -> float | None:
        return None if text is None else 0.0 if text == "0" else duration(text).total_seconds()

    option = click.option(
        "--wait", "patience_s", callback=seconds, metavar="TIME",
        help="How long to wait for a server that is away, such as 90s or 2h; 0 for not at all. "
             "[default: 5m once the server has answered]",
    )  # fmt: skip
    return option(command)


def with_bwlimit(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add `--bwlimit` to a command that moves bytes, which gets a text that `parse_rates` takes, None without the
    option."""

    def checked(ctx: click.Context, param: click.Parameter, text: str | None) -> str | None:
        if text is not None:
            from storage_tui.client.http.rates import parse_rates

            try:
                parse_rates(text)
            except BadRequestError as exc:
                raise click.BadParameter(exc.message) from exc
        return text

    option = click.option(
        "--bwlimit", callback=checked, metavar="RATE",
        help="Most bytes a second, such as 10M, 10M:2M for up and down, or off. [default: the setting, else off]",
    )  # fmt: skip
    return option(command)


class LocationType(click.ParamType):  # type: ignore[type-arg]  # generic since click 8.4 only
    """A command line argument in the form TYPE:KEY, or a place. An impossible key is refused with an error that says
    why."""

    name = "location"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> "Location | PlaceWord":
        """Return the location in the text; for a place the word, which `with_settings` replaces by a location. Raise
        InvalidKeyError for an impossible key."""
        from storage_tui.cli.places import PlaceWord
        from storage_tui.contract.places import is_place, is_url

        if isinstance(value, Location | PlaceWord):
            return value
        return PlaceWord(value) if is_place(value) or is_url(value) else Location.parse(value)

    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
        """Return the existing keys that complete the text."""
        from storage_tui.cli.words import location_words

        return location_words(ctx, param, incomplete)


LOCATION = LocationType()


def duration(text: str) -> timedelta:
    """Return a length of time such as 90s, 15m, 12h or 7d."""
    match = _DURATION.fullmatch(text)
    if match is None:
        raise click.BadParameter(f"{text[:40]!a} is not a length of time; write it as 90s, 15m, 12h or 7d")
    return timedelta(seconds=int(match[1]) * _SECONDS[match[2]])


def keeping(text: str) -> timedelta:
    """Return how long something is kept: a length of time, or 0 for not at all."""
    return timedelta(0) if text == "0" else duration(text)
