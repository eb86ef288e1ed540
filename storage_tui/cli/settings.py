"""Settings: one frozen dataclass; defaults, then the file, then the environment, then flags.

The file is TOML at the path of `directories.config_file()`. Environment names are `STORAGE_TUI_` and the setting in
capitals, such as STORAGE_TUI_URL. Unknown keys and values of the wrong kind are not ignored: the error names them.

A table `[profiles.NAME]` of the file keeps the settings of one server under a name. These settings are as strong as the
place that names the profile: `--profile` overrules the environment; STORAGE_TUI_PROFILE and the file's own `profile` do
not.

    profile = "lab"

    [profiles.lab]
    url = "https://lab.example/storage/v1"
    token_file = "~/.lab-token"

    [profiles.archive]
    url = "s3://BUCKET"
    types = {data = "published/", tmp = "scratch/"}
"""

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any, get_args

from storage_tui.machine import directories
from storage_tui.machine.text_files import text_of

ENV_PREFIX = "STORAGE_TUI_"
GRAPHICS = ("blocks", "halves", "kitty", "sixel")
NOTIFY = ("off", "bell", "osc9", "osc777")
_CHOICES = {"graphics": GRAPHICS, "notify": NOTIFY}
PROFILES = "profiles"  # the table of the file with one table for each profile
MOST_JOBS = 32  # as many as a batch takes; named here too, so that the settings load nothing of the client
STORES = ("url", "data_dir")
S3_SCHEME = "s3://"  # named here too, so that the settings load nothing of places
PLACE_FLAGS = ("write", "endpoint", "region", "no_sign_request", "request_payer", "aws_profile")  # of a bucket
PLACE_SETTINGS = (*PLACE_FLAGS, "types")  # the last is no flag
SERVER = (*STORES, "token_file")  # settings of the store; a profile that sets one takes none of these from elsewhere


class SettingsError(Exception):
    """A setting that cannot be used. The message names the setting, its place and the values that are allowed."""


@dataclass(frozen=True)
class Settings:
    """Everything that a person can set. Each field is a key of the file, an environment name and, mostly, a flag.
    `help` in its metadata says what the setting is for."""

    url: str | None = field(default=None, metadata={
        "help": "Base URL of a server, or s3://BUCKET; without one the embedded store of this machine."})  # fmt: skip
    token_file: Path | None = field(default=None, metadata={"help": "File that holds a token for the URL."})
    data_dir: Path | None = field(default=None, metadata={
        "help": "Data directory of the embedded store; without one your own."})  # fmt: skip
    write: bool = field(default=False, metadata={
        "help": "true allows changes in a bucket that the URL names."})  # fmt: skip
    endpoint: str | None = field(default=None, metadata={"help": "Where that bucket is; else as AWS programs find it."})
    region: str | None = field(default=None, metadata={"help": "Its region; without one it is found by itself."})
    no_sign_request: bool = field(default=False, metadata={"help": "true opens a public bucket without credentials."})
    request_payer: bool = field(default=False, metadata={"help": "true pays for the requests to the bucket."})
    aws_profile: str | None = field(default=None, metadata={
        "help": "The profile of AWS's shared files that opens the bucket; else AWS_PROFILE."})  # fmt: skip
    types: Mapping[str, str] | None = field(
        default=None,
        metadata={
            "help": 'Its storage types as prefixes, such as {data = "published/", tmp = "scratch/"}; else data alone.'
        },
    )
    theme: str | None = field(default=None, metadata={
        "help": "Colours: storage-dark, storage-light, storage-16, or a theme of Textual such as nord."})  # fmt: skip
    mouse: bool = field(default=True, metadata={
        "help": "false leaves the mouse to the terminal, for selecting text."})  # fmt: skip
    graphics: str = field(default="blocks", metadata={
        "help": "Pictures: blocks, halves (for fonts without quadrants), kitty or sixel."})  # fmt: skip
    keep_deleted: str | None = field(default=None, metadata={
        "help": "How long your own store keeps what was deleted or overwritten, such as 7d; else 24h."})  # fmt: skip
    bwlimit: str | None = field(default=None, metadata={
        "help": "Most bytes a second, such as 10M, 10M:2M for up and down, or off."})  # fmt: skip
    jobs: int | None = field(default=None, metadata={"help": "Files that get, put and resume move at once, 1 to 32."})
    notify: str = field(default="off", metadata={
        "help": "How the terminal tells that all transfers have ended: off, bell, osc9 or osc777."})  # fmt: skip
    profile: str | None = field(default=None, metadata={"help": "The profile to use, a table [profiles.NAME]."})


