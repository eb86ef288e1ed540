"""The painter, which sends the terminal only the changed cells: fewer bytes over a slow line.

Textual paints whole rows, each run of text with its full style. The painter keeps the content of the screen, cell by
cell, and turns such an update into moves, changes of style and the changed cells. All other output (modes, the
clipboard, the title) passes unchanged. Output that clears or switches the screen makes the painter forget the content.

Terminals do not agree on the width of emoji and of many scripts (see `glyphs.py`). So what follows such a word, after
two spaces or more, is put at its place by the number of its column: the word may look odd, but a size stays where
sizes are.
"""

import re
from functools import lru_cache

from rich.cells import cell_len

from storage_tui.tui.terminal.glyphs import is_agreed, most_cells, parts_of

_TOKEN = re.compile(r"\x1b\[(\d+);(\d+)H|\x1b\[([\d;]*)m|(\n)|([^\x1b\x00-\x1f\x7f]+)")
_SYNC_ON, _SYNC_OFF = "\x1b[?2026h", "\x1b[?2026l"
SYNC_FROM_BYTES = 400  # a smaller update is drawn before anyone could see half of it
GAP_CELLS = 4  # this many unchanged cells are cheaper to send again than to step over
OFF = {"1": "22", "2": "22", "3": "23", "4": "24", "5": "25", "7": "27", "8": "28", "9": "29"}

