"""Copy: the key, the location, a signed URL, a line of Python, curl or a shell, to the terminal's clipboard."""

import os
import shlex
from datetime import UTC, datetime, timedelta
from typing import Any

from textual.app import App

from storage_tui.client.async_storage import AsyncStorage
from storage_tui.client.batch.folders import local_segment
from storage_tui.contract.counts import plural
from storage_tui.contract.keys import Location, key_refusal
from storage_tui.contract.models import Blob
from storage_tui.contract.places import OpenPlace
from storage_tui.contract.storage_types import DEFAULT
from storage_tui.contract.visible import is_plain
from storage_tui.tui.desk import Desk
from storage_tui.tui.dialogs.copy import CopyForm, CopyScreen
from storage_tui.tui.state.listing import Row
from storage_tui.tui.terminal.clipboard import osc52
from storage_tui.tui.terminal.textual_private import write

NO_URL = "needs a server that others can reach; storage-tui serve starts one"


async def copy_menu(app: App[Any], desk: Desk, row: Row) -> None:
    """Offer the row in all forms, and send the chosen form."""
    from storage_tui.client import read_lines  # loaded with the first menu

    forms = [
        CopyForm("k", "key", row.key),
        CopyForm("l", "location", location_text(row, desk)),
        CopyForm("p", "Python", python_line(row, desk.storage)),
    ]
    place, is_folder = Location(row.storage_type, row.key), not isinstance(row, Blob)
    if desk.place is not None:
        opening, key = desk.storage.engine.opening, without_types(row, desk.place).key
        line = read_lines.place_library_line(desk.place, opening, key, is_folder=is_folder)
        shell = read_lines.place_shell_line(desk.place, opening, key, is_folder=is_folder)
        if desk.profile and desk.place.types:
            shell = read_lines.shell_line(place, is_folder=is_folder, url=None, profile=desk.profile)
    else:
        url = None if desk.storage.is_embedded else desk.storage.display_url
        line = read_lines.library_line(place, is_folder=is_folder, url=url)
        shell = read_lines.shell_line(place, is_folder=is_folder, url=url, profile=desk.profile)
    if line is not None:
        forms.append(CopyForm("r", *line))
    forms.append(CopyForm("g", "shell", shell))
    if isinstance(row, Blob):
        forms[2:2] = [CopyForm("u", "signed URL", None), CopyForm("c", "curl", None)]
    await _choose(app, desk, row, forms)


async def copy_url(app: App[Any], desk: Desk, blob: Blob) -> None:
    """Make a signed URL and show it masked. Send the URL when that is chosen."""
    await _choose(app, desk, blob, [CopyForm("u", "signed URL", None), CopyForm("c", "curl", None)])


async def _choose(app: App[Any], desk: Desk, row: Row, forms: list[CopyForm]) -> None:
    async def sign(lifetime: timedelta) -> str:
        url = await desk.storage.get_signed_url(row.key, storage_type=row.storage_type, expires_in=lifetime)
        if isinstance(row, Blob):
            desk.signed.note(row, url, datetime.now(UTC))
        return url

    refusal = "" if desk.storage.engine.has_signed_urls else NO_URL
    chosen = await app.push_screen_wait(CopyScreen(forms, sign, lambda url: curl_line(url, row.key), refusal=refusal))
    if chosen is None:
        return
    name, value = chosen
    write(app, osc52(value, os.environ))
    desk.say(f"sent the {name}{_hidden(value)} to the terminal's clipboard; terminals may ignore it")


def location_text(row: Row, desk: Desk) -> str:
    """Return the location of the row as a command takes it: `tmp:a/b`, `s3://bucket/a/b`, `/folder/a/b`."""
    if desk.place is None:
        return str(Location(row.storage_type, row.key))
    from storage_tui.client.read_lines import place_text

    return place_text(desk.place, without_types(row, desk.place).key)


def without_types(row: Row, place: OpenPlace | None) -> Location:
    """Return the location of the row for a program that opens the place without its types."""
    if place is None or row.storage_type not in place.prefixes:
        return Location(row.storage_type, row.key)
    return Location(DEFAULT, place.prefixes[row.storage_type] + row.key)


def _hidden(value: str) -> str:
    """Return the note about copied characters that are invisible on the screen."""
    count = 0 if is_plain(value) else sum(not is_plain(character) for character in value)
    return f" with {plural(count, 'invisible character')}" if count else ""


def python_line(row: Row, storage: AsyncStorage) -> str:
    """Return the line that reads the row in Python, from the same server. Storage finds the token as usual."""
    call = "get" if isinstance(row, Blob) else "iter_list"
    if storage.place is not None:
        from storage_tui.client.read_lines import place_storage

        key = without_types(row, storage.place).key
        return f"{place_storage(storage.place, storage.engine.opening)}.{call}({key!a})"
    server = "" if storage.is_embedded else repr(storage.display_url)
    return f"Storage({server}).{call}({row.key!a}, storage_type={row.storage_type!a})"


def curl_line(url: str, key: str) -> str:
    """Return the shell line that downloads a signed URL."""
    name = key.rstrip("/").rpartition("/")[2] or "blob"
    if key_refusal(name) is not None:
        name = local_segment(name)
    return f"curl -fo {shlex.quote(name)} {shlex.quote(url)}"
