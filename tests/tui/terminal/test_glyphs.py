"""Names that terminals measure differently: whatever a terminal makes of a name, the rest of its row stays in place."""

import unicodedata
from collections.abc import Callable

import pyte
import pytest
from rich.cells import cell_len

from storage_tui.tui.terminal.glyphs import is_agreed, most_cells, parts_of
from storage_tui.tui.terminal.painter import Painter

COLUMNS, NAME = 60, 30
SIZE = "27.5 B"

NAMES = {
    "Devanagari": "क्षि.txt",
    "Devanagari, long": "नमस्ते दुनिया क्षत्रिय.csv",
    "Tamil": "கொடு கோபுரம்.txt",
    "Thai": "น้ำตก ฐานข้อมูล.txt",
    "Lao": "ນ້ຳ.txt",
    "Khmer": "ភាសាខ្មែរ.txt",
    "Myanmar": "မြန်မာဘာသာ.txt",
    "Tibetan": "བོད་ཡིག.txt",
    "skin tone": "👍🏽.txt",
    "skin tone of a sign": "\u261d\U0001f3fd.txt",
    "family": "👩\u200d👩\u200d👧.txt",
    "flag": "🇩🇪🇫🇷.txt",
    "half a flag": "🇩.txt",
    "flag of tags": "🏴\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f.txt",
    "heart with a selector": "❤\ufe0f.txt",
    "keycap": "1\ufe0f\u20e3.txt",
    "emoji of Unicode 15": "\U0001fae8.txt",
    "emoji of Unicode 16": "\U0001fac6\U0001fae9.txt",
    "unassigned": "\U0001fbff\u0378.txt",
    "private": "\ue0b0\uf8ff\U000f0001.txt",
    "combining": "e\u0301\u0323o\u0308.txt",
    "Hangul in letters": "\u1112\u1161\u11ab\u1100\u1173\u11af.txt",
    "Arabic": "مَرْحَبًا.txt",
    "Hebrew with points": "שָׁלוֹם.txt",
    "Zalgo": "Z\u0351\u036b\u0343\u036aA\u0334\u0335\u033b.txt",
    "Japanese": "日本語のファイル名.txt",
    "voiced mark": "か\u3099.txt",
    "Korean": "한국어.txt",
    "fullwidth": "ｆｕｌｌ\u3000ｗ.txt",
    "as wide as its column": "👍🏽" * (NAME // 2),
    "as long as its column": "क्षि" * (NAME // 2),
    "dingbats": "✈✔☎⌚⏰⭐.txt",
    "Latin": "Ünï-αβγ-кириллица….txt",
}


def _by_wcwidth(character: str) -> int:
    return cell_len(character)


def _all_wide(character: str) -> int:
    return 1 if character.isascii() or (is_agreed(character) and cell_len(character) == 1) else 2


def _marks_take_a_cell(character: str) -> int:
    return max(1, cell_len(character))


def _emoji_are_narrow(character: str) -> int:
    return cell_len(character) if is_agreed(character) else min(1, cell_len(character))


TERMINALS: dict[str, Callable[[str], int]] = {
    "as Rich": _by_wcwidth,
    "every unsure character is wide": _all_wide,
    "every mark has a cell": _marks_take_a_cell,
    "no emoji is wide": _emoji_are_narrow,
}


def row_of(name: str, y: int, size: str = SIZE) -> str:
    """One row as Textual sends it: name, spaces and size in one run of text, an age in another."""
    pad = " " * (NAME - cell_len(name) + 4)
    return f"\x1b[{y};3H\x1b[1m{name}{pad}{size}\x1b[0m\x1b[2m   12d\x1b[0m▕ next{' ' * 7}\x1b[1;1H"


@pytest.mark.parametrize("terminal", TERMINALS)
@pytest.mark.parametrize("name", NAMES)
def test_what_follows_a_name_stays_in_its_columns(monkeypatch: pytest.MonkeyPatch, terminal: str, name: str) -> None:
    monkeypatch.setattr(pyte.screens, "wcwidth", TERMINALS[terminal])
    screen = pyte.Screen(COLUMNS, 4)
    stream, painter = pyte.Stream(screen), Painter(COLUMNS, 4)
    stream.feed("\x1b[?7l")  # as the program has it
    column = 2 + NAME + 4
    wanted = f" {SIZE}   12d▕ next"
    stream.feed(painter.paint(row_of(NAMES[name], 2) + row_of("plain.txt", 3)))
    assert _cells(screen, 1, column - 1).startswith(wanted)
    stream.feed(painter.paint(row_of("plain.txt", 2) + row_of(NAMES[name], 3)))
    assert _cells(screen, 2, column - 1).startswith(wanted)
    assert _cells(screen, 1, 0) == f"  plain.txt{' ' * (NAME - 9 + 3)}{wanted}".ljust(COLUMNS)
    stream.feed(painter.paint(row_of(NAMES[name], 3, "99.9 B")))
    assert _cells(screen, 2, column - 1).startswith(wanted.replace(SIZE, "99.9 B"))


def _cells(screen: pyte.Screen, y: int, start: int) -> str:
    return "".join(screen.buffer[y][x].data or "\0" for x in range(start, COLUMNS))


@pytest.mark.parametrize("name", NAMES)
def test_the_parts_of_a_name_are_the_name(name: str) -> None:
    text = f"ab {NAMES[name]}   12  {NAMES[name]} x"
    parts = parts_of(text)
    assert "".join(part for part, _ in parts) == text
    assert sum(cell_len(part) for part, _ in parts) == cell_len(text)
    assert all(cell_len(part) == len(part) and is_agreed(part) for part, is_plain in parts if is_plain)
    assert most_cells(NAMES[name]) >= cell_len(NAMES[name])


def test_ideographs_and_syllables_are_sure_and_letters_of_one_cell_stay_cheap() -> None:
    assert is_agreed("日本語のファイル名 한국어 ｆｕｌｌ Ünï-αβγ …▌●─")
    assert not any(is_agreed(NAMES[name]) for name in ("skin tone", "flag", "Devanagari", "Thai", "combining"))
    assert parts_of("Ünï-αβγ…  12 B") == (("Ünï-αβγ…  12 B", True),)
    assert unicodedata.category("\u0e33") == "Lo" and not is_agreed("\u0e33")