LEVELS = (0, 95, 135, 175, 215, 255)  # of the colour cube of 256-colour terminals (xterm, ctlseqs)
PALETTE = {
    **{
        (LEVELS[at // 36], LEVELS[at // 6 % 6], LEVELS[at % 6]): 16 + at for at in range(6, 216)
    },  # people change 16..21
    **{(grey, grey, grey): 232 + at for at, grey in enumerate(range(8, 248, 10))},
}
_TRUE_COLOUR = re.compile(r"([34]8);2;(\d+);(\d+);(\d+)")

SEEN_ON_SPACES = ("4", "7", "9", "21", "53")  # lines, and ink in the colour of the background

Parsed = tuple[tuple[str, ...], str, str]
"""Attributes, foreground, background; empty for the terminal's own."""


class Painter:
    """Keeps the content of a screen of `columns` x `rows`, and finds short output for the next update."""

    def __init__(self, columns: int = 0, rows: int = 0) -> None:
        self._columns, self._rows = columns, rows
        self._cells: list[list[tuple[str, str]]] = []
        self._style = ""
        self._cursor: tuple[int, int] | None = None
        self._rest: tuple[int, int] | None = None
        self._held = ""
        self.forget()

    def forget(self, columns: int | None = None, rows: int | None = None) -> None:
        """Forget the content of the screen, so that everything is sent again."""
        self._columns = self._columns if columns is None else columns
        self._rows = self._rows if rows is None else rows
        self._cells = [[("", "")] * self._columns for _ in range(self._rows)]
        self._cursor = self._rest = None

    def paint(self, data: str) -> str:
        """Return the output that replaces `data`."""
        if data == _SYNC_ON:
            self._held = data
            return ""
        if data == _SYNC_OFF:
            was_held, self._held = bool(self._held), ""
            return "" if was_held else data
        tokens = self._read(data)
        if tokens is None:
            return self._pass(data)
        update = self._draw(tokens)
        if self._held and len(update) >= SYNC_FROM_BYTES:
            update, self._held = self._held + update, ""
        return update

    def _pass(self, data: str) -> str:
        if "\x1b[?1049" in data or "\x1b[2J" in data or "\x1b[H" in data or "\x1bc" in data:
            self.forget()
        held, self._held = self._held, ""
        reset, self._style = "\x1b[0m" if self._style else "", ""
        self._cursor = None
        return held + reset + data

    def _read(self, data: str) -> list[tuple[str, ...]] | None:
        """Return the parts of an update of the screen; None for other data."""
        tokens = []
        at = 0
        for match in _TOKEN.finditer(data):
            if match.start() != at:
                return None
            tokens.append(match.groups(default=""))
            at = match.end()
        return tokens if at == len(data) and tokens and tokens[0][0] else None

    def _draw(self, tokens: list[tuple[str, ...]]) -> str:
        out: list[str] = []
        x = y = 0
        style = ""
        for row, column, codes, line, text in tokens:
            if row:
                x, y = int(column) - 1, int(row) - 1
            elif text:
                x = self._put(out, x, y, text, style)
            elif line:
                y += 1
            else:
                style = "" if codes in ("", "0") else short(f"{style};{codes}" if style else codes)
        if (x, y) != self._rest and tokens[-1][0]:  # the place where the cursor stays, for input methods
            self._rest = (x, y)
            self._move(out, x, y)
        return "".join(out)

    def _put(self, out: list[str], x: int, y: int, text: str, style: str) -> int:
        for part, is_plain in ((text, True),) if text.isascii() else parts_of(text):
            if not is_plain:
                x = self._put_word(out, x, y, part, style)
            elif y < self._rows and x + len(part) <= self._columns:
                x = self._put_cells(out, x, y, part, style)
            else:
                self._move(out, x, y)
                self._write(out, part, style)
                self._cursor = None
                x += len(part)
        return x

    def _put_cells(self, out: list[str], x: int, y: int, text: str, style: str) -> int:
        """Send the changed cells of a text whose characters have one cell each."""
        cells = len(text)
        row = self._cells[y]
        blank = background(style)
        fresh = [(character, style if character != " " else blank) for character in text]
        if row[x : x + cells] == fresh:
            return x + cells
        known = row[x : x + cells]
        row[x : x + cells] = fresh
        start = 0
        while start < cells:
            if known[start] == fresh[start]:
                start += 1
                continue
            end = gap = start + 1
            while gap < cells and gap - end < GAP_CELLS:
                gap += 1
                if known[gap - 1] != fresh[gap - 1]:
                    end = gap
            self._move(out, x + start, y)
            self._write(out, text[start:end], style)
            self._cursor = (x + end, y) if x + end < self._columns else None
            start = end
        return x + cells

    def _put_word(self, out: list[str], x: int, y: int, text: str, style: str) -> int:
        """Send a word with wide or joined characters whole, and the spaces after the word.

        The content of its cells and their neighbours is unknown afterwards. A word that a terminal may draw in more or
        fewer cells is drawn over spaces, and what the word may have covered is sent again.
        """
        word = text.rstrip(" ") or text
        end = x + cell_len(word) + len(text) - len(word)
        is_sure = is_agreed(word)
        if not is_sure:
            self._move(out, x, y)
            self._write(out, " " * (end - x), style)
            self._cursor = None
        self._move(out, x, y)
        self._write(out, text if is_sure else word, style)
        self._cursor = None
        if y >= self._rows:
            return end
        row, reach = self._cells[y], min(end, self._columns) if is_sure else min(x + most_cells(word), self._columns)
        covered = [(at, *row[at]) for at in range(end, reach) if row[at][0]]
        for at in range(max(0, x - 1), min(self._columns, max(end, reach) + 1)):
            row[at] = ("", "")
        if reach >= end > x + cell_len(word):  # a word that fills its column and more: one space stays after it
            self._put_cells(out, end - 1, y, " ", style)
        for at, character, old_style in covered:
            self._put_cells(out, at, y, character, old_style)
        return end

    def _move(self, out: list[str], x: int, y: int) -> None:
        if self._cursor == (x, y):
            return
        if self._cursor is not None and self._cursor[1] == y and x > self._cursor[0]:
            steps = x - self._cursor[0]
            out.append(f"\x1b[{steps}C" if steps > 1 else "\x1b[C")
        else:
            out.append(f"\x1b[{y + 1};{x + 1}H" if x else f"\x1b[{y + 1}H")
        self._cursor = (x, y)

    def _write(self, out: list[str], text: str, style: str) -> None:
        if style != self._style:
            inked = text.lstrip(" ")
            if background(style) == background(self._style):  # spaces look alike in any colour of ink
                out.append(text[: len(text) - len(inked)])
                text = inked
            if text:
                out.append(change(self._style, style))
                self._style = style
        out.append(text)


@lru_cache(4096)
def short(style: str) -> str:
    """Return the same style with colours by number, where the terminal's palette has them: half the bytes."""
    return _TRUE_COLOUR.sub(_numbered, style)


def _numbered(colour: re.Match[str]) -> str:
    place, red, green, blue = colour.groups()
    number = PALETTE.get((int(red), int(green), int(blue)))
    return colour[0] if number is None else f"{place};5;{number}"


@lru_cache(4096)
def background(style: str) -> str:
    """Return the part of a style that a space shows."""
    parsed = _parse(style)
    if parsed is None:
        return style
    attributes, _, colour = parsed
    if any(code in attributes for code in SEEN_ON_SPACES):
        return style
    return colour


@lru_cache(4096)
def change(before: str, after: str) -> str:
    """Return the shortest control sequence from one style to another. A style is the codes that follow a reset."""
    if not after:
        return "\x1b[m"
    whole = f"\x1b[0;{after}m"
    old, new = _parse(before), _parse(after)
    if old is None or new is None:
        return whole
    codes = [OFF[code] for code in old[0] if code not in new[0]]
    lost = {code for code in ("1", "2") if code in old[0] and "22" in codes}
    codes = list(dict.fromkeys(codes))
    codes += [code for code in new[0] if code not in old[0] or code in lost]
    codes += [new[1] or "39"] if new[1] != old[1] else []
    codes += [new[2] or "49"] if new[2] != old[2] else []
    step = f"\x1b[{';'.join(codes)}m" if codes else ""
    return min(step, whole, key=len)


@lru_cache(4096)
def _parse(style: str) -> Parsed | None:
    """Sort the codes of a style; None for a code that is not known here."""
    attributes: list[str] = []
    colours = {"3": "", "4": ""}
    codes = style.split(";") if style else []
    while codes:
        code = codes.pop(0)
        if code in ("38", "48"):
            count = {"5": 1, "2": 3}.get(codes[0] if codes else "")
            if count is None or len(codes) <= count:
                return None
            colours[code[0]] = ";".join([code, *codes[: count + 1]])
            del codes[: count + 1]
        elif code in OFF:
            attributes.append(code)
        elif code.isdecimal() and (30 <= int(code) <= 37 or 90 <= int(code) <= 97):
            colours["3"] = code
        elif code.isdecimal() and (40 <= int(code) <= 47 or 100 <= int(code) <= 107):
            colours["4"] = code
        elif code in ("39", "49"):
            colours[code[0]] = ""
        else:
            return None
    return tuple(dict.fromkeys(attributes)), colours["3"], colours["4"]
