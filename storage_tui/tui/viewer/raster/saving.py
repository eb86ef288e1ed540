"""The window saved to a local file: a GeoTIFF of its values, or a PNG of its picture."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from textual.app import App

from storage_tui.contract.counts import plural
from storage_tui.contract.errors import LocalFileError
from storage_tui.contract.models import Blob
from storage_tui.contract.sizes import size_text
from storage_tui.contract.visible import visible
from storage_tui.previews.raster.saving.geotiff import Window, save_geotiff, size_of
from storage_tui.previews.raster.saving.png import read_png
from storage_tui.previews.raster.windows.reading import WindowReader
from storage_tui.tui.dialogs.save_window import SaveWindowScreen
from storage_tui.tui.viewer.raster.look import Look
from storage_tui.tui.viewer.status import WORK, Run, Status


class WindowSaving:
    """Asks for a file, and saves the window that is in view."""

    def __init__(
        self, blob: Blob, look: Look, status: Status, *, folder: Path, run: Run, app: Callable[[], App[Any]]
    ) -> None:
        """`folder` is where files are saved unless the user types another folder."""
        self._blob = blob
        self._look = look
        self._status = status
        self._folder = folder
        self._run = run
        self._app = app

    def action_raster_save(self) -> None:
        """Ask for a file, and save the window in view to it."""
        reader, view = self._look.reader, self._look.view
        if reader is None or view is None:
            return
        window = Window(*view.window)
        if not window.width or not window.height:
            self._status.say("the view lies outside of the raster", "$warning")
            return
        size = size_of(reader.scene, window)
        words = f"{window.width:,} × {window.height:,} pixels, {plural(reader.scene.bands, 'band')}, {size_text(size)}"
        stem = visible(self._blob.key.rpartition("/")[2]).replace("/", "_").rpartition(".")[0] or "raster"
        given = self._folder / f"{stem}.{window.column}-{window.row}.tif"
        self._app().push_screen(SaveWindowScreen(given, words, size), partial(self._save, window))

    def _save(self, window: Window, path: Path | None) -> None:
        if path is not None:
            self._run(partial(self._write, window, path), group=WORK, exclusive=True)

    async def _write(self, window: Window, path: Path) -> None:
        reader = self._look.reader
        if reader is None:
            return
        with self._status.trying("Saving…"):
            is_png = path.suffix.lower() == ".png"
            remark = await (self._write_png(reader, path) if is_png else write_tiff(reader, window, path))
            size = size_text((await asyncio.to_thread(path.stat)).st_size)
            self._status.say(f"{size} saved to {visible(str(path))}{remark}")

    async def _write_png(self, reader: WindowReader, path: Path) -> str:
        view, picture = self._look.view, self._look.picture
        if view is None or picture is None:
            return ""
        style = replace(self._look.style, limits=picture.limits or None)
        content = await read_png(reader, view, style)
        await asyncio.to_thread(_write_new, path, content)
        return ""


async def write_tiff(reader: WindowReader, window: Window, path: Path) -> str:
    """Write a window to a new GeoTIFF, and return a remark about it.

    Raises LocalFileError, with no file left, when the file exists already or writing fails, and what reading raises.
    """
    file = await asyncio.to_thread(_open_new, path)
    try:
        with file:
            damaged = await save_geotiff(reader, window, file)
    except BaseException as exc:
        _forget(path)
        if isinstance(exc, OSError):
            raise LocalFileError(f"nothing was written, {exc.strerror}: {visible(str(path))}") from exc
        raise
    return f"; {plural(damaged, 'block')} of it damaged" if damaged else ""


def _forget(path: Path) -> None:
    path.unlink(missing_ok=True)


def _open_new(path: Path) -> Any:
    try:
        return path.open("xb")
    except FileExistsError as exc:
        raise LocalFileError(f"nothing was written, there is a file already: {visible(str(path))}") from exc
    except OSError as exc:
        raise LocalFileError(f"nothing was written, {exc.strerror}: {visible(str(path))}") from exc


def _write_new(path: Path, content: bytes) -> None:
    with _open_new(path) as file:
        file.write(content)
