"""Progress of a transfer: a bar below the cell of a notebook, a line on a terminal, nothing in a pipe.

    from storage_tui import Storage
    from storage_tui.notebook import progress

    storage = Storage()
    with progress("dem.tif") as control:
        storage.get_file("maps/dem.tif", "dem.tif", storage_type="tmp", control=control)

The same works with `AsyncStorage`. No widget library is needed: the bar is plain HTML, and each update replaces it.
"""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from html import escape

from storage_tui.client.control import TransferControl
from storage_tui.client.progress_watch import watching
from storage_tui.contract.sizes import size_text
from storage_tui.contract.visible import visible

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
