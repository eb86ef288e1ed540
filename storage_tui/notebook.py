"""For notebooks: the progress of a transfer, and a look into a blob.

Progress is a bar below the cell of a notebook, a line on a terminal, nothing in a pipe.

    from storage_tui import Storage
    from storage_tui.notebook import progress

    storage = Storage()
    with progress("dem.tif") as control:
        storage.get_file("maps/dem.tif", "dem.tif", storage_type="tmp", control=control)

The same works with `AsyncStorage`. No widget library is needed: the bar is plain HTML, and each update replaces it.

    from storage_tui.notebook import look

    look("maps/dem.tif", "tmp")               # the facts and the thumbnail, from a few ranges
"""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from html import escape
from typing import TYPE_CHECKING

from storage_tui.client.control import TransferControl
from storage_tui.client.progress_watch import watching
from storage_tui.contract.sizes import size_text
from storage_tui.contract.visible import html_table, visible

if TYPE_CHECKING:
    from storage_tui.client.calls import RangeRead
    from storage_tui.client.storage import Storage
    from storage_tui.previews import Preview

CELL = (8, 16)  # pixels of a cell: a thumbnail of 60 columns is 480 pixels wide
COLUMNS, ROWS = 60, 34
TABLE_ROWS = 20

Show = Callable[[TransferControl], None]


@contextmanager
def progress(name: str = "") -> Iterator[TransferControl]:
    """Show the progress of one transfer while the block runs.

    The block receives a TransferControl; pass it to the transfer as `control`. `name` is shown before the progress.
    """
    control = TransferControl()
    show, end = _display(name)
    try:
        with watching(control, show):
            yield control
    finally:
        end()


def _display(name: str) -> tuple[Show, Callable[[], None]]:
    """Return the function that shows progress in this place, and the function to call at the end."""
    shell = sys.modules["IPython"].get_ipython() if "IPython" in sys.modules else None
    if shell is not None and getattr(shell, "kernel", None) is not None:
        return _cell(name), lambda: None
    if sys.stderr.isatty():
        return _line(name), lambda: print(file=sys.stderr)  # noqa: T201 - this is its purpose
    return (lambda control: None), lambda: None


def _cell(name: str) -> Show:
    from IPython.display import display  # type: ignore[import-not-found]

    def content(control: TransferControl) -> dict[str, str]:
        return {"text/plain": _words(name, control), "text/html": _bar(name, control)}

    handle = display(content(TransferControl()), raw=True, display_id=True)
    shown = [""]

    def show(control: TransferControl) -> None:
        now = content(control)
        if now["text/plain"] != shown[0]:  # a notebook stores every update that it is sent
            shown[0] = now["text/plain"]
            handle.update(now, raw=True)

    return show


def _line(name: str) -> Show:
    def show(control: TransferControl) -> None:
        sys.stderr.write(f"\r{visible(_words(name, control))}\x1b[K")
        sys.stderr.flush()

    return show


def _words(name: str, control: TransferControl) -> str:
    """Return the line to show: `dem.tif  1.2 MB of 4.0 MB  moving`."""
    whole = "" if control.total_bytes is None else f" of {size_text(control.total_bytes)}"
    note = f", {control.note}" if control.note else ""
    return f"{name}  {size_text(control.done_bytes)}{whole}  {control.phase}{note}".strip()


def _bar(name: str, control: TransferControl) -> str:
    is_done = control.phase in ("verified", "unverified")
    known = f' max="{max(control.total_bytes, 1)}"' if control.total_bytes is not None else ""
    full = max(control.total_bytes or 0, 1) if is_done else control.done_bytes
    value = f' value="{full}"' if known else ""
    return f"<progress{known}{value} style='width: 20em'></progress> <code>{escape(_words(name, control))}</code>"


@dataclass(frozen=True, slots=True)
class Look:
    """What a blob holds: its kind, its facts by name, the first rows of a table, a thumbnail as PNG, a map as text."""

    location: str
    kind: str
    facts: dict[str, str]
    note: str = ""
    columns: tuple[str, ...] = ()
    rows: tuple[tuple[str, ...], ...] = ()
    png: bytes | None = field(default=None, repr=False)
    drawing: str = field(default="", repr=False)

    def _repr_html_(self) -> str:
        from base64 import b64encode

        parts = [html_table([("kind", self.kind), *self.facts.items()], heads=("", visible(self.location)))]
        if self.png is not None:
            parts.append(f'<img src="data:image/png;base64,{b64encode(self.png).decode()}">')
        if self.drawing:
            parts.append(f"<pre style='line-height: 1.1'>{escape(self.drawing)}</pre>")
        if self.columns:
            rows = [tuple(map(visible, row)) for row in self.rows[:TABLE_ROWS]]
            parts.append(html_table(rows, heads=tuple(map(visible, self.columns))))
        if self.note:
            parts.append(f"<p>{escape(self.note)}</p>")
        return "".join(parts)


def look(
    key: str, storage_type: str = "data", *, storage: "Storage | None" = None, bands: tuple[int, ...] = ()
) -> Look:
    """Return what a blob holds, read by a few ranges; a notebook draws the facts with the thumbnail, map or table.

    `storage` is the store, by default the one that `Storage()` opens. `bands` are those of a raster, one or three from
    1 on. Raises the errors of the client.
    """
    import asyncio
    from concurrent.futures import ThreadPoolExecutor

    from storage_tui.client.storage import Storage
    from storage_tui.contract.models import Blob
    from storage_tui.previews import Source, close, preview

    used = Storage() if storage is None else storage
    source = Source(_Ranges(used), Blob(key, storage_type))

    async def shown() -> "Preview":
        try:
            return await preview(source, width=COLUMNS, height=ROWS, cell=CELL, bands=bands)
        finally:
            await close()

    try:
        with ThreadPoolExecutor(1) as pool:  # a notebook has a loop that runs already
            found = pool.submit(asyncio.run, shown()).result()
    finally:
        if storage is None:
            used.close()
    return _look_of(f"{storage_type}:{key}", found)


def _look_of(location: str, found: "Preview") -> Look:
    png = None
    if found.pixels is not None:
        import io

        from PIL import Image

        output = io.BytesIO()
        size = found.pixels.width, found.pixels.height
        Image.frombytes("RGB", size, found.pixels.rgb).save(output, "PNG")
        png = output.getvalue()
    columns, rows = (found.cells.columns, found.cells.rows) if found.cells is not None else ((), ())
    lines = [line.plain for line in found.lines[: ROWS if found.is_drawing else TABLE_ROWS]]
    drawing = "" if png is not None or (columns and not found.is_drawing) else "\n".join(lines)
    return Look(location, found.kind, dict(found.facts), found.note, columns, rows, png, drawing)


class _Ranges:
    """The ranges of a Storage as previews ask for them; each is read in a thread."""

    def __init__(self, storage: "Storage") -> None:
        self._storage = storage

    async def read_range(
        self, key: str, storage_type: str = "data", *, start: int = 0, stop: int | None = None, etag: str | None = None
    ) -> "RangeRead":
        """Return the bytes from `start` up to but not including `stop`; raise the errors of the client."""
        import asyncio

        return await asyncio.to_thread(self._storage.read_range, key, storage_type, start=start, stop=stop, etag=etag)
