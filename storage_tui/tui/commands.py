"""Every command of the browser as one row. Keys, footer, help, palette and the README's key table come from here.

A new command is a row in COMMANDS and a method `action_<id>` (dashes as underscores) on a target of each screen that
the command works on: on the screen, or on an object that the screen owns. Keys have Textual's names; `g g` is a chord:
one key after the other.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Literal

from storage_tui.contract.storage_types import STORAGE_TYPES

Context = Literal[
    "browser", "local", "flat", "usage", "viewer", "transfers", "lines", "map", "raster", "trash", "contents", "sync",
    "table",
]  # fmt: skip
"""A screen that takes keys; `local` is the local side of the main screen, `flat` is clean-up and search, `contents` the
search inside, `lines` is help, log and details, `table` a table on the whole screen."""

Keys = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Command:
    """One row: the effect of a command, its contexts, and its keys.

    `keys` count in every context but those that `keys_in` names. `short` is the word in the footer. With a
    `storage_type` the method is `action_show_type`, which takes that type."""

    id: str
    keys: Keys
    title: str
    help: str
    group: str
    contexts: tuple[Context, ...] = ("browser",)
    short: str = ""
    keys_in: Mapping[Context, Keys] = field(default_factory=dict, hash=False)
    storage_type: str = ""

    def changes_store(self, context: Context) -> bool:
        """Return whether the command changes the store. On the local side only what goes across does."""
        return self.id in ACROSS if context == "local" else self.id in CHANGES

    @property
    def action(self) -> str:
        """The name of the method that carries the command out."""
        return "action_show_type" if self.storage_type else f"action_{self.id.replace('-', '_')}"

    @property
    def word(self) -> str:
        """The name of the command in a word or two, for the footer."""
        return self.short or self.title.rstrip("….").lower()

    def keys_of(self, context: Context) -> Keys:
        """Return the keys in a context."""
        return self.keys_in.get(context, self.keys)


EVERYWHERE: tuple[Context, ...] = (
    "browser", "local", "flat", "usage", "viewer", "transfers", "lines", "map", "raster", "trash", "contents", "sync",
    "table",
)  # fmt: skip
ROWS: tuple[Context, ...] = ("browser", "flat")  # lists of rows that can be marked one by one
SIDES: tuple[Context, ...] = ("browser", "local")  # both sides of the main screen
STORE: tuple[Context, ...] = ("browser", "flat", "usage")  # the screens that show the store: their rows have actions
BLOBS: tuple[Context, ...] = (*STORE, "viewer")
BUSY: tuple[Context, ...] = (*BLOBS, "transfers", "trash", "sync", "contents")  # all but the lists that are only read
LISTS: tuple[Context, ...] = ("flat", "usage", "transfers", "lines", "trash", "contents", "sync")

CANVASES: tuple[Context, ...] = ("raster", "map")  # what is moved and zoomed on the whole screen

MOVE, OPEN, CHOOSE, ACT, SHOW, PROGRAM = "Move", "Open", "Choose", "Act", "Look", "Program"

# The commands that change blobs, and those of them that do so from the local side.
ACROSS = frozenset(("copy-across", "move-across"))
CHANGES = frozenset((
    "upload", "delete", "move-across", "edit", "new-blob", "keep-longer", "rename", "take-move", "paste",
    "move-to", "undo", "bring-back", "purge", "retry-delete", "rescue",
    "content-type", "thaw",
))  # fmt: skip

COMMANDS: tuple[Command, ...] = (
    Command("down", ("j", "down"), "Down", "next row", MOVE, EVERYWHERE),
    Command("up", ("k", "up"), "Up", "row before", MOVE, EVERYWHERE),
    Command(
        "half-down",
        ("ctrl+d",),
        "Half a page down",
        "half a page down",
        MOVE,
        EVERYWHERE,
        keys_in=dict.fromkeys(LISTS, ("ctrl+d", "pagedown")),
    ),
    Command(
        "half-up",
        ("ctrl+u",),
        "Half a page up",
        "half a page up",
        MOVE,
        EVERYWHERE,
        keys_in=dict.fromkeys(LISTS, ("ctrl+u", "pageup")),
    ),
    Command(
        "page-down",
        ("pagedown", "ctrl+f"),
        "Page down",
        "a page down",
        MOVE,
        (*SIDES, "viewer", "table"),
        keys_in={"viewer": ("space", "pagedown", "ctrl+f"), "table": ("space", "pagedown", "ctrl+f")},
    ),
    Command(
        "page-up",
        ("pageup", "ctrl+b"),
        "Page up",
        "a page up",
        MOVE,
        (*SIDES, "viewer", "table"),
        keys_in={"viewer": ("b", "pageup", "ctrl+b"), "table": ("b", "pageup", "ctrl+b")},
    ),
    Command("first", ("g g", "home"), "First row", "first row", MOVE, EVERYWHERE),
    Command("last", ("G", "end"), "Last row", "last row; stays at the end while rows arrive", MOVE, EVERYWHERE),
    Command("view-left", ("h", "left"), "Left", "move sideways to the left", MOVE, ("viewer", *CANVASES)),
    Command("view-right", ("l", "right"), "Right", "move sideways to the right", MOVE, ("viewer", *CANVASES)),
    Command("column-left", ("h", "left"), "Column left", "go to the column at the left", MOVE, ("table",)),
    Command("column-right", ("l", "right"), "Column right", "go to the column at the right", MOVE, ("table",)),
    Command("column-first", ("0", "^"), "First column", "go to the first column", MOVE, ("table",)),
    Command("column-last", ("$",), "Last column", "go to the last column", MOVE, ("table",)),
    Command(
        "table-cell", ("enter",), "Open cell", "open the cell whole, nested values as a tree", OPEN, ("table",), "cell"
    ),
    Command(
        "view-table",
        ("t",),
        "As a table",
        "show all rows in columns: sort, filter, measure",
        OPEN,
        ("viewer",),
        "table",
    ),
    Command("zoom-in", ("+", "="), "Zoom in", "show half as much, twice as large", MOVE, CANVASES),
    Command("zoom-out", ("-",), "Zoom out", "show twice as much, half as large", MOVE, CANVASES),
    Command("zoom-fit", ("0",), "Fit", "show the whole raster, or all layers of the map", MOVE, CANVASES),
    Command("zoom-one", ("1",), "1:1", "show one pixel to the width of a cell", MOVE, ("raster",)),
    Command(
        "open",
        ("l", "right", "enter"),
        "Open",
        "open the folder, or view the blob on the whole screen",
        OPEN,
        (*SIDES, "usage"),
    ),
    Command("parent", ("h", "left", "backspace"), "Parent folder", "go up one folder", OPEN, (*SIDES, "usage"), "up"),
    Command("back", ("H", "alt+left", "["), "Back", "go to the place before this one", OPEN, SIDES),
    Command("forward", ("alt+right", "]"), "Forward", "go to the place that the way back left", OPEN),
    Command(
        "go-to",
        ("g l", "ctrl+l"),
        "Go to location…",
        "type a location such as tmp:maps/2024/, a local path, or another place for a tab: s3://BUCKET",
        OPEN,
        SIDES,
    ),
    Command("pair", ("b",), "Result or log", "go from a result to the log of its task, and back", OPEN),
    Command("bookmark", ("m",), "Bookmark this place…", "keep this place under a letter", OPEN),
    Command(
        "places", ("'",), "Bookmarks and recent places…", "go to a recent place, or by a letter to its bookmark", OPEN
    ),
    Command(
        "find",
        ("f",),
        "Find below here…",
        "search all keys below: words, *.glob, ~fuzzy, >1GB, <24h",
        OPEN,
        ROWS,
        keys_in={"flat": ("f", "/")},
    ),
    Command(
        "search-contents",
        ("F",),
        "Search inside…",
        "search the contents below here, or of the marks, for a regular expression",
        OPEN,
        (*ROWS, "contents"),
        "search",
        keys_in={"contents": ("F", "/", "f")},
    ),
    Command(
        "find-types",
        ("ctrl+t",),
        "Search all types",
        "search all storage types, or only below here again",
        OPEN,
        ("flat",),
        "all types",
    ),
    Command(
        "open-match",
        ("enter", "l", "right"),
        "Open at the match",
        "view the blob at the line that matches",
        OPEN,
        ("contents",),
        "open",
    ),
    Command(
        "show-in-folder",
        ("enter", "l", "right"),
        "Show in its folder",
        "open the folder of the blob in the list",
        OPEN,
        ("flat",),
        "go to",
    ),
    Command(
        "show-in-list", ("b",), "Show in the list", "open this place in the list", OPEN, ("usage", "contents"), "list"
    ),
    Command(
        "view-open",
        ("enter",),
        "Open or fold",
        "open the table, the map or the member, fold JSON",
        OPEN,
        ("viewer",),
        "open",
    ),
    Command("view-fold-more", ("-",), "One level less", "show one level of JSON less", OPEN, ("viewer",)),
    Command("view-fold-less", ("+", "="), "One level more", "show one level of JSON more", OPEN, ("viewer",)),
    Command("new-tab", ("T",), "New tab", "open another tab at this place", OPEN),
    Command("next-tab", ("g t",), "Next tab", "show the next tab", OPEN),
    Command("previous-tab", ("g T",), "Tab before", "show the tab before", OPEN),
    Command("close-tab", ("g q",), "Close the tab", "close this tab", OPEN),
    Command(
        "go-root",
        ("g r", "~"),
        "Top of the type",
        "go to the top of this storage type, on the local side to the home folder",
        OPEN,
        SIDES,
    ),
    *(
        Command(f"type-{number}", (str(number),), f"Show {name}", f"show storage type {name}", OPEN, storage_type=name)
        for number, name in enumerate(STORAGE_TYPES, 1)
    ),
    Command("filter", ("/",), "Filter…", "show matching names only: words, *.glob, ~fuzzy", CHOOSE, SIDES),
    Command("mark", ("space", "insert"), "Mark", "mark the row and go down", CHOOSE, (*STORE, "local", "trash")),
    Command("mark-range", ("v",), "Mark a range", "start a range; the same key ends it", CHOOSE, (*ROWS, "local")),
    Command("mark-all", ("ctrl+a",), "Mark all", "mark all rows shown, or none", CHOOSE, (*ROWS, "local", "trash")),
    Command("mark-invert", ("V",), "Invert marks", "mark the others of the rows shown", CHOOSE, (*ROWS, "local")),
    Command(
        "mark-where",
        ("+",),
        "Mark by pattern…",
        "mark by name, age, expiry, size: *.npy >3d <24h >1GB",
        CHOOSE,
        (*ROWS, "local"),
        "mark by",
    ),
    Command(
        "sort",
        ("o",),
        "Sort by the next column",
        "sort by name, size, age, expiry, type in turn",
        CHOOSE,
        (*STORE, "local"),
        "sort",
    ),
    Command("sort-reverse", ("O",), "Reverse the order", "reverse the order", CHOOSE, (*ROWS, "local")),
    Command("search-lines", ("/",), "Search…", "show only the lines with these words", CHOOSE, ("lines",), "search"),
    Command("view-search", ("/",), "Find…", "find words from here on, reading on as needed", CHOOSE, ("viewer",)),
    Command("view-next", ("n",), "Next match", "go to the next match", CHOOSE, ("viewer",)),
    Command("view-previous", ("N",), "Match before", "go to the match before", CHOOSE, ("viewer",)),
    Command(
        "view-choose", ("v",), "Choose lines", "select lines from here; the same key drops them", CHOOSE, ("viewer",)
    ),
    Command(
        "download",
        ("d", "f5"),
        "Download…",
        "download the marked rows, or this row, to a local folder",
        ACT,
        STORE,
        keys_in={"browser": ("d",)},
    ),
    Command("upload", ("u",), "Upload…", "upload a local file or folder to here", ACT),
    Command(
        "delete",
        ("D", "f8", "delete"),
        "Delete…",
        "delete the marked rows, or this row, after a question; local ones go to the trash",
        ACT,
        (*STORE, "local"),
    ),
    Command(
        "compare-folder",
        ("S",),
        "Compare with a local folder…",
        "compare this folder with a local one: see the plan, tick, run",
        ACT,
        short="sync",
    ),
    Command("tick", ("space", "insert"), "Tick", "tick the row, or not, and go down", CHOOSE, ("sync",)),
    Command(
        "tick-all", ("ctrl+a",), "Tick all moves", "tick all moves, or none; deletes stay", CHOOSE, ("sync",), "all"
    ),
    Command("turn-around", ("tab",), "Other direction", "make the other side the target", CHOOSE, ("sync",), "turn"),
    Command(
        "run-plan",
        ("enter",),
        "Run",
        "move what is ticked in the transfer queue; ticked deletes are asked at the end",
        ACT,
        ("sync",),
    ),
    Command(
        "copy-across",
        ("f5",),
        "Copy to the other side…",
        "copy the marked rows, or this row, to the other side; without a local side, download",
        ACT,
        SIDES,
        "copy over",
        keys_in={"local": ("f5", "u")},
    ),
    Command(
        "move-across",
        ("f6",),
        "Move to the other side…",
        "copy to the other side, then delete here what arrived whole; without a local side, upload",
        ACT,
        SIDES,
        "move over",
    ),
    Command(
        "table-filter",
        ("/",),
        "Filter…",
        'show the rows where `depth < .2 and name ~ "north"`',
        CHOOSE,
        ("table",),
        "filter",
    ),
    Command("table-equal", (",",), "Only this value", "show the rows with the value of this cell", CHOOSE, ("table",)),
    Command(
        "table-ascending", ("[",), "Sort up", "sort by this column, the smallest first", CHOOSE, ("table",), "sort"
    ),
    Command("table-descending", ("]",), "Sort down", "sort by this column, the greatest first", CHOOSE, ("table",)),
    Command("table-sql", ("Q",), "SQL…", "ask in SQL; the filter and the order stand there", CHOOSE, ("table",), "SQL"),
    Command(
        "table-other", ("T",), "Next table", "show the next table of a file with several", CHOOSE, ("table",), "table"
    ),
    Command("table-copy", ("y",), "Copy", "copy the query; without one, this cell", ACT, ("table",)),
    Command(
        "edit",
        ("e", "f4"),
        "Edit…",
        "edit the blob in $VISUAL or $EDITOR; asks before it writes back; a local file is edited where it is",
        ACT,
        ("browser", "flat", "viewer", "local"),
    ),
    Command("new-blob", ("n",), "New blob…", "type a name, then write the blob in the editor", ACT, short="new"),
    Command("keep-longer", ("a",), "Keep seven more days", "keep blobs of tmp for seven more days", ACT, ROWS, "keep"),
    Command(
        "content-type", ("E",), "Content type…", "give the marked blobs, or this one, another content type", ACT, ROWS
    ),
    Command("thaw", ("g a",), "Ask the archive…", "ask the archive of a bucket for archived blobs", ACT, ROWS),
    Command(
        "rename",
        ("r",),
        "Rename…",
        "rename the row; with marks, their names in $VISUAL or $EDITOR",
        ACT,
        (*ROWS, "local"),
    ),
    Command("take-copy", ("C",), "Take for copying", "take rows to copy them elsewhere", ACT, ROWS, "take"),
    Command("take-move", ("X", "ctrl+x"), "Take for moving", "take rows to move them elsewhere", ACT, ROWS, "cut"),
    Command(
        "paste",
        ("g p", "ctrl+v"),
        "Paste here…",
        "move or copy what was taken here, also in another tab",
        ACT,
    ),
    Command("move-to", (">",), "Move or copy to…", "move or copy rows to a typed folder", ACT, ROWS, "move to"),
    Command(
        "undo",
        ("Z",),
        "Take back…",
        "take back the last change, after saying what that does",
        ACT,
        (*STORE, "local", "sync"),
        "undo",
    ),
    Command("trash", ("g z",), "Trash", "list what was deleted or replaced below here and can come back", ACT),
    Command("bring-back", ("enter", "b"), "Bring back", "bring back the marked versions, or this one", ACT, ("trash",)),
    Command("purge", ("D",), "Remove for good…", "remove the marked versions, or this one, for good", ACT, ("trash",)),
    Command("retry-delete", ("g R",), "Retry the failed deletes", "try the failed deletes again", ACT, STORE),
    Command(
        "rescue", ("c",), "Rescue to data", "copy the marked rows, or this row, from tmp to data", ACT, STORE, "rescue"
    ),
    Command(
        "copy-menu",
        ("y",),
        "Copy…",
        "copy the key, the location, a signed URL, a line for Python, curl or a shell",
        ACT,
        STORE,
        "copy",
    ),
    Command("copy-url", ("Y",), "Copy a signed URL", "make a signed URL and show it masked", ACT, STORE),
    Command(
        "shell",
        ("!",),
        "Shell command…",
        "run a shell command on the marked blobs, or this one, downloaded or piped",
        ACT,
        ROWS,
    ),
    Command("view-copy", ("y",), "Copy", "copy the chosen lines, or this line, to the clipboard", ACT, ("viewer",)),
    Command(
        "view-save", ("s",), "Save range…", "save the bytes chosen or in view to a local file", ACT, ("viewer",), "save"
    ),
    Command("raster-save", ("s",), "Save…", "save the window as a GeoTIFF, or the picture as a PNG", ACT, ("raster",)),
    Command("raster-copy", ("y",), "Copy", "copy the view as a line for rasterio", ACT, ("raster",)),
    Command("map-copy", ("y",), "Copy", "copy the view as a line for geopandas", ACT, ("map",)),
    Command("view-pager", ("|",), "Open in $PAGER…", "download, then open in $PAGER; asks first", ACT, ("viewer",)),
    Command(
        "transfer-pause", ("p", "space"), "Pause or continue", "pause or continue this transfer", ACT, ("transfers",)
    ),
    Command("transfer-limit", ("b",), "Limit the rate…", "set the most bytes a second", ACT, ("transfers",), "limit"),
    Command("transfer-cancel", ("x", "D"), "Cancel", "stop this transfer", ACT, ("transfers",)),
    Command("transfer-retry", ("r",), "Retry", "try this transfer again", ACT, ("transfers",)),
    Command(
        "transfer-open",
        ("enter", "l", "right"),
        "Open",
        "show the files of this job, failures first",
        OPEN,
        ("transfers",),
        "open",
    ),
    Command(
        "transfer-pause-all",
        ("P",),
        "Pause or continue all",
        "pause all transfers, or continue all",
        ACT,
        ("transfers",),
        "pause all",
    ),
    Command(
        "transfer-retry-all",
        ("R",),
        "Retry all failed",
        "try all failed transfers again",
        ACT,
        ("transfers",),
        "retry all",
    ),
    Command("transfer-cancel-all", ("X",), "Cancel all", "stop all transfers", ACT, ("transfers",)),
    Command(
        "transfer-clear", ("c",), "Clear finished", "forget the transfers that have ended", ACT, ("transfers",), "clear"
    ),
    Command("view", ("f3",), "View", "view the blob on the whole screen, whatever its size", SHOW, (*SIDES, "flat")),
    Command(
        "view-go", (":",), "Go to offset…", "go to an offset: 4096, 0x1000, 1.5M, 50%", SHOW, ("viewer",), "offset"
    ),
    Command(
        "table-go", (":",), "Go to row…", "go to a row by its number, or a share such as 50%", SHOW, ("table",), "row"
    ),
    Command(
        "table-measure",
        ("I",),
        "Column statistics",
        "count, extremes, mean, frequent values, histogram",
        SHOW,
        ("table",),
        "statistics",
    ),
    Command("column-wider", (">", "+"), "Wider", "make this column wider", SHOW, ("table",)),
    Command("column-narrower", ("<",), "Narrower", "make this column narrower", SHOW, ("table",)),
    Command("column-hide", ("-",), "Hide column", "hide this column", SHOW, ("table",), "hide"),
    Command("columns-show", ("U", "g v"), "Show columns", "show the hidden columns again", SHOW, ("table",)),
    Command(
        "column-freeze", ("!",), "Freeze column", "keep this column in view at the left", SHOW, ("table",), "freeze"
    ),
    Command("column-move-left", ("H",), "Move column left", "move this column to the left", SHOW, ("table",)),
    Command("column-move-right", ("L",), "Move column right", "move this column to the right", SHOW, ("table",)),
    Command(
        "view-mode",
        ("x",),
        "As hex or text",
        "show the blob as found, as text, as hex, as JSON",
        SHOW,
        ("viewer",),
        "hex/text",
    ),
    Command(
        "view-graphics",
        ("X",),
        "Picture in pixels",
        "draw a picture in half blocks, by kitty graphics, as sixel",
        SHOW,
        ("viewer",),
    ),
    Command("view-wrap", ("W",), "Wrap", "wrap long lines or cut them", SHOW, ("viewer",)),
    Command("view-follow", ("F",), "Follow", "stay at the end of a growing blob", SHOW, ("viewer",)),
    Command("cross-hair", ("c",), "Cross-hair", "show place and values at a cell; the arrows move it", SHOW, CANVASES),
    Command(
        "band-next", ("]",), "Next band", "show the next band alone, or the next step of an array", SHOW, ("raster",)
    ),
    Command(
        "band-previous", ("[",), "Band before", "show the band, or the step of an array, before", SHOW, ("raster",)
    ),
    Command("level-next", (">",), "Next level", "step along the second further axis of an array", SHOW, ("raster",)),
    Command("level-previous", ("<",), "Level before", "step back along that axis", SHOW, ("raster",)),
    Command("steps", (":",), "Steps…", "type an index for each further axis of an array", SHOW, ("raster",)),
    Command("variable-next", ("n",), "Next variable", "show the next variable of the file", SHOW, ("raster",)),
    Command("variable", ("V",), "Variable…", "choose a variable by its name", SHOW, ("raster",)),
    Command("bands", ("b",), "Bands…", "choose one band, or three as red, green, blue", SHOW, ("raster",)),
    Command("stretch", ("t",), "Stretch", "2–98 %, least to most, std dev, 0–255 in turn", SHOW, ("raster",)),
    Command("stretch-limits", ("T",), "Stretch by hand…", "type the limits of the stretch", SHOW, ("raster",)),
    Command(
        "stretch-views", ("v",), "Stretch per view", "stretch each view by itself, or all like this", SHOW, ("raster",)
    ),
    Command("ramp", ("r",), "Ramp", "draw one band in the next colours in turn", SHOW, ("raster",)),
    Command("hill-shade", ("H",), "Hill shade", "shade the heights of one band", SHOW, ("raster",)),
    Command("graticule", ("#",), "Graticule", "draw lines of round coordinates", SHOW, ("raster",)),
    Command("raster-column", ("i",), "Legend", "show or hide the legend and the facts", SHOW, CANVASES),
    Command("raster-cells", ("X",), "Quadrants or halves", "draw four quadrants or two halves", SHOW, ("raster",)),
    Command("raster-mode", ("x",), "As hex or text", "show the bytes of the blob", SHOW, CANVASES, "hex/text"),
    Command("map", ("M",), "Map of the marked", "show the marked blobs with shapes, and rasters, on one map", SHOW),
    Command(
        "feature-next", ("n",), "Next feature", "choose the next feature, and show it in the middle", SHOW, ("map",)
    ),
    Command(
        "feature-previous",
        ("N",),
        "Feature before",
        "choose the feature before, and show it in the middle",
        SHOW,
        ("map",),
    ),
    Command("feature-here", ("enter",), "Feature here", "choose the feature under the cross-hair", SHOW, ("map",)),
    Command("feature-fit", ("z",), "Zoom to it", "show the chosen feature as large as the view allows", SHOW, ("map",)),
    Command("layer-next", ("]",), "Next layer", "go to the next layer", SHOW, ("map",)),
    Command("layer-previous", ("[",), "Layer before", "go to the layer before", SHOW, ("map",)),
    Command("layer-show", ("v",), "Show or hide", "show or hide this layer", SHOW, ("map",)),
    Command("layer-fit", ("f",), "Fit the layer", "show all of this layer", SHOW, ("map",)),
    Command("map-labels", ("b",), "Labels", "label the features with the next property in turn", SHOW, ("map",)),
    Command("measure", ("d",), "Distance", "measure from the cross-hair on, in metres", SHOW, ("map",)),
    Command("map-graticule", ("#",), "Graticule", "show or hide lines of whole degrees", SHOW, ("map",)),
    Command("preview", ("p",), "Preview on or off", "show or hide the preview", SHOW, SIDES, "preview"),
    Command("preview-down", ("J",), "Preview down", "scroll the preview", SHOW, SIDES),
    Command("preview-up", ("K",), "Preview up", "scroll the preview back", SHOW, SIDES),
    Command(
        "preview-mode", ("x",), "Preview as hex or text", "show the preview as found, as text, as hex", SHOW, SIDES
    ),
    Command("clean-up", ("t",), "Clean up tmp", "list all that expires, soonest first: mark, review, delete", SHOW),
    Command("usage", ("U",), "Usage tree", "show count and bytes below each folder", SHOW),
    Command(
        "details",
        ("i", "tab"),
        "Details",
        "show everything known about the row",
        SHOW,
        (*BLOBS, "contents"),
        keys_in={"browser": ("i",)},
    ),
    Command(
        "compare",
        ("=",),
        "Compare two blobs",
        "show what differs between the marked blob and this one, or two marked",
        SHOW,
        ROWS,
    ),
    Command(
        "local-side", ("s",), "Local side on or off", "show or hide a list of local files", SHOW, SIDES, "local files"
    ),
    Command(
        "other-side",
        ("tab",),
        "Other side",
        "go to the other side; without a local side, show everything known about the row",
        SHOW,
        SIDES,
        "other side",
    ),
    Command("hidden", (".",), "Hidden names", "show or hide the names that begin with a dot", SHOW, ("local",)),
    Command(
        "refresh",
        ("R", "ctrl+r"),
        "Refresh",
        "read the list again; the cursor stays",
        SHOW,
        (*BLOBS, "local", "trash", "sync", *CANVASES),
    ),
    Command(
        "transfers",
        ("w",),
        "Transfers",
        "show running, finished and failed transfers",
        SHOW,
        (*STORE, "local", "sync", "contents"),
    ),
    Command(
        "log",
        ("L",),
        "Log",
        "show what happened, with the causes of errors",
        SHOW,
        (*STORE, "local", "trash", "sync", "contents"),
    ),
    Command("profiles", ("P",), "Profiles…", "open another server of the settings file in a tab", PROGRAM, SIDES),
    Command("help", ("?", "f1"), "Help", "show all keys", PROGRAM, (*BUSY, "local", *CANVASES, "table")),
    Command(
        "palette", (":", "ctrl+p"), "Command palette…", "find a command by name", PROGRAM, (*STORE, "local", "contents")
    ),
    Command(
        "theme", ("g c",), "Next colours", "go through dark, light and sixteen colours", PROGRAM, (*STORE, "local")
    ),
    Command(
        "suspend",
        ("ctrl+z",),
        "Suspend",
        "go to the shell; fg comes back",
        PROGRAM,
        (*BUSY, "local", *CANVASES, "table"),
    ),
    Command(
        "peel",
        ("escape",),
        "Esc",
        "stop reading, leave the filter, drop the marks: one at a time",
        PROGRAM,
        (*BLOBS, "local", "trash", "contents", *CANVASES, "table"),
    ),
    Command(
        "close",
        ("escape", "q", "f10", "h", "left"),
        "Close",
        "go back to the list",
        PROGRAM,
        (*LISTS, "viewer", *CANVASES, "table"),
        keys_in={
            "raster": ("q", "f3", "f10"),
            "map": ("q", "f3", "f10"),
            "flat": ("q", "f10", "h", "left"),
            "usage": ("q", "f10"),
            "viewer": ("q", "f3", "f10"),
            "table": ("q", "f3", "f10"),
            "trash": ("q", "f10", "h", "left"),
            "contents": ("q", "f10", "h", "left"),
        },
    ),
    Command(
        "quit",
        ("q", "f10", "ctrl+c"),
        "Quit",
        "leave; transfers go on, and those that cannot are asked about",
        PROGRAM,
        SIDES,
    ),
)

FOOTERS: Mapping[Context, tuple[str, ...]] = {
    "browser": (
        "open", "parent", "download", "upload", "delete", "mark", "filter", "copy-menu", "rename", "transfers",
        "details", "preview", "local-side", "help", "quit", "edit", "undo", "take-move", "take-copy", "paste",
        "move-to", "new-blob", "rescue", "mark-where",
    ),
    "local": (
        "open", "parent", "copy-across", "other-side", "move-across", "delete", "mark", "filter", "local-side",
        "transfers", "preview", "hidden", "help", "quit", "mark-where",
    ),
    "flat": (
        "show-in-folder", "download", "delete", "mark", "copy-menu", "transfers", "close", "details", "help", "rescue",
        "mark-where",
    ),
    "contents": (
        "open-match", "search-contents", "show-in-list", "transfers", "close", "details", "help",
    ),
    "usage": (
        "open", "parent", "download", "show-in-list", "delete", "mark", "sort", "copy-menu", "transfers", "close",
        "details", "help", "rescue",
    ),
    "viewer": (
        "view-search", "view-table", "view-mode", "view-follow", "view-go", "view-wrap", "view-copy", "view-save",
        "close", "help",
    ),
    "transfers": (
        "transfer-open", "transfer-pause", "transfer-cancel", "transfer-retry", "transfer-pause-all",
        "transfer-retry-all", "transfer-cancel-all", "transfer-clear", "transfer-limit", "close", "help",
    ),
    "sync": ("tick", "tick-all", "turn-around", "run-plan", "transfers", "refresh", "close", "help"),
    "lines": ("search-lines", "close"),
    "trash": ("bring-back", "mark", "mark-all", "purge", "refresh", "log", "close", "help"),
    "map": (
        "zoom-in", "zoom-out", "zoom-fit", "feature-next", "cross-hair", "measure", "layer-next", "layer-show",
        "map-labels", "raster-column", "close", "help", "layer-fit", "feature-fit", "map-graticule", "map-copy",
        "raster-mode",
    ),
    "table": (
        "table-filter", "table-ascending", "table-measure", "table-go", "table-cell", "column-freeze", "column-hide",
        "table-copy", "close", "help", "table-sql",
    ),
    "raster": (
        "zoom-in", "zoom-out", "zoom-fit", "cross-hair", "band-next", "bands", "stretch", "ramp", "raster-column",
        "raster-copy", "raster-save", "raster-mode", "close", "help", "zoom-one", "stretch-limits",
    ),
}  # fmt: skip
"""The commands that the footer of each context shows, the most useful first, as many as fit."""

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
    """Return a key as people write it: `ctrl+d` is C-d, `g g` is gg, `f5` is F5."""
    if " " in key:
        return "".join(map(key_label, key.split(" ")))
    if key.startswith("ctrl+"):
        return f"C-{key[5:]}"
    if key.startswith("alt+"):
        return f"M-{key_label(key[4:])}"
    if len(key) > 1 and key[0] == "f" and key[1:].isdigit():
        return key.upper()
    return KEY_LABELS.get(key, key)


def in_context(context: Context) -> tuple[Command, ...]:
    """Return the commands that work in a context, in the order of the table."""
    return tuple(row for row in _in_force if context in row.contexts)


def footer_of(context: Context, first: Iterable[str] = ()) -> list[Command]:
    """Return the commands that the footer of a context shows, those of `first` before the most useful ones.

    Commands of `first` that do not work in the context are left out."""
    by_id = {row.id: row for row in in_context(context)}
    return [by_id[name] for name in dict.fromkeys((*first, *FOOTERS[context])) if name in by_id]


def use(rows: tuple[Command, ...]) -> None:
    """Use another table of keys in the whole program. Call this once, before the first screen."""
    global _in_force
    _in_force = rows


def clashes(commands: Iterable[Command]) -> list[str]:
    """Return a sentence for each key that two commands of one context want, or that begins another's chord."""
    found: dict[str, None] = {}
    seen: dict[tuple[Context, str], Command] = {}
    for row in commands:
        for context in row.contexts:
            for key in row.keys_of(context):
                other = seen.setdefault((context, key), row)
                if other is not row:
                    found[f"{key_label(key)} is both {other.id} and {row.id}"] = None
    for (context, chord), row in seen.items():
        first = chord.split(" ")[0]
        if " " in chord and (context, first) in seen:
            other = seen[context, first]
            found[f"{key_label(first)} is {other.id} and begins {key_label(chord)} ({row.id})"] = None
    return list(found)


