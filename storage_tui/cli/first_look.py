"""The list on the screen before the libraries of the browser are loaded, which takes a few times as long as the list.

It stands where the browser will draw it, in the terminal's own colours, until the browser paints over it. Keys typed
meanwhile are not shown and wait for the browser.
"""

import contextlib
import os
import sys
import termios
from collections.abc import Iterator

from storage_tui.contract.keys import Location
from storage_tui.contract.models import Page
from storage_tui.tui.visible import visible

MIN_COLUMNS, MIN_ROWS = 40, 6  # below this the browser lays itself out differently
SIDEBAR_FROM = 60  # columns at which the browser shows its sidebar
SIDEBAR_CELLS = 25
TOP_ROWS = 2  # the place, the heads of the columns
BOTTOM_ROWS = 2  # status and footer

_ENTER = "\x1b[?1049h\x1b[?25l\x1b[2J"
_LEAVE = "\x1b[?1049l\x1b[?25h"


@contextlib.contextmanager
def first_look(page: Page | None, location: Location) -> Iterator[None]:
    """Show the page while the block loads the browser. When the block fails the terminal is as it was before."""
    columns, rows = os.get_terminal_size(sys.stdout.fileno())
    if page is None or columns < MIN_COLUMNS or rows < MIN_ROWS:
        yield
        return
    keyboard = sys.stdin.fileno()
    before = termios.tcgetattr(keyboard)
    silent = [*before]
    silent[0] &= ~termios.ICRNL  # Enter stays a carriage return, as the browser wants it
    silent[3] &= ~(termios.ECHO | termios.ICANON)
    termios.tcsetattr(keyboard, termios.TCSANOW, silent)
    try:
        _write(_ENTER + picture(page, location, columns=columns, rows=rows))
        yield
    except BaseException:
        _write(_LEAVE)
        raise
    finally:
        termios.tcsetattr(keyboard, termios.TCSANOW, before)


def picture(page: Page, location: Location, *, columns: int, rows: int) -> str:
    """The place in the first row and the names of the page from the third on, as text that moves the cursor."""
    left = SIDEBAR_CELLS if columns >= SIDEBAR_FROM else 0
    names = [*((prefix, True) for prefix in page.prefixes), *((blob.key, False) for blob in page.blobs)]
    names.sort(key=lambda name: name[0].encode())
    lines = [f"\x1b[1;1H \x1b[1m{location.storage_type}\x1b[0m ▸ {visible(location.key)[: columns // 2] or '/'}"]
    for row, (name, is_folder) in enumerate(names[: rows - TOP_ROWS - BOTTOM_ROWS], TOP_ROWS + 1):
        text = visible(name[len(location.key) :])[: columns - left - 4]
        lines.append(f"\x1b[{row};{left + 4}H\x1b[1m{text}\x1b[0m" if is_folder else f"\x1b[{row};{left + 4}H{text}")
    return "".join(lines)


def _write(text: str) -> None:
    sys.stdout.write(text)
    sys.stdout.flush()
