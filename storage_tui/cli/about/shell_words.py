"""The quotes of bash and zsh: the words of a line that is being typed, and a value written inside its open quote.

Source: POSIX, Shell Command Language, 2.2 "Quoting"; for `$'…'` the manuals of bash ("ANSI-C Quoting") and zsh. fish
has its own quotes.
"""

import re
from dataclasses import dataclass, field

PLAIN = re.compile(r"[A-Za-z0-9_./:=@%+,^-]")
OPENING = {'"': '"', "'": "'", "$'": "'", '$"': '"'}  # the start of a quote, and the character that ends it
_IN_DOUBLE = '\\"$`'  # in double quotes a backslash quotes only these; before others it stays


@dataclass(slots=True)
class Words:
    """The words of a line that ends at the cursor. The last word is empty when no word has begun.

    `quote` is the quote that is open at the end, a key of OPENING, or empty. `is_literal` is false when the last word
    contains something that the shell replaces: then the meaning of the word is not known here.
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
    """Add the character or quote at the position to the words. Return how many characters were read."""
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
    """Return whether an empty word, which must be in quotes, ends here."""
    return position > 0 and line[position - 1] in "'\""


def write(value: str, quote: str) -> str:
    """Return the value as written in bash inside an open quote, or outside of quotes when `quote` is empty.

    `!` cannot be quoted in double quotes, so it is written in single quotes between two parts.
    """
    if quote == "'":
        return value.replace("'", "'\\''")
    if quote == "$'":
        return value.replace("\\", "\\\\").replace("'", "\\'")
    if quote:
        return re.sub(r'[\\"$`]', r"\\\g<0>", value).replace("!", "\"'!'\"")
    return "".join(c if PLAIN.match(c) or not c.isascii() else f"\\{c}" for c in value)