class Keymap:
    """The keys of a context; `feed` takes one key at a time and keeps the beginning of a chord."""

    def __init__(self, context: Context) -> None:
        self.context = context
        self.commands = in_context(context)
        self._by_key = {key: row for row in self.commands for key in row.keys_of(context)}
        self.pending = ""

    def feed(self, key: str) -> Command | None:
        """Return the command that this key completes; None when it completes none or begins a chord (see `pending`)."""
        chord = f"{self.pending} {key}" if self.pending else key
        command = self._by_key.get(chord)
        is_beginning = any(known.startswith(f"{chord} ") for known in self._by_key)
        self.pending = chord if is_beginning and command is None else ""
        return command

    def at_once(self, key: str) -> Command | None:
        """Return the command of this key alone if the command asks nothing; else None."""
        command = self._by_key.get(key)
        return None if command is None or command.title.endswith("…") else command

    def hints(self) -> list[tuple[str, Command]]:
        """Return the keys that may follow the pending keys, with their commands."""
        start = f"{self.pending} "
        return [(key[len(start) :], row) for key, row in self._by_key.items() if key.startswith(start)]


def markdown_table() -> str:
    """Return the key table of the README: one line a command of the main screen, its groups in order."""
    lines = ["| | keys | |", "|---|---|---|"]
    for row in in_context("browser"):
        keys = " ".join(f"`{key_label(key)}`" for key in row.keys_of("browser"))
        lines.append(f"| {row.group} | {keys} | {row.help[0].upper()}{row.help[1:]} |")
    return "\n".join(lines)
