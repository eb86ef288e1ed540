"""The user's own keys: a preset and a file of changes, checked for clashes before they are used.

    preset = "mc"

    [keys]
    delete = ["D", "f8"]
    usage = ["g u"]

The commands are those of the table in commands.py. A key has Textual's name or the label of help.
"""

import tomllib
from collections.abc import Mapping
from dataclasses import replace
from difflib import get_close_matches
from pathlib import Path

from storage_tui.machine.text_files import text_of
from storage_tui.tui.commands import COMMANDS, Command, clashes
from storage_tui.tui.key_names import key_name

Keys = Mapping[str, tuple[str, ...]]

HOW_KEYS_ARE_WRITTEN = 'keys are written as d, D, ctrl+d or C-d, f5, pagedown, "g g"'

PRESETS: dict[str, Keys] = {
    "vim": {},  # the table as it is
    "mc": {
        "mark": ("insert", "ctrl+t", "space"),
        "mark-invert": ("*",),
        "view": ("f3",),
        "open": ("enter", "right"),
        "parent": ("left", "backspace", "ctrl+pageup"),
        "copy-menu": ("f2", "y"),
        "edit": ("f4", "e"),
        "new-blob": ("f16", "n"),  # Shift-F4, as terminals send it
        "rename": ("f18", "r"),  # Shift-F6
        "upload": ("f7", "u"),
        "palette": ("f9", ":", "ctrl+p"),
        "go-to": ("alt+c", "ctrl+l"),
        "find": ("alt+question_mark", "f"),
        "find-types": ("alt+t",),
        "places": ("ctrl+backslash", "'"),
    },
}


def commands_of(path: Path) -> tuple[tuple[Command, ...], list[str]]:
    """Return the table with the keys of the file, and the problems of the file as sentences.

    When a key would have two meanings the table stays unchanged, so that a typing error loses no command. Blocks.
    """
    try:
        raw = tomllib.loads(text_of(path.read_bytes()))
    except FileNotFoundError:
        return COMMANDS, []
    except (OSError, ValueError) as exc:
        return COMMANDS, [f"{path.name}: cannot be read as TOML: {exc}"]
    problems = [
        f"unknown setting {name!a}; the settings are preset and keys" for name in raw if name not in ("preset", "keys")
    ]
    preset, own = raw.get("preset", "vim"), raw.get("keys", {})
    if not isinstance(preset, str) or preset not in PRESETS:
        problems.append(f"unknown preset {preset!a:.40}; there are {', '.join(PRESETS)}")
        preset = "vim"
    wanted = dict(PRESETS[preset])
    known = {row.id for row in COMMANDS}
    if not isinstance(own, dict):
        problems.append('keys must be a table: [keys] and a line for each command, such as delete = ["D", "f8"]')
        own = {}
    for name, keys in own.items():
        if name not in known:
            near = get_close_matches(name, known, n=1)
            hint = f"did you mean {near[0]}?" if near else "storage-tui man lists them under KEYS"
            problems.append(f"unknown command {name!a:.40}; {hint}")
        elif not isinstance(keys, list) or not keys or not all(isinstance(key, str) and key.strip() for key in keys):
            problems.append(f'the keys of {name} must be a list such as ["D", "f8"]')
        else:
            try:
                wanted[name] = tuple(map(key_name, keys))
            except ValueError as exc:
                problems.append(f"{str(exc)!a:.40} of {name} is not a key; {HOW_KEYS_ARE_WRITTEN}")
    rows = tuple(replace(row, keys=wanted[row.id], keys_in={}) if row.id in wanted else row for row in COMMANDS)
    found = clashes(rows)
    if found:
        rows = COMMANDS
        problems += [f"{clash}; the keys stay as they were" for clash in found]
    return rows, [f"{path.name}: {problem}" for problem in problems]
