"""Keys of one's own: a preset and a file of changes, checked for clashes before they are used.

preset = "mc"

[keys]
delete = ["D", "f8"]
usage = ["u u"]
"""

import tomllib
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from storage_tui.tui.commands import COMMANDS, Command, clashes

Keys = Mapping[str, tuple[str, ...]]

PRESETS: dict[str, Keys] = {
    "vim": {},  # the table as it is
    "mc": {
        "mark": ("insert", "ctrl+t", "space"),
        "mark-invert": ("*",),
        "view": ("f3",),
        "open": ("enter", "right"),
        "parent": ("left", "backspace", "ctrl+pageup"),
        "copy-menu": ("f2", "y"),
        "rescue": ("f6", "c"),
        "upload": ("f7", "u"),
        "palette": ("f9", ":", "ctrl+p"),
        "go-to": ("alt+c", "ctrl+l"),
        "find": ("alt+question_mark", "f"),
        "places": ("ctrl+backslash", "'"),
    },
}


def commands_of(path: Path) -> tuple[tuple[Command, ...], list[str]]:
    """The table with the keys that the file asks for, and what is wrong with it as sentences.

    Where a key would mean two things the table stays as it was, so that no command is lost by a typing error. Blocks.
    """
    try:
        raw = tomllib.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        return COMMANDS, []
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as exc:
        return COMMANDS, [f"{path.name}: cannot be read as TOML: {exc}"]
    problems = [
        f"unknown setting {name!a}; there are preset and keys" for name in raw if name not in ("preset", "keys")
    ]
    preset, own = raw.get("preset", "vim"), raw.get("keys", {})
    if preset not in PRESETS:
        problems.append(f"unknown preset {preset!a:.40}; there are {', '.join(PRESETS)}")
    wanted = dict(PRESETS.get(preset, {}) if isinstance(preset, str) else {})
    known = {row.id for row in COMMANDS}
    for name, keys in own.items() if isinstance(own, dict) else ():
        if name not in known:
            problems.append(f"unknown command {name!a:.40}")
        elif not isinstance(keys, list) or not keys or not all(isinstance(key, str) and key.strip() for key in keys):
            problems.append(f'the keys of {name} must be a list such as ["D", "f8"]')
        else:
            wanted[name] = tuple(keys)
    rows = tuple(replace(row, keys=wanted[row.id]) if row.id in wanted else row for row in COMMANDS)
    found = clashes(rows)
    if found:
        rows = COMMANDS
        problems += [f"{clash}; the keys stay as they were" for clash in found]
    return rows, [f"{path.name}: {problem}" for problem in problems]
