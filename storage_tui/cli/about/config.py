"""`storage-tui config`: every setting, its value and the place of the value; and a commented file to start with."""

import json
import os
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import click

from storage_tui.cli.about.environment import SETTINGS, VARIABLES
from storage_tui.cli.options import with_store_settings
from storage_tui.cli.printing import say, say_json, shown
from storage_tui.cli.settings import ENV_PREFIX, Settings, SettingsError, layers, profiles
from storage_tui.cli.store_choice import SHARED
from storage_tui.machine import directories
from storage_tui.machine.private_files import create_private

HIDDEN = "set, not shown"


@dataclass(frozen=True, slots=True)
class Row:
    """A setting or environment name, its value in words, and the place of the value."""

    name: str
    value: str | None
    where: str
    summary: str


@click.command()
@click.option("--path", "shows_path", is_flag=True, help="Print the name of the settings file only.")
@click.option("--write", "writes", is_flag=True, help="Write the file, every setting in it explained and left out.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")
@with_store_settings
def config(shows_path: bool, writes: bool, as_json: bool, settings: Settings) -> None:
    """Show every setting, its value and where that came from, and the environment names that count."""
    path = directories.config_file()
    if writes:
        _write(path)
    if shows_path or writes:
        say_json({"path": str(path)}) if as_json else say(str(path))
        return
    rows = [*_settings(settings), *_environment()]
    if as_json:
        for row in rows:
            fields_of = {"name": row.name, "value": row.value, "from": row.where, "summary": row.summary}
            say_json(fields_of)
        return
    widths = [max(len(shown(getattr(row, column) or "-")) for row in rows) for column in ("name", "value")]
    for row in rows:
        name, value = shown(row.name), shown(row.value or "-")
        say(f"{name:{widths[0]}}  {value:{widths[1]}}  {row.where}".rstrip())
    say("")
    say(f"settings file  {path}{'' if path.exists() else '  (not there; --write makes it)'}")
    if named := profiles():
        say(f"profiles       {', '.join(named)}")


def _settings(settings: Settings) -> list[Row]:
    """Return the settings in force, each with the last layer that sets it."""
    context = click.get_current_context()
    found = layers({name: context.params.get(name) for name in SHARED})
    rows = []
    for field in fields(Settings):
        value = getattr(settings, field.name)
        named = [layer.where for layer in found if field.name in layer.values]
        where = named[-1] if named else "default"
        if where == "the environment" and value is not None:
            where = f"{ENV_PREFIX}{field.name.upper()}"
        if field.name == "url" and value is None and settings.data_dir is None:
            published = os.environ.get("DESCARTESLABS_STORAGE_URL")
            value, where = (published, "DESCARTESLABS_STORAGE_URL") if published else (value, where)
        rows.append(Row(field.name, _text(value), where, str(field.metadata["help"])))
    return rows


def _environment() -> list[Row]:
    """Return the environment names that are not settings."""
    rows = []
    for variable in VARIABLES:
        if variable in SETTINGS:
            continue
        value = os.environ.get(variable.name)
        shown = value and (HIDDEN if variable.is_secret else value)
        rows.append(Row(variable.name, shown, "" if value is None else "environment", variable.summary))
    return rows


def _text(value: Any) -> str | None:
    if value is None:
        return None
    if isinstance(value, dict):
        return ", ".join(f"{name}={prefix}" for name, prefix in value.items())
    return str(value).lower() if isinstance(value, bool) else str(value)


def _write(path: Path) -> None:
    lines = ["# Settings of storage-tui. A flag overrules the environment, which overrules this file.", ""]
    for field in fields(Settings):
        if field.name == "profile":
            continue
        known = {"url": "https://host/storage/v1", "theme": "nord"}.get(field.name, "PATH")
        example = json.dumps(known if field.default is None else field.default)
        example = '{data = "published/", tmp = "scratch/"}' if field.name == "types" else example
        lines += [f"# {field.metadata['help']}  ({ENV_PREFIX}{field.name.upper()})", f"# {field.name} = {example}", ""]
    lines += [
        "# A server under a name, for --profile lab; this makes it the one without a flag:",
        '# profile = "lab"', "", "# [profiles.lab]", '# url = "https://lab.example/storage/v1"',
        '# token_file = "~/.lab-token"', "",
    ]  # fmt: skip
    try:
        create_private(path, "\n".join(lines).encode())
    except FileExistsError:
        raise SettingsError(f"{path} is there already and is left as it is; edit it, or move it away first") from None
    except OSError as exc:
        raise SettingsError(f"{path} cannot be written: {exc.strerror}") from exc
