"""Keys that people press by habit of other file browsers, and the commands here that do what is meant.

The keys are those of yazi, ranger, lf and mc, of tabs in web browsers, and of editors. None of them has a command in
the browser; a key that a person has given a command is that command's.
"""

from collections.abc import Mapping

HABITS: Mapping[str, tuple[str, ...]] = {
    "f2": ("palette", "shell"),
    "f7": ("new-blob", "upload"),
    "f9": ("palette", "profiles"),
    ".": ("filter", "mark-where"),
    ",": ("sort", "sort-reverse"),
    ";": ("shell", "palette"),
    "|": ("shell",),
    "@": ("shell",),
    "-": ("mark-where", "mark-invert"),
    "*": ("mark-invert", "mark-all"),
    "\\": ("mark-invert", "filter"),
    "N": ("filter", "find"),
    "ctrl+s": ("filter", "find"),
    "z": ("places", "find"),
    "W": ("transfers",),
    "I": ("details",),
    "A": ("new-blob", "keep-longer"),
    "`": ("places",),
    '"': ("places",),
    "Q": ("quit", "close-tab"),
    "ctrl+w": ("close-tab",),
    "ctrl+t": ("new-tab",),
    "ctrl+n": ("new-tab", "new-blob"),
    "g n": ("new-tab",),
    "{": ("previous-tab",),
    "}": ("next-tab",),
    **dict.fromkeys("67890", ("next-tab", "go-to")),
    "ctrl+o": ("suspend", "back"),
    "ctrl+e": ("preview-down",),
    "ctrl+y": ("preview-up",),
    "g h": ("go-root", "go-to"),
    "g e": ("last",),
    "g /": ("go-root",),
}
"""The ids of commands by the key that is pressed for them elsewhere, the likeliest first."""
