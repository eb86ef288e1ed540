"""A whole blob in a pager or an editor: downloaded after a question, and the screen left to the program."""

import os
import shlex
import shutil
import subprocess
import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from textual.app import App, SuspendNotSupported

from storage_tui.client.async_storage import AsyncStorage
from storage_tui.client.batch.folders import local_names
from storage_tui.client.control import TransferControl
from storage_tui.contract.models import Blob
from storage_tui.contract.sizes import size_text
from storage_tui.contract.visible import visible
from storage_tui.machine.programs import find_program, safe_path
from storage_tui.tui.dialogs.hand_over import HandOverScreen
from storage_tui.tui.viewer.reader import Reader
from storage_tui.tui.viewer.status import WORK, Run, Status

PROGRESS_S = 0.25


class HandOver:
    """Hands the blob of a viewer to the program that the environment names."""

    def __init__(
        self, app: App[Any], storage: AsyncStorage, reader: Reader, *, status: Status, run: Run,
        path: Path | None = None,
    ) -> None:  # fmt: skip
        """`path` is the file itself when it is a local one: then nothing is downloaded."""
        self._app = app
        self._storage = storage
        self._reader = reader
        self._status = status
        self._run = run
        self._path = path

    def action_view_pager(self) -> None:
        """Download, then show in $PAGER."""
        self._start("PAGER", "less")

    def action_view_editor(self) -> None:
        """Download, then open in $EDITOR."""
        self._start("EDITOR", "vi")

    def _start(self, variable: str, fallback: str) -> None:
        if self._reader.is_member:
            self._status.say("only whole blobs are handed over", "$warning")
        else:
            self._run(partial(self._hand_over, variable, fallback), group=WORK, exclusive=True)

    async def _hand_over(self, variable: str, fallback: str) -> None:
        with self._status.trying(""):
            blob, progress = self._reader.source.blob, self._status.work
            if self._path is not None:
                self._status.say(open_in(self._app, self._path, variable, fallback))
            else:
                self._status.say(await hand_over(self._app, self._storage, blob, variable, fallback, progress))


async def hand_over(
    app: App[Any], storage: AsyncStorage, blob: Blob, variable: str, fallback: str, progress: Callable[[str], None]
) -> str:
    """Ask, download the blob to our own folder, and leave the screen to a program; return the message for afterwards.

    The environment variable names the program, else it is `fallback`. A copy that the program changed is kept, and the
    message names it; every other copy is removed. Raises the errors of a download.
    """
    try:
        program, command = _command(variable, fallback)
    except _NoProgramError as exc:
        return str(exc)
    if not await app.push_screen_wait(HandOverScreen(blob, " ".join(command))):
        return "nothing was downloaded"
    folder = Path(tempfile.mkdtemp(prefix="storage-tui-"))
    is_kept = False
    try:
        path = folder / next(iter(local_names([blob.key.rsplit("/", 1)[-1] or "blob"], ""))).path
        control = TransferControl()

        def say_progress() -> None:
            progress(f"downloading {size_text(control.done_bytes)} of {size_text(blob.size_bytes or 0)}, Esc stops")

        timer = app.set_interval(PROGRESS_S, say_progress)
        try:
            say_progress()
            await storage.get_file(blob.key, path, blob.storage_type, control=control)
        finally:
            timer.stop()
        before = path.stat().st_mtime_ns
        try:
            with app.suspend():
                code = _run([program, *command[1:]], path)
        except SuspendNotSupported:
            return "this terminal cannot be handed to another program"
        app.refresh(repaint=True)
        is_kept = path.exists() and path.stat().st_mtime_ns != before
        if is_kept:
            return f"the changed copy is {visible(str(path))}; u uploads it"
        return f"{visible(command[0])} ended with {code}" if code else "back; the downloaded copy is removed"
    finally:
        if not is_kept:
            shutil.rmtree(folder, ignore_errors=True)


def open_in(app: App[Any], path: Path, variable: str, fallback: str) -> str:
    """Leave the screen to a program that opens a local file itself; return the message for afterwards."""
    try:
        program, command = _command(variable, fallback)
    except _NoProgramError as exc:
        return str(exc)
    try:
        with app.suspend():
            code = _run([program, *command[1:]], path)
    except SuspendNotSupported:
        return "this terminal cannot be handed to another program"
    app.refresh(repaint=True)
    return f"{visible(command[0])} ended with {code}" if code else "back; R reads the file again"


class _NoProgramError(Exception):
    """The program that the environment names is not there; the text is one line for the user."""


def _command(variable: str, fallback: str) -> tuple[str, list[str]]:
    """Return the file of the program that the environment names, and the command as it names it."""
    try:
        command = shlex.split(os.environ.get(variable) or fallback)
    except ValueError as exc:
        raise _NoProgramError(f"{variable} has a quote that is not closed; it says which program to use") from exc
    program = find_program(command[0]) if command else None
    if program is None:
        named = visible(command[0] if command else fallback)
        raise _NoProgramError(
            f"{named} is not installed in an absolute folder of PATH; {variable} says which program to use"
        )
    return program, command


def _run(command: list[str], path: Path) -> int:
    """Run the program on our terminal. This call blocks, so that nothing of ours reads the keys of the program.

    The program has the user's environment, as an editor may be written in Python. Only the entries of PATH that mean
    the working directory are left out: pagers and editors start helpers by name.
    """
    environment = {**os.environ, "PATH": safe_path(os.environ.get("PATH"))}
    return subprocess.run([*command, str(path)], check=False, env=environment).returncode
