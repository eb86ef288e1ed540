"""The progress of transfers while they run: one live line on a terminal, and a line every ten seconds in a pipe."""

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Event, Thread
from typing import TYPE_CHECKING

from storage_tui.cli.output import human_duration
from storage_tui.cli.printing import complain, show_status
from storage_tui.contract.counts import plural
from storage_tui.contract.sizes import size_text
from storage_tui.contract.visible import visible

if TYPE_CHECKING:
    from storage_tui.client.batch.progress import BatchProgress

DRAW_S = 0.25  # four times a second looks alive, and costs a slow terminal nothing
SAY_S = 10.0  # a log of an hour has 360 lines
LEAST_NAME = 8  # cells of a name that is cut; with less room there is no name

Wait = Callable[[], str]


@contextmanager
def live_line(
    read: "Callable[[], BatchProgress]",
    title: str,
    *,
    is_on: bool = True,
    waits: Wait = lambda: "",
    say_s: float = SAY_S,
    noun: str = "file",
) -> Iterator[None]:
    """Show how far transfers are on standard error while the block runs, with the rate of the last seconds and the time
    left at this rate. With an empty title, count files, or what `noun` says. While `waits` gives a reason, it stands in
    the place of the rate.

    On a terminal one line is drawn again and again, and removed at the end. Elsewhere a line is printed every `say_s`
    seconds, so that short transfers print none.
    """
    if not is_on:
        yield
        return
    stop = Event()
    is_terminal = sys.stderr.isatty() and os.environ.get("TERM") != "dumb"

    def watch() -> None:
        while not stop.wait(DRAW_S if is_terminal else say_s):
            parts = progress_parts(read(), title, waits(), noun=noun)
            if is_terminal:
                show_status(fitted(parts, _columns() - 1))
            else:
                complain(", ".join(parts))

    watcher = Thread(target=watch, name="progress", daemon=True)
    watcher.start()
    try:
        yield
    finally:
        stop.set()
        watcher.join()
        if is_terminal:
            show_status("")


def progress_parts(now: "BatchProgress", title: str, waits_for: str = "", *, noun: str = "file") -> list[str]:
    """Return what is told of the progress, the part that is cut first at the beginning: names, bytes, rate, time."""
    name = title or f"{now.files_done:,} of {plural(now.files, noun)}"
    if now.files_failed:
        name += f", {now.files_failed:,} failed"
    size = size_text(now.done_bytes)
    if now.total_bytes:
        size += f" of {size_text(now.total_bytes)} ({100 * now.done_bytes // now.total_bytes} %)"
    if waits_for:
        return [name, size, f"waiting: {waits_for}"]
    left = [] if now.eta_s is None else [f"{human_duration(now.eta_s)} left"]
    return [name, size, f"{size_text(int(now.bytes_per_s))}/s", *left]


def fitted(parts: list[str], columns: int) -> str:
    """Return the parts in one line of at most so many cells: first the name is cut, then the last parts are left
    out."""
    name, *rest = (visible(part) for part in parts)
    while len(rest) > 1 and len("  ".join(rest)) > columns:
        rest.pop()
    tail = "  ".join(rest)
    room = columns - len(tail) - 2
    if _cells(name) > room:
        name = _cut(name, room - 1) + "…" if room >= LEAST_NAME else ""
    return _cut(f"{name}  {tail}" if name else tail, columns)


def _cut(text: str, columns: int) -> str:
    if text.isascii():
        return text[: max(0, columns)]
    while text and _cells(text) > columns:
        text = text[:-1]
    return text


def _cells(text: str) -> int:
    if text.isascii():
        return len(text)
    from rich.cells import cell_len

    return cell_len(text)


def _columns() -> int:
    try:
        return os.get_terminal_size(sys.stderr.fileno()).columns or 80
    except (OSError, ValueError):
        return 80
