"""Every command of the browser as one row. Keys, footer, help, palette and the README's key table come from here.

A new command is a row in COMMANDS and a method `action_<id>` (dashes as underscores) on the screen of its context.
Keys have Textual's names; `g g` is a chord: one key after the other.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

Context = Literal["browser", "rows", "act", "flat", "tree", "lines", "viewer", "transfers"]


@dataclass(frozen=True, slots=True)
class Command:
    """One row. `footer` orders the hints at the bottom, 1 first; 0 keeps it out. `short` is its word there."""

    id: str
    keys: tuple[str, ...]
    title: str
    help: str
    group: str
    context: Context = "browser"
    footer: int = 0
    short: str = ""

    @property
    def action(self) -> str:
        """The name of the method that does it, without `action_`."""
        return self.id.replace("-", "_")


BROWSER: tuple[Context, ...] = ("browser", "rows", "act")
"""What the main screen takes: its own keys, those of every list of rows, and those that act on rows."""

MOVE, OPEN, CHOOSE, ACT, SHOW, PROGRAM = "Move", "Open", "Choose", "Act", "Look", "Program"

COMMANDS: tuple[Command, ...] = (
    Command("cursor-down", ("j", "down"), "Down", "next row", MOVE),
    Command("cursor-up", ("k", "up"), "Up", "row before", MOVE),
    Command("half-down", ("ctrl+d",), "Half a page down", "half a page down", MOVE),
    Command("half-up", ("ctrl+u",), "Half a page up", "half a page up", MOVE),
    Command("page-down", ("pagedown", "ctrl+f"), "Page down", "a page down", MOVE),
    Command("page-up", ("pageup", "ctrl+b"), "Page up", "a page up", MOVE),
    Command("first", ("g g", "home"), "First row", "first row", MOVE),
    Command("last", ("G", "end"), "Last row", "last row; stays at the end while rows arrive", MOVE),
    Command(
        "open", ("l", "right", "enter"), "Open", "open the folder, or view the blob on the whole screen", OPEN, footer=1
    ),
    Command("parent", ("h", "left", "backspace"), "Parent folder", "up one folder", OPEN, footer=2, short="up"),
    Command("back", ("H", "alt+left"), "Back", "the place before this one", OPEN),
    Command("go-to", ("g l", "ctrl+l"), "Go to location…", "type a location such as tmp:maps/2024/", OPEN),
    Command("pair", ("b",), "Result or log", "from a result to the log of its task, and back", OPEN),
    Command("bookmark", ("m",), "Bookmark this place…", "keep this place under a letter", OPEN),
    Command("places", ("'",), "Bookmarks and recent places…", "a letter goes to its bookmark", OPEN),
    Command("find", ("f",), "Find below here…", "search all keys below: words, *.glob, ~fuzzy, >1GB, <24h", OPEN),
    Command("go-root", ("g r", "~"), "Top of the type", "the top of this storage type", OPEN),
    Command("type-1", ("1",), "Show data", "storage type data", OPEN),
    Command("type-2", ("2",), "Show tmp", "storage type tmp", OPEN),
    Command("type-3", ("3",), "Show products", "storage type products", OPEN),
    Command("type-4", ("4",), "Show result", "storage type result", OPEN),
    Command("type-5", ("5",), "Show logs", "storage type logs", OPEN),
    Command("filter", ("/",), "Filter…", "show matching names only: words, *.glob, ~fuzzy", CHOOSE, footer=7),
    Command("mark", ("space", "insert"), "Mark", "mark the row and go down", CHOOSE, "rows", footer=6),
    Command("mark-range", ("v",), "Mark a range", "start a range; again ends it", CHOOSE, "rows"),
    Command("mark-all", ("ctrl+a",), "Mark all", "mark all rows shown, or none", CHOOSE, "rows"),
    Command("mark-invert", ("V",), "Invert marks", "mark the others of the rows shown", CHOOSE, "rows"),
    Command(
        "mark-where",
        ("+",),
        "Mark by pattern…",
        "mark by name, age, expiry, size: *.npy >3d <24h >1GB",
        CHOOSE,
        "rows",
        20,
        "mark by",
    ),
    Command("sort", ("o",), "Sort by the next column", "by name, size, age, expiry, type", CHOOSE, "rows"),
    Command("sort-reverse", ("O",), "Reverse the order", "reverse the order", CHOOSE, "rows"),
    Command("download", ("d", "f5"), "Download…", "the marked, or this row, to a local folder", ACT, "act", footer=3),
    Command("upload", ("u", "f6"), "Upload…", "a local file or folder to here", ACT, footer=4),
    Command(
        "delete", ("D", "f8", "delete"), "Delete…", "the marked, or this row, after a question", ACT, "act", footer=5
    ),
    Command("retry-delete", ("r",), "Retry the failed deletes", "try again what a delete left behind", ACT, "act"),
    Command(
        "rescue", ("c",), "Rescue to data", "copy the marked, or this row, from tmp to data", ACT, "act", 19, "rescue"
    ),
    Command(
        "copy-menu",
        ("y",),
        "Copy…",
        "key, location, signed URL, Python or curl line",
        ACT,
        "act",
        footer=8,
        short="copy",
    ),
    Command("copy-url", ("Y",), "Copy a signed URL", "make a signed URL and show it masked", ACT, "act"),
    Command("view", ("f3",), "View", "the blob on the whole screen, whatever its size", SHOW),
    Command("map", ("M",), "Map of the marked", "the marked regions (GeoJSON, WKT) on one map", SHOW),
    Command("preview", ("p",), "Preview on or off", "show or hide the preview", SHOW, footer=11, short="preview"),
    Command("preview-down", ("J",), "Preview down", "scroll the preview", SHOW),
    Command("preview-up", ("K",), "Preview up", "scroll the preview back", SHOW),
    Command("preview-mode", ("x",), "Preview as hex or text", "the preview as found, as text, as hex", SHOW),
    Command("clean-up", ("t",), "Clean up tmp", "all that expires, soonest first: mark, review, delete", SHOW),
    Command("usage", ("U",), "Usage tree", "count and bytes below each folder", SHOW),
    Command("details", ("i", "tab"), "Details", "everything known about the row", SHOW, "act", footer=10),
    Command("refresh", ("R", "ctrl+r"), "Refresh", "read the list again; the cursor stays", SHOW),
    Command("transfers", ("w",), "Transfers", "what moves, moved and failed", SHOW, "act", footer=9),
    Command("log", ("L",), "Log", "what happened, with the causes of errors", SHOW, "act"),
    Command("profiles", ("P",), "Profiles…", "go on with another server of the settings file", PROGRAM),
    Command("help", ("?", "f1"), "Help", "all keys", PROGRAM, "act", footer=12),
    Command("palette", (":", "ctrl+p"), "Command palette…", "find a command by name", PROGRAM, "act"),
    Command("suspend", ("ctrl+z",), "Suspend", "to the shell, all at rest; fg comes back", PROGRAM, "act"),
    Command("peel", ("escape",), "Esc", "stop reading, leave the filter, drop the marks: one at a time", PROGRAM),
    Command("quit", ("q", "f10", "ctrl+c"), "Quit", "leave; asks while transfers run", PROGRAM, footer=13),
    Command(
        "flat-open",
        ("enter", "l", "right"),
        "Show in its folder",
        "leave for the folder of the blob",
        OPEN,
        "flat",
        1,
        "open",
    ),
    Command(
        "flat-peel",
        ("escape",),
        "Stop, or back",
        "stop deleting, stop reading, go back: one at a time",
        PROGRAM,
        "flat",
    ),
    Command("find", ("f", "/"), "Type again", "in search: change the words", CHOOSE, "flat"),
    Command("refresh", ("R", "ctrl+r"), "Read again", "read the list again", SHOW, "flat"),
    Command("tree-open", ("enter", "l", "right"), "Into the folder", "count the folder below", OPEN, "tree", 1, "into"),
    Command("tree-up", ("h", "left", "backspace"), "Up", "the folder above", OPEN, "tree", 2, "up"),
    Command("tree-browse", ("b",), "Show in the list", "leave for this place in the list", OPEN, "tree", 3, "list"),
    Command("tree-mark", ("space", "insert"), "Mark", "mark the folder and go down", CHOOSE, "tree", 6),
    Command("tree-sort", ("o",), "Sort by the next column", "by bytes, count, oldest, name", CHOOSE, "tree", 7, "sort"),
    Command("refresh", ("R", "ctrl+r"), "Count again", "count this folder again", SHOW, "tree"),
    Command("tree-peel", ("escape",), "Stop, or back", "stop deleting, stop counting, go back", PROGRAM, "tree"),
    Command("line-down", ("j", "down"), "Down", "next line", MOVE, "lines"),
    Command("line-up", ("k", "up"), "Up", "line before", MOVE, "lines"),
    Command("line-half-down", ("ctrl+d", "pagedown"), "Half a page down", "half a page down", MOVE, "lines"),
    Command("line-half-up", ("ctrl+u", "pageup"), "Half a page up", "half a page up", MOVE, "lines"),
    Command("line-first", ("g g", "home"), "First line", "first line", MOVE, "lines"),
    Command("line-last", ("G", "end"), "Last line", "last line", MOVE, "lines"),
    Command("close", ("escape", "q", "f10", "h", "left"), "Close", "back to the list", PROGRAM, "lines", 9),
    Command("view-down", ("j", "down"), "Down", "next line", MOVE, "viewer"),
    Command("view-up", ("k", "up"), "Up", "line before", MOVE, "viewer"),
    Command("view-half-down", ("ctrl+d",), "Half a page down", "half a page down", MOVE, "viewer"),
    Command("view-half-up", ("ctrl+u",), "Half a page up", "half a page up", MOVE, "viewer"),
    Command("view-page-down", ("space", "pagedown", "ctrl+f"), "Page down", "a page down", MOVE, "viewer"),
    Command("view-page-up", ("b", "pageup", "ctrl+b"), "Page up", "a page up", MOVE, "viewer"),
    Command("view-start", ("g g", "home"), "Start", "start of the blob", MOVE, "viewer"),
    Command("view-end", ("G", "end"), "End", "end of the blob, without reading what is between", MOVE, "viewer"),
    Command("view-left", ("h", "left"), "Left", "sideways to the left", MOVE, "viewer"),
    Command("view-right", ("l", "right"), "Right", "sideways to the right", MOVE, "viewer"),
    Command("view-go", (":",), "Go to offset…", "an offset: 4096, 0x1000, 1.5M, 50%", MOVE, "viewer", 4, "offset"),
    Command(
        "view-search", ("/",), "Find…", "find words from here on, reading on as needed", CHOOSE, "viewer", 1, "find"
    ),
    Command("view-next", ("n",), "Next match", "next match", CHOOSE, "viewer"),
    Command("view-previous", ("N",), "Match before", "match before", CHOOSE, "viewer"),
    Command("view-choose", ("v",), "Choose lines", "begin a selection of lines; again drops it", CHOOSE, "viewer"),
    Command("view-copy", ("y",), "Copy", "the chosen lines, or this one, to the clipboard", ACT, "viewer", 6),
    Command(
        "view-save", ("s",), "Save range…", "the bytes chosen or in view to a local file", ACT, "viewer", 7, "save"
    ),
    Command("view-pager", ("|",), "Open in $PAGER…", "download, then open in $PAGER; asks first", ACT, "viewer"),
    Command("view-editor", ("e",), "Open in $EDITOR…", "download, then open in $EDITOR; asks first", ACT, "viewer"),
    Command("view-open", ("enter",), "Open or fold", "open the member, fold or unfold JSON", OPEN, "viewer", 8, "open"),
    Command("view-fold-more", ("-",), "One level less", "one level of JSON less", OPEN, "viewer"),
    Command("view-fold-less", ("+", "="), "One level more", "one level of JSON more", OPEN, "viewer"),
    Command("view-mode", ("x",), "As hex or text", "as found, as text, as hex, as JSON", SHOW, "viewer", 2, "hex/text"),
    Command(
        "view-graphics",
        ("X",),
        "Picture in pixels",
        "a picture in half blocks, by kitty graphics, as sixel",
        SHOW,
        "viewer",
    ),
    Command("view-wrap", ("W",), "Wrap", "wrap long lines or cut them", SHOW, "viewer", 5),
    Command("view-follow", ("F",), "Follow", "stay at the end of a growing blob", SHOW, "viewer", 3),
    Command("view-reload", ("R", "ctrl+r"), "Read again", "read the blob again", SHOW, "viewer"),
    Command("view-details", ("i", "tab"), "Details", "everything known about the blob", SHOW, "viewer"),
    Command("view-help", ("?", "f1"), "Help", "all keys", PROGRAM, "viewer", 10, "help"),
    Command("view-suspend", ("ctrl+z",), "Suspend", "to the shell; fg comes back", PROGRAM, "viewer"),
    Command("view-peel", ("escape",), "Esc", "stop what works, drop the selection, then close", PROGRAM, "viewer"),
    Command("view-close", ("q", "f3", "f10"), "Close", "back to the list", PROGRAM, "viewer", 9),
    Command("transfer-pause", ("p", "space"), "Pause or go on", "hold this transfer, or go on", ACT, "transfers", 1),
    Command("transfer-cancel", ("x", "D"), "Cancel", "stop this transfer", ACT, "transfers", 2),
    Command("transfer-retry", ("r",), "Retry", "try this transfer again", ACT, "transfers", 3),
    Command("transfer-retry-all", ("R",), "Retry all failed", "try all failed again", ACT, "transfers", 4, "retry all"),
    Command("transfer-cancel-all", ("X",), "Cancel all", "stop everything", ACT, "transfers", 5),
    Command("transfer-clear", ("c",), "Clear finished", "forget what is over", ACT, "transfers", 6, "clear"),
    Command("transfer-help", ("?", "f1"), "Help", "all keys", PROGRAM, "transfers", 10, "help"),
    Command("transfer-suspend", ("ctrl+z",), "Suspend", "to the shell; fg comes back", PROGRAM, "transfers"),
)

_in_force = COMMANDS

KEY_LABELS = {
    "down": "↓",
    "up": "↑",
    "left": "←",
    "right": "→",
    "space": "Space",
    "enter": "Enter",
    "escape": "Esc",
    "backspace": "Bksp",
    "pageup": "PgUp",
    "pagedown": "PgDn",
    "home": "Home",
    "end": "End",
    "tab": "Tab",
    "insert": "Ins",
    "delete": "Del",
}


def key_label(key: str) -> str:
    """A key as people write it: `ctrl+d` is C-d, `g g` is gg, `f5` is F5."""
    if " " in key:
        return "".join(map(key_label, key.split(" ")))
    if key.startswith("ctrl+"):
        return f"C-{key[5:]}"
    if key.startswith("alt+"):
        return f"M-{key_label(key[4:])}"
    if len(key) > 1 and key[0] == "f" and key[1:].isdigit():
        return key.upper()
    return KEY_LABELS.get(key, key)


def in_context(*contexts: Context) -> tuple[Command, ...]:
    """The rows of these contexts, in the order of the table."""
    return tuple(row for row in _in_force if row.context in contexts)


def use(rows: tuple[Command, ...]) -> None:
    """The table with other keys, for the whole program; called once, before the first screen."""
    global _in_force
    _in_force = rows


def all_commands() -> tuple[Command, ...]:
    """The table as it is in force."""
    return _in_force


def clashes(commands: Iterable[Command]) -> list[str]:
    """Every key that two rows of one screen want, or that begins another's chord, as a sentence."""
    found: list[str] = []
    seen: dict[tuple[str, str], Command] = {}
    for row in commands:
        place = "browser" if row.context in BROWSER else row.context  # these keys work side by side
        for key in row.keys:
            other = seen.setdefault((place, key), row)
            if other is not row:
                found.append(f"{key_label(key)} is both {other.id} and {row.id}")
    for (context, chord), row in seen.items():
        first = chord.split(" ")[0]
        if " " in chord and (context, first) in seen:
            found.append(f"{key_label(first)} is {seen[context, first].id} and begins {key_label(chord)} ({row.id})")
    return found