@dataclass(frozen=True)
class Layer:
    """The settings from one place. `where` names the place for people."""

    where: str
    values: Mapping[str, Any]


def load(flags: Mapping[str, Any], *, file: Path | None = None, environ: Mapping[str, str] = os.environ) -> Settings:
    """Return the settings in force. `flags` holds the values from the command line, None for a flag that is not set. An
    empty profile in `flags` means no profile, whatever the environment and the file say.

    Raise SettingsError for a file that cannot be read, an unknown key or profile, or a value of the wrong kind.
    """
    chosen: dict[str, Any] = {}
    for layer in layers(flags, file=file, environ=environ):
        chosen.update(layer.values)
    return replace(Settings(), **{**chosen, "profile": chosen.get("profile") or None})


def layers(
    flags: Mapping[str, Any], *, file: Path | None = None, environ: Mapping[str, str] = os.environ
) -> list[Layer]:
    """Return the places of the settings, the weakest first, without the defaults. Raise the errors of `load`."""
    path = file or directories.config_file()
    values, tables = _file(path)
    named = {name: environ[ENV_PREFIX + name.upper()] for name in _KINDS if environ.get(ENV_PREFIX + name.upper())}
    from_environ = {name: _convert(text, name, ENV_PREFIX + name.upper()) for name, text in named.items()}
    given = {name: value for name, value in flags.items() if value is not None}
    found = [Layer(str(path), values)]
    weak, strong = from_environ.get("profile") or values.get("profile"), given.get("profile")
    if weak is not None and strong is None:
        found.append(_profile(weak, tables, path, over={**from_environ, **given}))
    found.append(Layer("the environment", from_environ))
    if strong:
        found.append(_profile(strong, tables, path, over=given))
    return _kept_apart([*found, Layer("the command line", given)])


def profiles(*, file: Path | None = None) -> dict[str, Mapping[str, Any]]:
    """Return the settings of each profile of the file, by name, in the order of the file. Raise the errors of
    `load`."""
    return _file(file or directories.config_file())[1]


def _kept_apart(found: list[Layer]) -> list[Layer]:
    """Return the layers, changed so that a token file for one server is not used for another server."""
    weaker: dict[str, Any] = {}
    apart = []
    for layer in found:
        values = dict(layer.values)
        before = {weaker[name] for name in STORES if weaker.get(name) is not None}
        after = {values[name] for name in STORES if values.get(name) is not None}
        if before and after and before != after:
            values.setdefault("token_file", None)
            values = {**{name: _DEFAULTS[name] for name in PLACE_SETTINGS if name in weaker}, **values}
        weaker.update(values)
        apart.append(Layer(layer.where, values))
    return apart


_KEEP = re.compile(r"0|[0-9]{1,4}[smhd]")
_DEFAULTS = {entry.name: entry.default for entry in fields(Settings)}
_KINDS = {entry.name: entry.type for entry in fields(Settings)}


def _profile(name: str, tables: Mapping[str, Mapping[str, Any]], path: Path, *, over: Mapping[str, Any]) -> Layer:
    """Return a profile as a layer. Its token never goes to a server from elsewhere (`over`), nor another token to its
    server."""
    if name not in tables:
        known = f"there are {', '.join(tables)}" if tables else "a table [profiles.NAME] makes one"
        if str(over.get("url")).startswith(S3_SCHEME):
            known += "; --aws-profile names one of AWS's shared files"
        raise SettingsError(f"{path}: no profile {name!a:.60}; {known}")
    values = dict(tables[name])
    if "url" in over or "data_dir" in over:
        has_store = any(setting in values for setting in STORES)  # what is said of this store is not for another one
        dropped = (*SERVER, *PLACE_SETTINGS) if has_store else SERVER
        values = {setting: value for setting, value in values.items() if setting not in dropped}
    elif any(setting in values for setting in SERVER):
        values = {**dict.fromkeys(SERVER), **values}
    return Layer(f"profile {name}", values)


