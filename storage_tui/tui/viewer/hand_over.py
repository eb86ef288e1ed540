"""A whole blob in a pager or an editor: downloaded after a question, and the screen left to the program."""

import shutil
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from textual.app import App, SuspendNotSupported

from storage_tui.client.async_storage import AsyncStorage
from storage_tui.client.batch.folders import local_names
from storage_tui.client.control import TransferControl
from storage_tui.contract.keys import Location
from storage_tui.contract.models import Blob
from storage_tui.contract.sizes import size_text
from storage_tui.contract.visible import visible
from storage_tui.machine.terminal_programs import NoProgramError, chosen_program, end_words, run_on_terminal
from storage_tui.tui.background import Work
from storage_tui.tui.desk import Desk
from storage_tui.tui.dialogs.hand_over import HandOverScreen
from storage_tui.tui.edits.editing import edit
from storage_tui.tui.state.messages import MessageLog, explain
from storage_tui.tui.viewer.reader import Reader
from storage_tui.tui.viewer.status import WORK, Run, Status

PROGRESS_S = 0.25


class HandOver:
    """Hands the blob of a viewer to the program that the environment names."""

    def __init__(
        self, app: App[Any], desk: Desk, reader: Reader, *, status: Status, run: Run,
        path: Path | None = None,
    ) -> None:  # fmt: skip
        """`path` is the file itself when it is a local one: then nothing is downloaded."""
        self._app = app
        self._desk = desk
        self._reader = reader
        self._status = status
        self._run = run
        self._path = path

    def action_view_pager(self) -> None:
        """Download, then show in $PAGER."""
        self._start(self._to_pager)

    def action_edit(self) -> None:
        """Open in $VISUAL or $EDITOR, and write back after a question."""
        self._start(self._edit)

    def _start(self, work: Work) -> None:
        if self._reader.is_member:
            self._status.say("only whole blobs are handed over", "$warning")
        else:
            self._run(work, group=WORK, exclusive=True)

    async def _to_pager(self) -> None:
        with self._status.trying(""):
            blob, progress = self._reader.source.blob, self._status.work
            if self._path is not None:
                self._status.say(open_in(self._app, self._path, ("PAGER",), "less"))
            else:
                self._status.say(await hand_over(self._app, self._desk.storage, blob, "PAGER", "less", progress))

    async def _edit(self) -> None:
        if self._path is not None:
            self._status.say(open_in(self._app, self._path, ("VISUAL", "EDITOR"), "vi"))
            return
        blob = self._reader.source.blob
        voice = StatusVoice(self._status, self._desk.log)
        written = await edit(self._app, self._desk, Location(blob.storage_type, blob.key), voice)
        if written is not None and not written.is_beside:
            self._reader.action_refresh()


class StatusVoice:
    """Says what an edit does in the status line of the viewer."""

    def __init__(self, status: Status, log: MessageLog) -> None:
        self._status = status
        self._log = log
        self.work = status.work

    def say(self, text: str) -> None:
        """Show that something was done."""
        self._log.note(text)
        self._status.say(text)

    def refuse(self, text: str) -> None:
        """Show why nothing was done."""
        self._status.say(text, "$warning")

    def fail(self, text: str, error: BaseException | None = None) -> None:
        """Show that something failed, and why."""
        reason = f"{text}: {explain(error)}" if error is not None else text
        self._log.error(reason, error)
        self._status.say(visible(reason), "$error")


async def hand_over(
    app: App[Any], storage: AsyncStorage, blob: Blob, variable: str, fallback: str, progress: Callable[[str], None]
) -> str:
    """Ask, download the blob to our own folder, and leave the screen to a program; return the message for afterwards.

    The environment variable names the program, else it is `fallback`. A copy that the program changed is kept, and the
    message names it, since nothing is written back; every other copy is removed. Raises the errors of a download.
    """
    try:
        program = chosen_program((variable,), fallback)
    except NoProgramError as exc:
        return visible(str(exc))
    if not await app.push_screen_wait(HandOverScreen(blob, program.shown)):
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
                code = run_on_terminal(program, path)
        except SuspendNotSupported:
            return "this terminal cannot be handed to another program"
        app.refresh(repaint=True)
        is_kept = path.exists() and path.stat().st_mtime_ns != before
        if is_kept:
            return f"the changed copy is {visible(str(path))}; u uploads it"
        return visible(end_words(program, code)) if code else "back; the downloaded copy is removed"
    finally:
        if not is_kept:
            shutil.rmtree(folder, ignore_errors=True)


def open_in(app: App[Any], path: Path, variables: Sequence[str], fallback: str) -> str:
    """Leave the screen to a program that opens a local file itself; return the message for afterwards."""
    try:
        program = chosen_program(variables, fallback)
    except NoProgramError as exc:
        return visible(str(exc))
    try:
        with app.suspend():
            code = run_on_terminal(program, path)
    except SuspendNotSupported:
        return "this terminal cannot be handed to another program"
    app.refresh(repaint=True)
    return visible(end_words(program, code)) if code else "back; R reads the file again"
