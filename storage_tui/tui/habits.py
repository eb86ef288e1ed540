"""Keys that people press by habit of other file browsers, and the commands here that do what is meant.

The keys are those of yazi, ranger, lf and mc, of tabs in web browsers, and of editors. None of them has a command in
the browser; a key that a person has given a command is that command's.
"""

from collections.abc import Mapping

from storage_tui.contract.visible import visible
from storage_tui.tui.commands import SIDES, Keymap, key_label

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


def words_without_command(keymap: Keymap, before: str, key: str) -> str:
    """Return the words for a key that has no command in the context of the keymap; `before` is the first of two keys.

    On the main screen a key of other programs has the keys that do the same here.
    """
    chord = f"{before} {key}" if before else key
    keys, context = visible(key_label(chord)), keymap.context
    by_id = {row.id: row for row in keymap.commands}
    meant = [by_id[name] for name in HABITS.get(chord, ()) if context in SIDES and name in by_id]
    if meant:
        hints = ", ".join(f"{key_label(row.keys_of(context)[0])} is {row.title.rstrip('….').lower()}" for row in meant)
        return f"{keys} does nothing here; {hints}"
    way_out = next((by_id[name] for name in ("help", "close") if name in by_id), None)
    if way_out is None:
        return f"{keys} does nothing here"
    return f"{keys} does nothing here; {key_label(way_out.keys_of(context)[0])} is {way_out.word}"
