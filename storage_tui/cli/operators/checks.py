"""The checks of `storage-tui doctor`: each is one function that yields lines of ok, warn or fail."""

import os
import shutil
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Literal

from storage_tui.cli.operators.engine_options import local_place
from storage_tui.cli.output import human_duration
from storage_tui.cli.settings import Settings
from storage_tui.contract.errors import StorageError
from storage_tui.contract.sizes import size_text
from storage_tui.machine import directories
from storage_tui.machine.version import __version__

Level = Literal["ok", "warn", "fail"]

PACKAGES = ("apsw", "granian", "httpx", "textual", "crc32c")
CLOCK_TOLERANCE = timedelta(minutes=5)  # as in the sweeper of a store
EXPIRES_SOON = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Line:
    """One finding. `advice` says what to do, or is empty."""

    name: str
    level: Level
    text: str
    advice: str = ""


def programs(_: Settings) -> Iterator[Line]:
    """Check the versions that matter, and look for versions of SQLite that lose data."""
    import apsw

    from storage_tui.server.stores.local.database.schema import MIN_SQLITE

    found = []
    for name in PACKAGES:
        try:
            found.append(f"{name} {version(name)}")
        except PackageNotFoundError:
            yield Line("programs", "fail", f"{name} is not installed", "install storage-tui again")
    python = ".".join(map(str, sys.version_info[:3]))
    yield Line("programs", "ok", f"storage-tui {__version__}, Python {python}, {', '.join(found)}")
    if apsw.SQLITE_VERSION_NUMBER < MIN_SQLITE:
        yield Line("sqlite", "fail", f"SQLite {apsw.sqlite_lib_version()} can corrupt a store", "upgrade apsw")
    else:
        yield Line("sqlite", "ok", f"SQLite {apsw.sqlite_lib_version()}")


def settings_file(_: Settings) -> Iterator[Line]:
    """Name the settings file, which has been read before."""
    path = directories.config_file()
    yield Line("settings", "ok", f"{path}" if path.exists() else f"{path} is not there, which is fine")
    for name in directories.ignored_variables():
        yield Line(
            "settings", "warn", f"{name} holds a relative path, which has no effect", f"set {name} to a full path"
        )


def data_directory(settings: Settings) -> Iterator[Line]:
    """Check that the embedded store is on a local disk and completely restored, and name the process that serves it."""
    from storage_tui.server.stores.local.files import RESTORING
    from storage_tui.server.stores.local.lock import read_owner, refuse_network_filesystem
    from storage_tui.server.upkeep.verifying import is_served

    directory = _directory(settings)
    try:
        refuse_network_filesystem(directory)
    except StorageError as exc:
        yield Line("data", "fail", exc.message, "name another directory with --data-dir")
    if not directory.is_dir():
        yield Line("data", "ok", f"{directory} is not there yet; the first use makes it")
        return
    if (directory / RESTORING).exists():
        yield Line("data", "fail", f"a restore into {directory} was not finished", "run the same restore again")
    owner = read_owner(directory) if is_served(directory) else {}
    served = f", served by process {owner['pid']}" if owner else ", not served now"
    yield Line("data", "ok", f"{directory}{served}")


def disk_room(settings: Settings) -> Iterator[Line]:
    """Check whether uploads would be refused because the disk has too little room."""
    from storage_tui.server.stores.local.files import Disk
    from storage_tui.server.stores.local.room import Room

    directory = _directory(settings)
    nearest = next(path for path in (directory, *directory.parents) if path.exists())
    disk = Disk(nearest)
    room = Room(disk)
    text = f"{size_text(disk.free_bytes())} free of {size_text(disk.total_bytes())}"
    if room.is_short:
        reserve = size_text(room.reserve_bytes)
        yield Line("disk", "fail", f"{text}; {reserve} are kept in reserve", "delete something, or move the store")
    elif disk.free_bytes() < 4 * room.reserve_bytes:
        yield Line("disk", "warn", text, "make room before uploads are refused")
    else:
        yield Line("disk", "ok", text)


