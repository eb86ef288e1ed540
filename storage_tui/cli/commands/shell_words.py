"""The quotes of bash and zsh: what a line that is being typed says, and how a value is written in the quotes of it.

POSIX, Shell Command Language, 2.2 "Quoting"; `$'…'` as in bash ("ANSI-C Quoting") and zsh. fish has its own.
"""

import re
from dataclasses import dataclass, field

PLAIN = re.compile(r"[A-Za-z0-9_./:=@%+,^-]")
OPENING = {'"': '"', "'": "'", "$'": "'", '$"': '"'}  # how a quote begins, and the character that ends it
_IN_DOUBLE = '\\"$`'  # before these a backslash quotes in double quotes; elsewhere it stays


@dataclass(slots=True)
class Words:
    """The words of a line that ends at the cursor; the last one is empty where none has begun.

    `quote` is the quote that is open at the end, a key of OPENING, or empty. `is_literal` is false when the last word
    holds something that the shell replaces, so that what it means is not known here.
    """

    words: list[str] = field(default_factory=lambda: [""])
    quote: str = ""
    is_literal: bool = True


def split(line: str) -> Words:
    """Split a line as the shells do."""
    found = Words()
    position = 0
    while position < len(line):
        taken = _next(found, line, position)
        position += taken
    return found


def _next(found: Words, line: str, position: int) -> int:
    """Take in what stands at the position; returns how many characters that were."""
    character, following = line[position], line[position + 1 : position + 2]
    text = character
    taken = 1
    is_double = found.quote in ('"', '$"')
    if found.quote and character == OPENING[found.quote]:
        text, found.quote = "", ""
    elif found.quote == "'":
        pass
    elif character == "\\":
        is_kept = is_double and following not in _IN_DOUBLE
        text, taken = (character + following if is_kept else following), 2
        if found.quote == "$'" and following not in ("\\", "'", '"', "?"):
            found.is_literal = False  # a code, such as \n
    elif character in "$`" and found.quote != "$'":
        opening = character + following
        if not found.quote and opening in OPENING:
            text, found.quote, taken = "", opening, 2
        else:
            found.is_literal = False
    elif not found.quote and character in OPENING:
        text, found.quote = "", character
    elif not found.quote and character.isspace() and character.isascii():
        found.words.append("") if found.words[-1] or _ends_word(line, position) else None
        found.is_literal = True
        return 1
    found.words[-1] += text
    return taken


def _ends_word(line: str, position: int) -> bool:
    """Whether an empty word ends here: one in quotes."""
    return position > 0 and line[position - 1] in "'\""


def write(value: str, quote: str) -> str:
    """The value as it stands in an open quote, or with an empty `quote` outside of any, in bash.

    `!` cannot be quoted in double quotes, so it stands in single ones between two parts.
    """
    if quote == "'":
        return value.replace("'", "'\\''")
    if quote == "$'":
        return value.replace("\\", "\\\\").replace("'", "\\'")
    if quote:
        return re.sub(r'[\\"$`]', r"\\\g<0>", value).replace("!", "\"'!'\"")
    return "".join(c if PLAIN.match(c) or not c.isascii() else f"\\{c}" for c in value)