def _file(path: Path) -> tuple[dict[str, Any], dict[str, Mapping[str, Any]]]:
    return check_file(_read(path), path)


def check_file(raw: Mapping[str, Any], path: Path) -> tuple[dict[str, Any], dict[str, Mapping[str, Any]]]:
    """Return the settings of the file and of its profiles, from its tables. Raise the errors of `load`."""
    raw = dict(raw)
    tables = raw.pop(PROFILES, {})
    if not isinstance(tables, dict) or not all(isinstance(table, dict) for table in tables.values()):
        raise SettingsError(f"{path}: {PROFILES} must hold tables, written [profiles.NAME]")
    found = {name: _taken(table, path, f"profile {name}: ", barred=("profile",)) for name, table in tables.items()}
    return _taken(raw, path), dict(found)


def _taken(table: Mapping[str, Any], file: Path, part: str = "", *, barred: tuple[str, ...] = ()) -> dict[str, Any]:
    """Return the checked settings of a table. A relative path in the file begins at the folder of the file."""
    known = [name for name in _KINDS if name not in barred]
    for name in table:
        if name not in known:
            raise SettingsError(f"{file}: {part}unknown setting {name!a}; the settings are {', '.join(known)}")
    values = {name: _convert(value, name, f"{file}: {part}{name}") for name, value in table.items()}
    folder = file.absolute().parent
    return {name: folder / value if isinstance(value, Path) else value for name, value in values.items()}


def _read(path: Path) -> dict[str, Any]:
    try:
        text = text_of(path.read_bytes())
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as exc:
        raise SettingsError(f"{path}: cannot be read: {exc}") from exc
    import tomllib  # loaded here because most people have no such file

    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as exc:
        raise SettingsError(f"{path}: cannot be read as TOML: {exc}") from exc


def _convert(value: Any, name: str, where: str) -> Any:
    kind = _KINDS[name]
    if kind is bool:
        if isinstance(value, bool):
            return value
        if value in ("true", "1", "yes", "on"):
            return True
        if value in ("false", "0", "no", "off"):
            return False
        raise SettingsError(f"{where} must be true or false, not {value!a:.60}")
    if name == "jobs":
        number = int(value) if isinstance(value, str) and value.isascii() and value.isdecimal() else value
        if type(number) is not int or not 1 <= number <= MOST_JOBS:
            raise SettingsError(f"{where} must be a number from 1 to {MOST_JOBS}, not {value!a:.60}")
        return number
    if name == "types":
        return _types(value, where)
    if not isinstance(value, str) or not value:
        raise SettingsError(f"{where} must be text, not {value!a:.60}")
    if value not in _CHOICES.get(name, (value,)):
        raise SettingsError(f"{where} must be {', '.join(_CHOICES[name])}, not {value!a:.60}")
    if name == "keep_deleted" and not _KEEP.fullmatch(value):
        raise SettingsError(f"{where} must be a length of time such as 24h or 7d, or 0, not {value!a:.60}")
    if name == "bwlimit":
        from storage_tui.client.http.rates import parse_rates
        from storage_tui.contract.errors import BadRequestError

        try:
            parse_rates(value)
        except BadRequestError as exc:
            raise SettingsError(f"{where}: {exc.message}") from exc
    return Path(value).expanduser() if Path in get_args(kind) else value


def _types(value: Any, where: str) -> dict[str, str]:
    """Return the prefix of each storage type: of a table, or of a text such as `data=published/,tmp=scratch/`."""
    from storage_tui.contract.errors import BadRequestError
    from storage_tui.contract.places import mapped_types

    if isinstance(value, str):
        pairs = [pair.partition("=") for pair in value.split(",")]
        value = {name.strip(): prefix for name, equals, prefix in pairs if equals}
    if not isinstance(value, dict) or not value:
        raise SettingsError(f'{where} must be a table such as {{data = "published/", tmp = "scratch/"}}')
    try:
        return mapped_types(value)
    except BadRequestError as exc:
        raise SettingsError(f"{where}: {exc.message}") from exc