def database(settings: Settings) -> Iterator[Line]:
    """Check the version of the store's tables, and compare the clock with the time of the last sweep."""
    from storage_tui.server.upkeep.named import open_database, schema_of

    path = _directory(settings) / "meta.db"
    if not path.is_file():
        return
    try:
        connection = open_database(path)
    except StorageError as exc:
        yield Line("database", "fail", exc.message, "run storage-tui verify for details")
        return
    try:
        schema = schema_of(connection)
        seen = connection.execute("SELECT value FROM facts WHERE name = 'last_seen'").fetchone()
    finally:
        connection.close()
    yield Line("database", "ok", f"schema {schema}")
    if seen is None:
        return
    last = datetime.fromtimestamp(int(seen[0]) / 1000, UTC)
    now = datetime.now(UTC)
    if now < last - CLOCK_TOLERANCE:
        behind = human_duration((last - now).total_seconds())
        yield Line("clock", "fail", f"{behind} behind the last sweep of the store", "set the clock; nothing expires")
    else:
        yield Line("clock", "ok", f"{now:%Y-%m-%d %H:%M:%S} UTC, after the last sweep of the store")


def permissions(settings: Settings) -> Iterator[Line]:
    """Check that files and directories with secrets or blobs belong to this user, and that nobody else may read
    them."""
    checked = 0
    for path in _secrets(settings):
        try:
            status = path.lstat()
        except OSError:
            continue
        checked += 1
        mode = "700" if path.is_dir() else "600"
        if status.st_uid not in (os.geteuid(), 0):
            yield Line("permissions", "fail", f"{path} belongs to another user", f"chown it, then chmod {mode}")
        elif status.st_mode & 0o077 and not path.is_symlink():
            yield Line("permissions", "fail", f"others may read {path}", f"chmod {mode} {path}")
    for path in _steering():
        with suppress(OSError):
            is_open = path.stat().st_mode & 0o022
            checked += 1
            if is_open:
                yield Line("permissions", "fail", f"others may write {path}", f"chmod go-w {path}")
    yield Line("permissions", "ok", f"files and directories that hold secrets or settings: {checked} looked at")


def terminal(_: Settings) -> Iterator[Line]:
    """Report the terminal as the browser will find it."""
    if not sys.stdout.isatty():
        yield Line("terminal", "ok", "standard output is not a terminal; the browser needs one, the commands do not")
        return
    size = shutil.get_terminal_size()
    encoding = (sys.stdout.encoding or "").lower()
    colours = "24-bit colour" if os.environ.get("COLORTERM") in ("truecolor", "24bit") else "256 colours or fewer"
    text = f"TERM={os.environ.get('TERM', '')}, {size.columns}x{size.lines}, {encoding}, {colours}"
    if encoding.replace("-", "") != "utf8":
        yield Line("terminal", "warn", text, "set a UTF-8 locale, such as LANG=C.UTF-8")
    elif os.environ.get("TERM", "dumb") in ("dumb", ""):
        yield Line("terminal", "fail", text, "set TERM to what your terminal is, such as xterm-256color")
    elif size.columns < 40 or size.lines < 10:
        yield Line("terminal", "warn", text, "make the window larger")
    else:
        yield Line("terminal", "ok", text)


def server(settings: Settings) -> Iterator[Line]:
    """Check whether the server answers, how fast, with which clock, and whether it accepts the token."""
    from storage_tui.cli.store_choice import open_storage
    from storage_tui.client.requests import one_line

    with open_storage(settings) as storage:
        begun = time.monotonic()
        try:
            service = storage.describe()
        except StorageError as exc:
            yield Line("server", "fail", exc.message, "check --url, the network, and that the server runs")
            return
        took_ms = (time.monotonic() - begun) * 1000
        kind = f"version {service.version}" if service.version else "a plain published server"
        yield Line("server", "ok", f"{storage.display_url}: {kind}, answered in {took_ms:.0f} ms")
        if service.read_only is not None:
            yield Line("server", "fail", one_line(service.read_only), "until then nothing can be stored or deleted")


