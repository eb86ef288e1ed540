"""The list that is on the screen before the program is loaded: loading takes a few times as long as the list.

The list is where the browser will draw it, in the terminal's own colours, until the browser paints over it. Keys that
move the cursor are obeyed at once (see `first_keys.py`); other keys are not shown and wait for the browser. This file
loads next to nothing, because speed is its purpose. Everything that is not simple (flags, another server, a location
that this file cannot read) is left to the program.
"""

import os
import sys
import termios

from storage_tui.cli.start.first_keys import FirstKeys
from storage_tui.client.access.quick_get import quick_get
from storage_tui.machine import directories

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import TracebackType
    from typing import Any

ROWS = 200  # more rows than any screen has
MIN_COLUMNS, MIN_ROWS = 40, 6  # on a smaller screen the browser has another layout
SIDEBAR_FROM = 140  # columns from which the browser shows its sidebar
SIDEBAR_CELLS = 28
TABS_FROM_COLUMNS, TABS_FROM_ROWS = 72, 8  # the screens on which the browser shows the storage types in one line
TOP_ROWS = 2  # the place, and the heads of the columns
BOTTOM_ROWS = 2  # status and footer
NEXT_PAGE = "x-next"  # the header of an answer that is not the last page

OWN_STORE = ("STORAGE_TUI_HOME", "STORAGE_TUI_LINGER")  # any other variable may choose another store
SERVER_SETTINGS = ("url", "data_dir", "profile")  # words in a settings file that choose another store
PLAIN = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_./")

_ENTER = "\x1b[?1049h\x1b[?25l\x1b[?7l\x1b[2J"  # ?7l: a name with wide characters ends at the edge, as in the browser
_LEAVE = "\x1b[?1049l\x1b[?25h\x1b[?7h"


class FirstLook:
    """A list on the screen, and the answer that it shows. As a context: when the block fails, the terminal is restored;
    otherwise the browser takes over."""

    def __init__(self, answer: tuple[dict[str, str], bytes], storage_type: str, prefix: str) -> None:
        self.answer = answer
        self.place = storage_type, prefix
        self._before: list[Any] | None = None
        self._keys: FirstKeys | None = None
        self._is_whole = NEXT_PAGE not in answer[0]
        self._names: list[tuple[str, bool]] = []
        self._cursor = 0
        self._size = 0, 0

    @property
    def typed(self) -> bytes:
        """The keys that were typed and not obeyed, once the block has ended."""
        return b"" if self._keys is None else self._keys.typed

    @property
    def current(self) -> str | None:
        """The key of the row to which the user has moved the cursor; None when the cursor did not move."""
        return self._names[self._cursor][0] if self._cursor else None

    def show(self) -> None:
        """Draw the list, if the screen is large enough. Raise ValueError, KeyError or TypeError for an answer that is
        no list."""
        columns, rows = os.get_terminal_size(sys.stdout.fileno())
        if columns < MIN_COLUMNS or rows < MIN_ROWS:
            return
        self._size = columns, rows
        self._names = names_of(self.answer[1])
        if self._is_whole:
            self._names.sort(key=lambda name: not name[1])  # folders first, as in the browser
        text = picture(self._names, *self.place, columns=columns, rows=rows, is_whole=self._is_whole)
        keyboard = sys.stdin.fileno()
        self._before = termios.tcgetattr(keyboard)
        silent = termios.tcgetattr(keyboard)
        silent[0] &= ~termios.ICRNL  # Enter stays a carriage return, as the browser expects
        silent[3] &= ~(termios.ECHO | termios.ICANON)
        silent[6][termios.VSUSP] = b"\0"  # C-z waits for the browser, which gives the screen back before it stops
        termios.tcsetattr(keyboard, termios.TCSANOW, silent)
        _write(_ENTER + text)
        if self._names and not os.path.exists(os.path.join(directories.base("config"), "keys.toml")):
            self._keys = FirstKeys(keyboard, self._move)
            self._keys.start()

    def _move(self, step: int) -> None:
        self._cursor = max(0, min(self._cursor + step, len(self._names) - 1))
        columns, rows = self._size
        _write(
            picture(self._names, *self.place, columns=columns, rows=rows, is_whole=self._is_whole, cursor=self._cursor)
        )

    def drop(self) -> None:
        """Restore the terminal."""
        self._stop_keys()
        if self._before is not None:
            _write(_LEAVE)
            self._give_back()

    def _give_back(self) -> None:
        if self._before is not None:
            termios.tcsetattr(sys.stdin.fileno(), termios.TCSANOW, self._before)
            self._before = None

    def _stop_keys(self) -> None:
        if self._keys is not None:
            self._keys.stop()

    def __enter__(self) -> "FirstLook":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: "TracebackType | None"
    ) -> None:
        self._stop_keys()
        self._give_back() if error is None else self.drop()


_shown: FirstLook | None = None


