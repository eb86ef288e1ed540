"""`storage-tui quota`: how much users may store and request."""

import json
import re
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from storage_tui.cli.operators.engine_options import with_records
from storage_tui.cli.printing import say, say_page
from storage_tui.contract.counts import plural
from storage_tui.contract.errors import StorageError
from storage_tui.contract.storage_types import find_storage_type
from storage_tui.machine.text_files import text_of

if TYPE_CHECKING:
    from storage_tui.server.quotas.limits import UserLimits
    from storage_tui.server.stores.records import Records

NONE, INHERIT = "none", "default"
MAX_FILE_BYTES = 1024 * 1024

_AMOUNT = re.compile(r"([0-9]{1,15})([kKMGTP]?)(i?)[bB]?")
_POWERS = {"": 0, "k": 1, "K": 1, "M": 2, "G": 3, "T": 4, "P": 5}


def amount(text: str) -> int | str | None:
    """Return a limit such as 500, 10G or 4Gi. `none` means no limit, `default` means the limit for everybody."""
    if text in (NONE, INHERIT):
        return None if text == NONE else INHERIT
    match = _AMOUNT.fullmatch(text)
    if match is None:
        raise click.BadParameter(f"{text[:40]!a} is not an amount; write it as 500, 10G or 4Gi, or as none or default")
    base: int = 1024 if match[3] else 1000
    return int(match[1]) * int(base ** _POWERS[match[2]])


def storage_type(text: str) -> str:
    """Return a storage type, or * for all types."""
    try:
        return text if text == "*" else find_storage_type(text).name
    except StorageError as exc:
        raise click.BadParameter(exc.message) from exc


def per_minute(text: str) -> tuple[str, int | str | None]:
    """Return a class of requests and its limit, such as list=600."""
    verb, equals, limit = text.partition("=")
    if not equals:
        raise click.BadParameter(f"{text[:40]!a} is not a limit of requests; write it as list=600")
    return verb, amount(limit)


@click.group()
def quota() -> None:
    """Set and show what users may store and ask for. Nothing is limited until it is set."""


@quota.command("set")
@click.argument("user", required=False)
@with_records
@click.option("--type", "type_name", type=storage_type, default="*", help="A storage type.  [default: each of them]")
@click.option("--bytes", "size", type=amount, metavar="SIZE", help="Bytes in one storage type, such as 10G.")
@click.option("--blobs", type=amount, metavar="N", help="Blobs in one storage type.")
@click.option("--uploads", type=amount, metavar="N", help="Open uploads in one storage type.")
@click.option(
    "--requests",
    type=per_minute,
    multiple=True,
    metavar="CLASS=N",
    help="Requests a minute: list read write delete share.",
)
@click.option("--concurrent", type=amount, metavar="N", help="Requests at once.")
@click.pass_context
def set_quota(
    ctx: click.Context, user: str | None, records: "Records", type_name: str, requests: tuple[tuple[str, Any], ...],
    size: Any, blobs: Any, uploads: Any, concurrent: Any,
) -> None:  # fmt: skip
    """Change the limits of USER, or without USER those of everybody who has none of their own.

    Running servers notice in seconds. SIZE and N are amounts; `none` means no limit, `default` means the limit of
    everybody.
    """
    from storage_tui.server.http.grants import Verb
    from storage_tui.server.quotas.limits import change_limits

    given = {"size": "bytes", "blobs": "blobs", "uploads": "uploads", "concurrent": "concurrent"}
    changes: dict[tuple[str, ...], Any] = {}
    for parameter, name in given.items():
        if ctx.get_parameter_source(parameter) is not click.core.ParameterSource.DEFAULT:
            path = ("concurrent",) if name == "concurrent" else ("types", type_name, name)
            changes[path] = ctx.params[parameter]
    for verb, limit in requests:
        if verb not in tuple(Verb):
            raise click.UsageError(f"a class of requests is one of {', '.join(Verb)}, not {verb[:40]!a}")
        changes["requests", verb] = limit
    if not changes:
        raise click.UsageError("name what to limit, such as --bytes 10G or --requests list=600")
    table = change_limits(records, user, changes)
    _show(user or "everybody", table.of_name(user))


@quota.command()
@click.argument("user", required=False)
@with_records
@click.option("--json", "as_json", is_flag=True, help="All limits as JSON, in the form that `load` takes.")
def show(user: str | None, records: "Records", as_json: bool) -> None:
    """Show the limits of USER, or of everybody and of those who have limits of their own."""
    from storage_tui.server.quotas.limits import read_limits

    table = read_limits(records)
    if as_json:
        say_page(table.to_json().decode("ascii") + "\n")
    elif user is not None:
        _show(user, table.of_name(user))
    else:
        _show("everybody", table.of_name(None))
        for name in table.names:
            _show(name, table.of_name(name))


@quota.command()
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@with_records
def load(file: Path, records: "Records") -> None:
    """Replace all limits by those of FILE, JSON or TOML in the form of `show --json`."""
    from storage_tui.server.quotas.limits import replace_limits

    try:
        with file.open("rb") as opened:
            text = text_of(opened.read(MAX_FILE_BYTES))
        raw = tomllib.loads(text) if file.suffix == ".toml" else json.loads(text)
    except (OSError, ValueError, RecursionError) as exc:
        raise click.UsageError(f"{file} cannot be read as {'TOML' if file.suffix == '.toml' else 'JSON'}") from exc
    replace_limits(records, raw)


def _show(name: str, limits: "UserLimits") -> None:
    from storage_tui.contract.sizes import size_text

    say(name)
    for type_name, quota_of_type in limits.quotas.items():
        size = None if quota_of_type.size_bytes is None else size_text(quota_of_type.size_bytes)
        parts = (size, _count(quota_of_type.blobs, "blob"), _count(quota_of_type.uploads, "open upload"))
        say(f"  {type_name:8}  {', '.join(part for part in parts if part is not None)}")
    for verb, limit in limits.requests.items():
        say(f"  {verb:8}  {plural(limit, 'request')} a minute")
    if limits.concurrent is not None:
        say(f"  {plural(limits.concurrent, 'request')} at once")
    if not (limits.quotas or limits.requests or limits.concurrent is not None):
        say("  without limit")


def _count(count: int | None, noun: str) -> str | None:
    return None if count is None else plural(count, noun)