def token(settings: Settings) -> Iterator[Line]:
    """Check how long the token is valid. Only the server checks its signature."""
    if settings.url is None:
        return
    from storage_tui.client.access.token_files import read_token_file

    if settings.token_file is None:
        yield Line("token", "ok", "no --token-file; credentials are read where the published client keeps them")
        return
    try:
        text = read_token_file(settings.token_file)
    except StorageError as exc:
        yield Line("token", "fail", exc.message)
        return
    if text is None:
        yield Line("token", "fail", f"{settings.token_file} is not there", "name the file that holds your token")
        return
    expires = _expiry(text.strip())
    if expires is None:
        yield Line("token", "warn", f"{settings.token_file} does not hold a token alone", "its expiry is not known")
        return
    left = expires - datetime.now(UTC)
    when = f"{expires:%Y-%m-%d %H:%M} UTC"
    if left <= timedelta(0):
        yield Line("token", "fail", f"it expired at {when}", "make a new one: storage-tui token create")
    elif left < EXPIRES_SOON:
        yield Line("token", "warn", f"it expires at {when}", "make a new one soon: storage-tui token create")
    else:
        yield Line("token", "ok", f"good until {when}")


def logout(_: Settings) -> Iterator[Line]:
    """Check whether transfers in the background go on when the user logs out."""
    from storage_tui.cli.operators.logout import ends_processes, has_linger, user_name

    name, place = user_name(), ends_processes()
    if place is None:
        yield Line("logout", "ok", "transfers in the background go on after you log out")
        return
    outside = "systemd-run --user --scope storage-tui"
    text = f"the system ends your processes at logout (KillUserProcesses in {place}), transfers in the background too"
    if has_linger(name):
        yield Line("logout", "warn", text, f"start what should go on outside of the login session: {outside}")
    else:
        advice = f"run: loginctl enable-linger {name}, then start what should go on with: {outside}"
        yield Line("logout", "warn", text, advice)


CHECKS = (programs, settings_file, data_directory, disk_room, database, permissions, logout, terminal, server, token)


def _directory(settings: Settings) -> Path:
    return local_place(settings.data_dir)


def _secrets(settings: Settings) -> Iterator[Path]:
    directory = _directory(settings)
    yield directory
    for name in ("meta.db", "meta.db-wal", "meta.db-shm", "lock", "blobs", "uploads", "quarantine"):
        yield directory / name
    for folder, folders, files in os.walk(directory / "records"):
        yield Path(folder)
        yield from (Path(folder) / name for name in (*folders, *files))
    yield directories.runtime_dir(directory)
    yield directories.runtime_dir(directory) / "token"
    if settings.token_file is not None:
        yield settings.token_file.expanduser()
    login = Path(directories.home()) / ".descarteslabs"
    if login.is_dir():
        yield from (path for path in login.iterdir() if path.name.startswith("token_info"))


def _steering() -> Iterator[Path]:
    """Yield the files that contain no secret but control what the program does."""
    settings_path, state = directories.config_file(), directories.state_dir()
    yield from (settings_path.parent, settings_path, settings_path.with_name("keys.toml"))
    yield from (state, state / "transfers", state / "queues", state / "directories.json")


def _expiry(text: str) -> datetime | None:
    """Return the `exp` of a JWT, unchecked; None when there is none, or when it is beyond any year."""
    from storage_tui.client.access.credentials import expiry_of
    from storage_tui.machine.secrets import Secret

    seconds = expiry_of(Secret(text))
    try:
        return None if seconds is None else datetime.fromtimestamp(seconds, UTC)
    except (ValueError, OverflowError, OSError):
        return None
