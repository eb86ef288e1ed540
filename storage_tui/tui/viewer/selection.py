"""The lines chosen in the viewer: to the terminal's clipboard, or their bytes to a local file."""

import asyncio
import os
from functools import partial
from pathlib import Path

from storage_tui.contract.counts import plural
from storage_tui.contract.errors import LocalFileError
from storage_tui.contract.models import Blob
from storage_tui.contract.sizes import size_text
from storage_tui.contract.visible import visible
from storage_tui.previews import Source
from storage_tui.previews.base import MIB, Budget
from storage_tui.tui.state.paths import expand
from storage_tui.tui.terminal.clipboard import osc52
from storage_tui.tui.terminal.textual_private import write
from storage_tui.tui.viewer.documents.document import span_of
from storage_tui.tui.viewer.prompt import Prompt
from storage_tui.tui.viewer.reader import Reader
from storage_tui.tui.viewer.status import WORK, Run, Status
from storage_tui.tui.viewer.viewer_lines import ViewerLines

COPIED_BYTES = MIB  # at most for the clipboard: terminals drop longer texts, often far sooner
RANGE_BUDGET = Budget(requests=2, size_bytes=4 * MIB)  # far more than the rows in view need


class Selection:
    """Acts on the lines between the mark and the cursor. The lines widget owns the mark, as it draws it."""

    def __init__(
        self, blob: Blob, reader: Reader, *, lines: ViewerLines, status: Status, prompt: Prompt, folder: Path, run: Run
    ) -> None:
        """`folder` is where files are saved unless the user types another folder."""
        self._blob = blob
        self._reader = reader
        self._lines = lines
        self._status = status
        self._prompt = prompt
        self._folder = folder
        self._run = run

    def drop(self) -> bool:
        """Drop the selection; return false when no lines were chosen."""
        had_mark = self._lines.mark is not None
        self._lines.mark = None
        self._lines.refresh()
        return had_mark

    def action_view_choose(self) -> None:
        """Begin a selection of lines, or drop it."""
        if not self.drop() and not self._lines.is_drawing:
            self._lines.mark = self._lines.row
        self._status.update()

    def action_view_copy(self) -> None:
        """Send the chosen lines, or the line under the cursor, to the terminal's clipboard."""
        document = self._reader.document
        if document is not None:
            first, stop = self._lines.chosen
            self._status.say(self._copy([row.text.plain.rstrip() for row in document.rows[first:stop]]))
            self.drop()

    def _copy(self, lines: list[str]) -> str:
        """Send lines to the clipboard; return the message for the user."""
        text = "\n".join(lines)
        if not text:
            return "nothing to copy"
        if len(text) > COPIED_BYTES:
            return f"{size_text(len(text))} are more than a terminal takes; s saves them"
        write(self._lines.app, osc52(text, os.environ))
        return f"sent {plural(len(lines), 'line')} to the terminal's clipboard; terminals may ignore it"

    def action_view_save(self) -> None:
        """Ask for a file, and write the bytes of the chosen lines to it, or of the lines in view."""
        document, lines = self._reader.document, self._lines
        if document is None or not document.has_offsets:
            self._status.say("this view has no bytes of its own; x shows text or hex, which can be saved", "$warning")
            return
        first, stop = lines.shown if lines.mark is None else lines.chosen
        rows = document.rows[first:stop]
        if not rows:
            return
        start, end = span_of(rows)
        name = visible(f"{self._blob.key.rsplit('/', 1)[-1]}.{start}-{end}").replace("/", "_")
        submit = partial(self._save, document.source, start, end)
        self._prompt.ask(f"save {size_text(end - start)} to:", submit, str(self._folder / name))

    def _save(self, source: Source, start: int, stop: int, text: str) -> None:
        self._run(partial(self._write, source, start, stop, text), group=WORK, exclusive=True)

    async def _write(self, source: Source, start: int, stop: int, text: str) -> None:
        with self._status.trying(f"Saving {size_text(stop - start)}…"):
            path = await save_range(source, start, stop, text)
            self._status.say(f"{size_text(stop - start)} saved to {visible(str(path))}")


async def save_range(source: Source, start: int, stop: int, text: str) -> Path:
    """Write a range of a blob to a new file at the path of `text`; return the path.

    Raises LocalFileError, with no file left, when the file exists already or writing fails.
    """
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
