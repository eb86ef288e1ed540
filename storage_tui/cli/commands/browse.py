"""The command that a bare `storage-tui` runs: open the browser."""

import contextlib
import os
import sys
from collections.abc import Iterator, Mapping
from dataclasses import replace
from hashlib import sha1
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any, cast

import click

from storage_tui.cli.options import with_settings
from storage_tui.cli.places import place_of
from storage_tui.cli.printing import remark, say, show_status
from storage_tui.cli.settings import Settings, SettingsError, load, profiles
from storage_tui.cli.start.first_look import ROWS, FirstLook, take
from storage_tui.cli.start.typed_words import COMMANDS, check_spelling, check_word
from storage_tui.cli.store_choice import check_is_key, embedded_dir, limit_rate, open_storage, opening_of
from storage_tui.cli.words import location_words
from storage_tui.client.access.quick_list import page_of, peek
from storage_tui.contract.errors import BadRequestError, LocalFileError, StorageError
from storage_tui.contract.keys import Location, as_folder
from storage_tui.contract.models import Page
from storage_tui.contract.storage_types import ALIASES, DEFAULT, STORAGE_TYPES, find_storage_type
from storage_tui.machine import directories

if TYPE_CHECKING:
    from storage_tui.client.async_storage import AsyncStorage
    from storage_tui.tui.state.bookmarks import Elsewhere
    from storage_tui.tui.tabs.stores import Opened

PATIENCE_S = 3600.0  # of a transfer with a server that is away: people leave a browser open over a break
LOCAL_USER = "local"  # the only user of an embedded store


@click.command()
@click.argument("location", default="", shell_complete=location_words)
@click.option("--demo", is_flag=True, help="Browse a throwaway store of small real files, removed afterwards.")
@click.option("--print", "prints", is_flag=True, help="At the end print the marked rows, or the row under the cursor.")
@click.option(
    "--cd-file", type=click.Path(path_type=Path), metavar="FILE", help="At the end write the last open place to FILE."
)
@with_settings
def browse(location: str, demo: bool, prints: bool, cd_file: Path | None, settings: Settings) -> None:
    """Open the browser at LOCATION, such as tmp:, data:maps/2024/, s3://BUCKET/, https://HOST/maps/ or ./maps."""
    commands = click.get_current_context().meta.get(COMMANDS, ())
    is_in_page = directories.WEB_VARIABLE in os.environ
    if not is_in_page and not (sys.stdin.isatty() and (sys.stderr if prints else sys.stdout).isatty()):  # its screen
        check_spelling(location, commands)
        raise click.UsageError("the browser needs a terminal; in scripts use storage-tui ls, get, put, cat, rm, du")
    if not is_in_page and os.environ.get("TERM", "dumb") in ("", "dumb"):
        raise click.UsageError("the browser needs a terminal that can move its cursor; TERM is 'dumb' or not set")
    place = _place(location)
    with contextlib.ExitStack() as stack:
        if demo:
            show_status("building the demo's store of small real files …")
            settings = replace(settings, url=None, token_file=None, data_dir=stack.enter_context(_demo_store()))
            show_status("")
        if commands:
            check_word(location, commands, lambda: open_storage(settings))
        check_is_key(place, settings)
        end, chosen = _browse(
            place, settings, title="demo" if demo else "", is_piped=not sys.stdout.isatty(),
            uses_agent=not demo and not is_in_page,
        )  # fmt: skip
        if cd_file is not None:
            try:
                cd_file.write_text(f"{end}\n", "utf-8")
            except OSError as exc:
                raise LocalFileError(f"{cd_file} cannot be written: {exc.strerror}") from exc
        for one in chosen if prints else ():
            say(str(one))


def _place(text: str) -> Location:
    """Return the location to browse. Here a bare type name is the type."""
    if text in STORAGE_TYPES or text in ALIASES:
        return Location(find_storage_type(text).name)
    return Location.parse(text)


def _browse(
    place: Location, settings: Settings, *, title: str, is_piped: bool, uses_agent: bool
) -> tuple[Location, list[Location]]:  # fmt: skip
    """Browse, and return the place at the end and the chosen locations."""
    place = _in_its_types(place, settings)
    look = None if is_piped else _first_look(place, settings)
    with contextlib.nullcontext() if look is None else look:
        storage = _storage(settings)
        _join_early(storage)
        from storage_tui.tui.app import StorageApp

        app = StorageApp(
            storage,
            location=place,
            title=title or _title(settings, storage),
            state_dir=directories.state_dir(),
            theme=settings.theme,
            graphics=settings.graphics,
            first_page=_first_page(look, place),
            keys_file=directories.config_file().with_name("keys.toml"),
            profile=settings.profile or "",
            uses_agent=uses_agent,
            notify=settings.notify,
            profiles=_profiles(),
            add_profile=_add_profile,
            open_store=_open_elsewhere,
        )
    if look is not None:
        app.continue_from(look.current, look.typed)
    app.run(mouse=settings.mouse)
    if app.return_code:  # a defect stopped the app, which has printed it
        raise click.exceptions.Exit(app.return_code)
    if app.parting:
        remark(app.parting)
    return app.place, app.chosen


