"""Make untrusted text safe to draw: a character that a terminal would obey or hide is shown as an escape.

Keys, headers, server messages and previews are written by others. These characters are escaped: control characters
(C0, DEL, C1), bidi and other format characters, zero-width and filler characters, variation selectors, tags, line
separators, lone surrogates and noncharacters. A run of combining marks is cut to four. All other characters stay as
they are. A notebook gets rows of text as an HTML table, in which all text is escaped.
"""

import unicodedata
from collections.abc import Iterable, Sequence
from datetime import datetime
from functools import lru_cache

from storage_tui.contract.keys import Location

COMBINING_RUN = 4  # no script stacks more; longer runs are drawn over neighbouring rows
SHORT = {"\t": "\\t", "\n": "\\n", "\r": "\\r"}
INVISIBLE = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0")  # fillers and joiners that draw nothing


def visible(text: str, *, limit: int | None = None) -> str:
    """Return `text` with an escape such as `\\x1b` or `\\u202e` for each character that acts on a terminal or hides.

    A longer result is cut to `limit` characters, of which the last is `…`. Tabs and line ends are escaped too:
    a caller splits a text of several lines first.
    """
    shown = text if text.isascii() and text.isprintable() else _escape(text)
    if limit is not None and len(shown) > limit:
        return shown[: max(limit - 1, 0)] + "…"
    return shown


def place_text(location: Location) -> str:
    """Return a place as a sentence names it: `tmp`, `tmp:maps/`."""
    return visible(str(location).removesuffix(":"))


def is_plain(text: str) -> bool:
    """Return whether `visible` leaves `text` unchanged."""
    return visible(text) == text


@lru_cache(maxsize=8192)  # a few screens of rows; a key is at most 1024 bytes
def _escape(text: str) -> str:
    pieces: list[str] = []
    run = 0
    for position, character in enumerate(text):
        category = unicodedata.category(character)
        if category in ("Mn", "Me") and not _is_hidden(character, category):
            run += 1
            if run > COMBINING_RUN:
                continue
            pieces.append(_escape_character(character) if position == 0 else character)
            continue
        run = 0
        pieces.append(_escape_character(character) if _is_hidden(character, category) else character)
    return "".join(pieces)


def _is_hidden(character: str, category: str) -> bool:
    code = ord(character)
    return (
        category in ("Cc", "Cf", "Cs", "Zl", "Zp")
        or character in INVISIBLE
        or 0xFE00 <= code <= 0xFE0F
        or 0x180B <= code <= 0x180F
        or 0xE0000 <= code <= 0xE0FFF
        or 0xFDD0 <= code <= 0xFDEF
        or code & 0xFFFE == 0xFFFE
    )


def _escape_character(character: str) -> str:
    code = ord(character)
    if character in SHORT:
        return SHORT[character]
    if code < 0x100:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def one_line(text: str) -> str:
    """Return the text with `?` for every character that could break a line or a terminal, for logs and headers."""
    return "".join(character if character.isprintable() else "?" for character in text)


def html_table(rows: Iterable[Sequence[str]], *, heads: Sequence[str] = (), note: str = "") -> str:
    """Return one HTML table: a row for each sequence of cells, then `note` as a paragraph. All text is escaped."""
    from html import escape  # its tables of characters are large, and only notebooks need them

    top = "".join(f"<th>{escape(head)}</th>" for head in heads)
    body = "".join(f"<tr>{''.join(f'<td>{escape(cell)}</td>' for cell in row)}</tr>" for row in rows)
    below = f"<p>{escape(note)}</p>" if note else ""
    return f"<table>{f'<tr>{top}</tr>' if top else ''}{body}</table>{below}"


def time_cell(moment: datetime | None) -> str:
    """Return a time as a table cell shows it, in UTC to the minute; the empty text for None."""
    return "" if moment is None else moment.strftime("%Y-%m-%d %H:%M UTC")
