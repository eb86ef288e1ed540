"""Settings: one frozen dataclass; defaults, then the file, then the environment, then flags.

The file is TOML at the place `places.config_file()` names. Environment names are `STORAGE_TUI_` and the setting in
capitals, such as STORAGE_TUI_URL. Unknown keys and values of the wrong kind are refused by name, not ignored.
"""

import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any, get_args

from storage_tui import places

ENV_PREFIX = "STORAGE_TUI_"


class SettingsError(Exception):
    """A setting that cannot be used; the text names it, its place and what is wanted."""


@dataclass(frozen=True)
class Settings:
    """Everything a person can set. Each field is a key of the file, an environment name and, mostly, a flag."""

    url: str | None = None  # base URL of a Storage API server; None is the embedded store of this machine
    token_file: Path | None = None  # file that holds a token for `url`
    data_dir: Path | None = None  # data directory of the embedded store; None is the user's own
    theme: str | None = None  # a Textual theme name; None picks one for the terminal
    mouse: bool = True  # False leaves the mouse to the terminal, for selecting text


def load(flags: Mapping[str, Any], *, file: Path | None = None, environ: Mapping[str, str] = os.environ) -> Settings:
    """The settings in force; `flags` hold what was given on the command line, None where nothing was.

    Raises SettingsError for a file that cannot be read, an unknown key, or a value of the wrong kind.
    """
    path = file or places.config_file()
    known = {field.name: field.type for field in fields(Settings)}
    chosen: dict[str, Any] = {}
    for name, value in _read(path).items():
        if name not in known:
            raise SettingsError(f"{path}: unknown setting {name!a}; the settings are {', '.join(known)}")
        chosen[name] = _convert(value, known[name], f"{path}: {name}")
    for name, kind in known.items():
        text = environ.get(ENV_PREFIX + name.upper())
        if text:
            chosen[name] = _convert(text, kind, ENV_PREFIX + name.upper())
        if flags.get(name) is not None:
            chosen[name] = flags[name]
    return replace(Settings(), **chosen)


def _read(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as exc:
        raise SettingsError(f"{path}: cannot be read as TOML: {exc}") from exc


def _convert(value: Any, kind: Any, where: str) -> Any:
    if kind is bool:
        if isinstance(value, bool):
            return value
        if value in ("true", "1", "yes", "on"):
            return True
        if value in ("false", "0", "no", "off"):
            return False
        raise SettingsError(f"{where} must be true or false, not {value!a:.60}")
    if not isinstance(value, str) or not value:
        raise SettingsError(f"{where} must be text, not {value!a:.60}")
    return Path(value).expanduser() if Path in get_args(kind) else value