def _open_elsewhere(there: "Elsewhere") -> "Opened":
    """Open a location in another store, for a tab of the browser. Raise StorageError, also for settings that cannot be
    used: the other tabs go on."""
    from storage_tui.tui.tabs.stores import Opened

    try:
        location, settings = _elsewhere(there)
        storage = _storage(settings)
    except (SettingsError, click.UsageError) as exc:
        raise BadRequestError(exc.message if isinstance(exc, click.UsageError) else str(exc)) from exc
    return Opened(
        storage, _in_its_types(location, settings), _title(settings, storage), settings.profile or "", _profiles()
    )


def _elsewhere(there: "Elsewhere") -> tuple[Location, Settings]:
    """Return the location in another store, and the settings for this store. A place is opened read only there."""
    if there.profile:
        return there.location or Location(DEFAULT), load({"profile": there.profile})
    if there.data_dir:
        settings = load({"profile": "", "data_dir": Path(there.data_dir)})
        return there.location or Location(DEFAULT), replace(settings, url=None, token_file=None)
    if not there.url:
        return there.location or Location(DEFAULT), load({"profile": ""})
    url, location, how = there.url, there.location, there.opening
    if location is None:
        place, key, _ = place_of(url)
        url, location = str(place), Location(DEFAULT, key)
    flags = {
        "profile": "", "url": url, "write": False, "endpoint": how.endpoint_url, "region": how.region,
        "no_sign_request": how.no_sign_request, "request_payer": how.request_payer, "aws_profile": how.profile,
    }  # fmt: skip
    return location, replace(load(flags), data_dir=None, token_file=None, types=how.types or None)


def _in_its_types(place: Location, settings: Settings) -> Location:
    """Return the place; where a person has named no type of a place with its own types, the first one is there."""
    if settings.types and place.storage_type not in settings.types and not place.key:
        return Location(next(iter(settings.types)))
    return place


def _storage(settings: Settings) -> "AsyncStorage":
    # httpx loads a command line of its own, which takes a third of its start-up time. httpx works without that module.
    sys.modules.setdefault("httpx._main", cast(ModuleType, None))
    from storage_tui.client.async_storage import AsyncStorage

    storage = AsyncStorage(
        settings.url,
        token_file=settings.token_file,
        data_dir=settings.data_dir,
        patience_s=PATIENCE_S,
        opening=opening_of(settings),
    )
    limit_rate(storage, settings.bwlimit)
    return storage


def _title(settings: Settings, storage: "AsyncStorage") -> str:
    return " · ".join(filter(None, (settings.profile, storage.display_url)))


def _profiles() -> dict[str, str]:
    return {name: _store_named(values) for name, values in profiles().items()}


def _join_early(storage: "AsyncStorage") -> None:
    """Start the embedded server, or join it, while the browser is loaded. An error comes again with the first call."""
    from threading import Thread

    def join() -> None:
        with contextlib.suppress(StorageError):
            storage.engine.server.reach()

    if storage.engine.server.is_embedded:
        Thread(target=join, name="storage-tui-join", daemon=True).start()


def _first_page(look: FirstLook | None, place: Location) -> Page | None:
    """Return the page that is shown already; None without rows, when the place may be a blob."""
    page = None if look is None else page_of(look.answer, place.storage_type)
    is_sure = as_folder(place) == place
    return page if page is None or is_sure or page.blobs or page.prefixes else None


def _add_profile(name: str, values: dict[str, str]) -> None:
    from storage_tui.cli.new_profile import add_profile  # people add one or two

    add_profile(name, values)


def _store_named(values: Mapping[str, Any]) -> str:
    """Return a short description of a profile: its server, or the directory of its store."""
    return str(values.get("url") or values.get("data_dir") or "the server of the settings above it")


def _first_look(place: Location, settings: Settings) -> FirstLook | None:
    """Return the list to show while the browser is loaded: the list that is already shown, or an immediate answer of
    the embedded server. Return None for a server elsewhere, which only the full client may ask."""
    place = as_folder(place)
    look = take(place.storage_type, place.key)
    directory = embedded_dir(settings)
    if look is not None or directory is None:
        return look
    answer = peek(directory, place, limit=ROWS)
    if answer is not None:
        look = FirstLook(answer, place.storage_type, place.key)
        look.show()
    return look


@contextlib.contextmanager
def _demo_store() -> Iterator[Path]:
    """Yield a data directory with the demo's blobs. The directory is removed after its server has ended."""
    import shutil
    import signal
    import tempfile

    from storage_tui.demo import build_demo

    for number in (signal.SIGHUP, signal.SIGTERM):
        signal.signal(number, _leave)
    folder = Path(tempfile.mkdtemp(prefix="storage-tui-demo-"))
    os.environ["STORAGE_TUI_LINGER"] = "0"  # its server need not wait for others: nobody else knows it
    try:
        build_demo(folder / "store", namespace=sha1(LOCAL_USER.encode()).hexdigest())
        yield folder / "store"
    finally:
        _wait_for_server(folder / "store" / "lock")
        shutil.rmtree(folder, ignore_errors=True)


def _leave(number: int, _frame: object) -> None:
    """End the program in order, as a signal handler, with the exit code that shells expect."""
    sys.exit(128 + number)


def _wait_for_server(lock: Path) -> None:
    """Wait until no process holds the lock of the data directory, a moment after the last client has ended."""
    import fcntl
    import time

    for _ in range(50):
        with contextlib.suppress(OSError), lock.open("rb") as handle:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return
        time.sleep(0.1)
