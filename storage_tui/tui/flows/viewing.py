"""What leaves the viewer: lines to the clipboard, a range to a file, a whole blob to a pager or an editor."""

import asyncio
import os
import shlex
import shutil
import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from textual.app import App, SuspendNotSupported

from storage_tui.client.control import TransferControl
from storage_tui.client.folders import local_names
from storage_tui.contract.counts import plural
from storage_tui.contract.errors import LocalFileError
from storage_tui.contract.models import Blob
from storage_tui.contract.sizes import size_text
from storage_tui.machine.programs import find_program, safe_path
from storage_tui.tui.clipboard import osc52
from storage_tui.tui.previews import Source
from storage_tui.tui.previews.base import MIB, Budget
from storage_tui.tui.screens.hand_over import HandOverScreen
from storage_tui.tui.session import Session
from storage_tui.tui.state.paths import expand
from storage_tui.tui.state.viewer_document import COPIED_BYTES, Document
from storage_tui.tui.visible import visible

PROGRESS_S = 0.25
RANGE_BUDGET = Budget(requests=2, size_bytes=4 * MIB)  # what is in view is far less


def copy_rows(app: App[Any], document: Document, first: int, stop: int) -> str:
    """Send rows to the terminal's clipboard as they are drawn; returns what to say."""
    lines = [row.text.plain.rstrip() for row in document.rows[first:stop]]
    text = "\n".join(lines)
    if not text:
        return "nothing to copy"
    if len(text) > COPIED_BYTES:
        return f"{size_text(len(text))} are more than a terminal takes; s saves them"
    if app._driver is not None:
        app._driver.write(osc52(text, os.environ))
    what = plural(len(lines), "line")
    return f"sent {what} to the terminal's clipboard; terminals may ignore it"


async def save_range(source: Source, start: int, stop: int, text: str) -> Path:
    """Write a range of the blob to a new file, or none; raises LocalFileError where one is there or it fails."""
    path = expand(text)
    source.begin()
    source.allow(RANGE_BUDGET)
    content = await source.read(start, stop)
    await asyncio.to_thread(_write_new, path, content)
    return path


def _write_new(path: Path, content: bytes) -> None:
    try:
        file = path.open("xb")
    except FileExistsError as exc:
        raise LocalFileError(f"nothing was written, there is a file already: {visible(str(path))}") from exc
    except OSError as exc:
        raise LocalFileError(f"nothing was written, {exc.strerror}: {visible(str(path))}") from exc
    try:
        with file:
            file.write(content)
    except OSError as exc:
        path.unlink(missing_ok=True)
        raise LocalFileError(f"nothing was written, {exc.strerror}: {visible(str(path))}") from exc


async def hand_over(
    app: App[Any], session: Session, blob: Blob, variable: str, fallback: str, progress: Callable[[str], None]
) -> str:
    """Ask, download to a folder of our own, and leave the screen to a program; returns what to say afterwards.

    A copy that the program changed is kept and named; every other is removed.
    """
    try:
        command = shlex.split(os.environ.get(variable) or fallback)
    except ValueError:
        return f"{variable} has a quote that is not closed; it says which program to use"
    program = find_program(command[0]) if command else None
    if program is None:
        named = visible(command[0] if command else fallback)
        return f"{named} is not installed in an absolute folder of PATH; {variable} says which program to use"
    if not await app.push_screen_wait(HandOverScreen(blob, " ".join(command))):
        return "nothing was downloaded"
    folder = Path(tempfile.mkdtemp(prefix="storage-tui-"))
    is_kept = False
    try:
        path = folder / next(iter(local_names([blob.key.rsplit("/", 1)[-1] or "blob"], ""))).path
        control = TransferControl()

        def tell() -> None:
            progress(f"downloading {size_text(control.done_bytes)} of {size_text(blob.size_bytes or 0)}, Esc stops")

        timer = app.set_interval(PROGRESS_S, tell)
        try:
            tell()
            await session.storage.get_file(blob.key, path, blob.storage_type, control=control)
        finally:
            timer.stop()
        before = path.stat().st_mtime_ns
        try:
            with app.suspend():
                code = _run([program, *command[1:]], path)
        except SuspendNotSupported:
            return "this terminal cannot be left to another program"
        app.refresh(repaint=True)
        is_kept = path.exists() and path.stat().st_mtime_ns != before
        if is_kept:
            return f"the changed copy is {visible(str(path))}; u uploads it"
        return f"{visible(command[0])} ended with {code}" if code else "back; the downloaded copy is removed"
    finally:
        if not is_kept:
            shutil.rmtree(folder, ignore_errors=True)


def _run(command: list[str], path: Path) -> int:
    """The program on our terminal; nothing of ours runs until it has ended, so that two do not read the same keys.

    The program has the user's environment, as an editor may be written in Python. Only PATH is without the entries that
    mean the working directory: pagers and editors start helpers by name.
    """
    environment = {**os.environ, "PATH": safe_path(os.environ.get("PATH"))}
    return subprocess.run([*command, str(path)], check=False, env=environment).returncode
