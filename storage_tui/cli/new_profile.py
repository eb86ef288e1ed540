"""A new profile in the settings file, added from inside the browser; the rest of the file stays as it is."""

import json
import re
import tomllib
from pathlib import Path
from typing import Any

from storage_tui.cli.settings import PROFILES, SettingsError, check_file
from storage_tui.machine import directories
from storage_tui.machine.private_files import make_private_dir, write_private
from storage_tui.machine.text_files import text_of

NAME_CHARACTERS = 60  # the status line shows the name
_BARE = re.compile(r"[A-Za-z0-9_-]+")  # the names that TOML takes without quotes


def add_profile(name: str, values: dict[str, str], *, file: Path | None = None) -> None:
    """Append a table `[profiles.NAME]` with the values to the settings file. A new file is made where there is none.

    Raise SettingsError, with nothing written, for a name that is there already or that nobody could type, for a value
    that is refused, and for a file that cannot be read or written.
    """
    path = file or directories.config_file()
    if not name or len(name) > NAME_CHARACTERS or not name.isprintable():
        raise SettingsError(f"a profile has a name of 1 to {NAME_CHARACTERS} visible characters, not {name!a:.80}")
    try:
        raw = path.read_bytes()
    except FileNotFoundError:
        raw = b""
    except OSError as exc:
        raise SettingsError(f"{path}: cannot be read: {exc}") from exc
    try:
        text = text_of(raw)
        before = tomllib.loads(text)
    except ValueError as exc:
        raise SettingsError(f"{path}: cannot be read as TOML: {exc}") from exc
    if name in before.get(PROFILES, {}):
        raise SettingsError(f"there is a profile {name!a:.60} already; choose another name")
    key = name if _BARE.fullmatch(name) else _quoted(name)
    lines = [f"[{PROFILES}.{key}]", *(f"{setting} = {_quoted(value)}" for setting, value in values.items())]
    added = "\n".join([*([""] if text.endswith("\n") else ["", ""] if text else []), *lines, ""])
    wanted = {**before, PROFILES: {**before.get(PROFILES, {}), name: values}}
    _check(path, text + added, wanted)
    try:
        make_private_dir(path.parent)
        write_private(path.resolve(), (text + added).encode())
    except OSError as exc:
        raise SettingsError(f"{path}: cannot be written: {exc}") from exc


def _check(path: Path, text: str, wanted: dict[str, Any]) -> None:
    """Raise SettingsError unless the new text says what is wanted and nothing else, and every value is allowed."""
    try:
        found = tomllib.loads(text)
    except tomllib.TOMLDecodeError as exc:  # profiles = { … } in one line cannot be added to
        raise SettingsError(
            f"{path}: the profile cannot be added at its end ({exc}); write the table yourself"
        ) from exc
    if found != wanted:
        raise SettingsError(f"{path}: the profile cannot be added at its end; write the table yourself")
    check_file(found, path)


def _quoted(text: str) -> str:
    """Return a basic string of TOML: JSON's escapes are TOML's too, DEL and half surrogates excepted."""
    return json.dumps(text).replace("\x7f", "\\u007f")
