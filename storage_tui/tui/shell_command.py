"""A shell command on blobs: they are downloaded into a temporary folder, and the screen is left to the command."""

import os
import shlex
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import IO, Any

from textual.app import App, SuspendNotSupported

from storage_tui.client.async_storage import AsyncStorage
from storage_tui.client.batch.folders import local_names
from storage_tui.client.control import TransferControl
from storage_tui.contract.counts import plural
from storage_tui.contract.models import Blob
from storage_tui.contract.sizes import size_text
from storage_tui.contract.visible import visible
from storage_tui.machine.private_files import make_private_dir
from storage_tui.machine.programs import find_program, safe_path
from storage_tui.machine.terminal_programs import keys_are_not_ours
from storage_tui.tui.dialogs.shell import PLACE

SHELL = "/bin/sh"
PROGRESS_S = 0.25
COUNT_AT_MOST = 10_000  # files of one command; the system refuses a command line of a few megabytes


async def run_shell(
    app: App[Any], storage: AsyncStorage, blobs: Sequence[Blob], command: str, progress: Callable[[str], None]
) -> str:
    """Download the blobs, run the command in a shell, wait for Enter; return the message for afterwards.

    `{}` in the command stands for the quoted names of the files. Without `{}` the command reads the bytes of all blobs
    one after the other from standard input. The copies are removed afterwards; a copy that the command changed stays,
    and the message names the folder. Raises the errors of a download.
    """
    shell = find_program(SHELL)
    if shell is None:
        return f"{SHELL} is not installed"
    if len(blobs) > COUNT_AT_MOST:
        return f"a command takes at most {COUNT_AT_MOST:,} blobs, not {len(blobs):,}; mark fewer"
    folder = Path(tempfile.mkdtemp(prefix="storage-tui-"))
    changed: list[Path] = []
    try:
        paths = await _download(app, storage, blobs, folder, progress)
        before = [path.stat().st_mtime_ns for path in paths]
        try:
            with app.suspend():
                code = _run(shell, command, paths)
        except SuspendNotSupported:
            return "this terminal cannot be handed to another program"
        app.refresh(repaint=True)
        changed = [path for path, at in zip(paths, before, strict=True) if _mtime(path) not in (None, at)]
        said = f"the command ended with {code}" if code else "the command has ended"
        if changed:
            return (
                f"{said}; {plural(len(changed), 'changed copy', 'changed copies')} in {visible(str(folder))}; u uploads"
            )
        return said
    finally:
        if not changed:
            shutil.rmtree(folder, ignore_errors=True)


async def _download(
    app: App[Any], storage: AsyncStorage, blobs: Sequence[Blob], folder: Path, progress: Callable[[str], None]
) -> list[Path]:
    """Download the blobs into the folder, each under the last segment of its key; return the paths in order."""
    names = [blob.key.rstrip("/").rpartition("/")[2] or "blob" for blob in blobs]
    targets = []
    for number, (blob, name) in enumerate(zip(blobs, names, strict=True)):
        home = folder if names.count(name) == 1 else folder / str(number)  # equal names get folders of their own
        make_private_dir(home)
        targets.append((blob, home / next(iter(local_names([name], ""))).path))
    total = sum(blob.size_bytes or 0 for blob in blobs)
    done = 0
    control = TransferControl()

    def say_progress() -> None:
        progress(f"downloading {size_text(done + control.done_bytes)} of {size_text(total)}, Esc stops")

    timer = app.set_interval(PROGRESS_S, say_progress)
    try:
        say_progress()
        for blob, path in targets:
            control = TransferControl()
            await storage.get_file(blob.key, path, blob.storage_type, control=control)
            done += blob.size_bytes or control.done_bytes
    finally:
        timer.stop()
    return [path for _, path in targets]


def _run(shell: str, command: str, paths: Sequence[Path]) -> int:
    """Run the command on our terminal, then wait for Enter. This call blocks, so that nothing of ours reads the keys.

    Ctrl-C ends the command and not the browser.
    """
    environment = {**os.environ, "PATH": safe_path(os.environ.get("PATH"))}
    takes_names = PLACE in command
    text = command.replace(PLACE, shlex.join(map(str, paths))) if takes_names else command
    with keys_are_not_ours():
        stdin = None if takes_names else subprocess.PIPE
        with subprocess.Popen([shell, "-c", text], env=environment, stdin=stdin) as run:
            if run.stdin is not None:
                _feed(run.stdin, paths)
            code = run.wait()
        sys.stdout.write(f"\n[{f'ended with {code}' if code else 'done'}; Enter goes back]")
        sys.stdout.flush()
        sys.stdin.readline()
    return code


def _feed(stream: IO[bytes], paths: Sequence[Path]) -> None:
    """Write the bytes of the files to a pipe, and close the pipe. A command may stop reading before the end."""
    with suppress(BrokenPipeError):
        for path in paths:
            with path.open("rb") as file:
                shutil.copyfileobj(file, stream)
    with suppress(BrokenPipeError):
        stream.close()


def _mtime(path: Path) -> int | None:
    try:
        return path.stat().st_mtime_ns
    except OSError:
        return None