class Keymap:
    """The keys of some contexts; `feed` takes one key at a time and holds the beginning of a chord."""

    def __init__(self, *contexts: Context) -> None:
        self.commands = in_context(*contexts)
        self._by_key: dict[str, Command] = {}
        for context in reversed(contexts):  # of two contexts the first named wins
            for row in in_context(context):
                self._by_key.update(dict.fromkeys(row.keys, row))
        self.pending = ""

    def feed(self, key: str) -> Command | None:
        """The command that this key completes; None when there is none or a chord has begun (see `pending`)."""
        chord = f"{self.pending} {key}" if self.pending else key
        command = self._by_key.get(chord)
        is_beginning = any(known.startswith(f"{chord} ") for known in self._by_key)
        self.pending = chord if is_beginning and command is None else ""
        return command

    def at_once(self, key: str) -> Command | None:
        """The command of this key alone, where it asks nothing."""
        command = self._by_key.get(key)
        return None if command is None or command.title.endswith("…") else command

    def hints(self) -> list[tuple[str, Command]]:
        """What may follow the pending keys."""
        start = f"{self.pending} "
        return [(key[len(start) :], row) for key, row in self._by_key.items() if key.startswith(start)]


def markdown_table() -> str:
    """The key table of the README: one line a command of the browser, its groups in order."""
    lines = ["| | keys | |", "|---|---|---|"]
    for row in in_context(*BROWSER):
        keys = " ".join(f"`{key_label(key)}`" for key in row.keys)
        lines.append(f"| {row.group} | {keys} | {row.help[0].upper()}{row.help[1:]} |")
    return "\n".join(lines)
