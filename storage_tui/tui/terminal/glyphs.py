"""The widths of characters on terminals: which are sure, and which each terminal measures in its own way.

Rich, tmux, xterm, VTE and kitty agree on letters of one cell and on Chinese, Japanese and Korean of two. They differ
on emoji (skin tones, flags, joined families, new ones), on marks that join a letter (Devanagari, Tamil, Thai), and on
Hangul in single letters, private and unassigned characters.
"""

import unicodedata
from functools import lru_cache

from rich.cells import get_character_cell_size

EMOJI_FROM = 0x1F000  # from here to the end of this plane: pictures, flags, skin tones
CJK_FROM, CJK_PLANE = (
    0x2E80,
    0x20000,
)  # the first character of two cells on which all agree; and the planes of rare ones
JOINED_LETTERS = "\u0e33\u0eb3"  # Thai and Lao AM: letters that some terminals draw into the cell before
UNSURE = frozenset(("Mn", "Mc", "Me", "Cf", "Cs", "Cn", "Co", "Cc"))


@lru_cache(4096)
def is_single(character: str) -> bool:
    """Return whether every terminal draws the character in one cell."""
    return (
        get_character_cell_size(character) == 1
        and unicodedata.category(character) not in UNSURE
        and not EMOJI_FROM <= ord(character) < CJK_PLANE
        and character not in JOINED_LETTERS
    )


@lru_cache(4096)
def is_double(character: str) -> bool:
    """Return whether every terminal draws the character in two cells."""
    code = ord(character)
    return (
        (CJK_FROM <= code < EMOJI_FROM or code >= CJK_PLANE)
        and get_character_cell_size(character) == 2
        and unicodedata.east_asian_width(character) in "WF"
        and unicodedata.category(character) not in UNSURE
    )


def is_agreed(text: str) -> bool:
    """Return whether every terminal draws the text in the same number of cells."""
    return all(is_single(character) or is_double(character) for character in text)


def most_cells(text: str) -> int:
    """Return the number of cells that a terminal may need at most."""
    return sum(1 if is_single(character) else 2 for character in text)


@lru_cache(2048)
def parts_of(text: str) -> tuple[tuple[str, bool], ...]:
    """Return the parts of a text, each with True where every character has one cell.

    The other parts are words: they end before the next two spaces, which they include with all spaces that follow. A
    word begins with the character before its first wide or joined one, to which a mark belongs.
    """
    parts: list[tuple[str, bool]] = []
    start = at = 0
    while at < len(text):
        if is_single(text[at]):
            at += 1
            continue
        begin = at - 1 if at > start and text[at - 1] != " " else at
        gap = text.find("  ", at + 1)
        end = len(text) if gap < 0 else len(text) - len(text[gap:].lstrip(" "))
        if begin > start:
            parts.append((text[start:begin], True))
        parts.append((text[begin:end], False))
        start = at = end
    if start < len(text):
        parts.append((text[start:], True))
    return tuple(parts)
