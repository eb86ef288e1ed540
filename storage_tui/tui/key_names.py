"""The names of keys in keys.toml: Textual's name, the sign itself, or the label of help."""

import re

from textual.keys import Keys, _character_to_key

from storage_tui.tui.commands import KEY_LABELS

SIGNS = {_character_to_key(chr(code)): chr(code) for code in range(ord("!"), ord("~") + 1)}
"""The sign of each of Textual's names, as the command table writes the sign: question_mark is ?."""
SIGN_NAMES = {sign: name for name, sign in SIGNS.items()}
NAMES = {key.value for key in Keys if re.fullmatch("[a-z]+[0-9]*", key.value)}
LABELS = {label.lower(): key for key, label in KEY_LABELS.items()}
SHORT = {"c": "ctrl", "m": "alt", "s": "shift"}
_MODIFIER = re.compile(r"(?:(ctrl|alt|shift)\+|([cms])-)(?=.)", re.IGNORECASE)


def key_name(written: str) -> str:
    """Return a key or a chord as the command table writes it: `C-d` is ctrl+d, `PgDn` is pagedown, `shift+u` is U.

    Raises ValueError with the part that is not a key.
    """
    return " ".join(map(_one, written.split()))


def _one(written: str) -> str:
    rest, modifiers = written, set()
    while (found := _MODIFIER.match(rest)) is not None:
        modifiers.add((found[1] or SHORT[found[2].lower()]).lower())
        rest = rest[found.end() :]
    named = LABELS.get(rest.lower(), rest if len(rest) == 1 else rest.lower())
    base = SIGNS.get(named, named)
    if len(base) > 1 and base not in NAMES:
        raise ValueError(written)
    if len(base) == 1 and modifiers == {"shift"}:
        base, modifiers = base.upper(), set()
    if not modifiers:
        return base
    if len(base) == 1:
        base = SIGN_NAMES.get(base.lower(), base.lower())
    return "+".join((*sorted(modifiers), base))