def begin(arguments: list[str]) -> None:
    """Show the list for a plain command line, if the embedded server of this machine answers at once."""
    global _shown
    place = _plain_place(arguments)
    if place is None or not _is_own_store(os.environ) or not _can_draw():
        return
    storage_type, prefix = place
    runtime = directories.runtime_of(os.path.abspath(directories.base("data")))
    # The path and names are those of contract.wire and contract.keys, which take longer to load than this whole file.
    query = f"prefix={prefix}&delimiter=/&limit={ROWS}&details=true"
    answer = quick_get(runtime, f"/storage/v1/{storage_type}/list?{query}")
    if answer is not None:
        look = FirstLook(answer, storage_type, prefix)
        is_folder = not arguments or arguments[0].endswith((":", "/"))
        try:
            if not is_folder and not names_of(answer[1]):
                return  # it may be a blob, which the browser shows in its folder
            look.show()
            _shown = look
        except (OSError, ValueError, KeyError, TypeError):
            look.drop()


def take(storage_type: str, prefix: str) -> FirstLook | None:
    """Return the list that `begin` has shown, for the browser to continue with. A list of another place is removed from
    the screen, and None is returned."""
    global _shown
    look, _shown = _shown, None
    if look is not None and look.place != (storage_type, prefix):
        look.drop()
        return None
    return look


def drop() -> None:
    """Remove the list from the screen, if the browser has not taken it."""
    take("", "")


def _plain_place(arguments: list[str]) -> tuple[str, str] | None:
    if not arguments:
        return "data", ""
    storage_type, colon, prefix = arguments[0].partition(":")
    is_plain = colon and storage_type.isalpha() and storage_type.islower() and PLAIN.issuperset(prefix)
    if len(arguments) > 1 or not is_plain or not storage_type.isascii():
        return None
    return storage_type, f"{prefix}/" if prefix and not prefix.endswith("/") else prefix


def _is_own_store(environ: "os._Environ[str]") -> bool:
    if "DESCARTESLABS_STORAGE_URL" in environ:
        return False
    if any(name.lstrip("_").startswith("STORAGE_TUI_") and name not in OWN_STORE for name in environ):
        return False
    try:
        with open(os.path.join(directories.base("config"), "config.toml"), encoding="utf-8") as file:
            text = file.read()
    except FileNotFoundError:
        return True
    except (OSError, UnicodeDecodeError):
        return False
    return not any(word in text for word in SERVER_SETTINGS)


def _can_draw() -> bool:
    return sys.stdin.isatty() and sys.stdout.isatty() and os.environ.get("TERM", "dumb") not in ("", "dumb")


def names_of(body: bytes) -> list[tuple[str, bool]]:
    """Return the keys and folders of a page in the form of the wire, in the order of the list, each with True for a
    folder."""
    page = _parsed(body)
    names = [*((prefix, True) for prefix in page["prefixes"]), *((blob["key"], False) for blob in page["blobs"])]
    return sorted(names, key=lambda name: name[0].encode())


def picture(
    names: list[tuple[str, bool]], storage_type: str, prefix: str, *, columns: int, rows: int, is_whole: bool = True,
    cursor: int = 0,
) -> str:  # fmt: skip
    """Return text that moves the terminal's cursor and draws the place in the first row, the names below the heads of
    their columns with a bar at the row of the list's cursor, and the position in the last row but one."""
    left = SIDEBAR_CELLS if columns >= SIDEBAR_FROM else 0
    tops = TOP_ROWS + (TABS_FROM_COLUMNS <= columns < SIDEBAR_FROM and rows >= TABS_FROM_ROWS)
    shown = rows - tops - BOTTOM_ROWS
    top = 0 if cursor < shown else max(0, min(cursor - shown // 2, len(names) - shown))
    lines = [f"\x1b[1;1H \x1b[1m{storage_type}\x1b[0m ▸ {_visible(prefix)[: columns // 2] or '/'}"]
    for row, (name, is_folder) in enumerate(names[top : top + shown], tops + 1):
        text = _visible(name[len(prefix) :])[: columns - left - 4]
        bar = "▌" if row - tops - 1 + top == cursor else " "
        lines.append(f"\x1b[{row};{left + 1}H{bar}  {_bold(text) if is_folder else text}\x1b[K")
    position = f"  {min(cursor + 1, len(names)):,}/{len(names):,}{'' if is_whole else '+'} "
    lines.append(f"\x1b[{rows - 1};{columns - len(position) + 1}H{position}")
    return "".join(lines)


def _bold(text: str) -> str:
    return f"\x1b[1m{text}\x1b[0m"


class _Plain:
    """The options of `json`'s scanner, all at their defaults."""

    strict = True
    object_hook = object_pairs_hook = parse_constant = None
    parse_float = float
    parse_int = int


def _parsed(body: bytes) -> "Any":
    """Return the result of `json.loads`, which takes longer to load than its scanner and than this whole file."""
    try:
        from _json import make_scanner

        return make_scanner(_Plain)(body.decode(), 0)[0]  # type: ignore[arg-type]
    except (ImportError, ValueError, StopIteration, SystemError):  # it cannot report errors without its package
        import json

        return json.loads(body)


def _visible(text: str) -> str:
    if text.isascii() and text.isprintable():
        return text
    from storage_tui.contract.visible import visible

    return visible(text)


def _write(text: str) -> None:
    sys.stdout.write(text)
    sys.stdout.flush()
