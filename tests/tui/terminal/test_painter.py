"""The painter: what it writes draws the same screen as what it was given, in fewer bytes."""

import random

import pyte
import pytest
from textual.color import Color

from storage_tui.tui.terminal.painter import Painter, change, short
from storage_tui.tui.theme import DARK

COLUMNS, ROWS = 30, 8
STYLES = ["", "1", "2;38;2;130;138;156", "1;38;2;1;2;3;48;2;17;19;26", "38;2;200;204;212;48;2;17;19;26", "7",
          "3;4;31;44", "38;2;138;138;138;48;2;18;18;18",
          "1;38;2;95;215;175;48;2;38;38;38", "92;104", "38;5;12;48;5;250", "1;2;9", "21;31"]  # fmt: skip
WORDS = ["abc", "   ", "▌● ", "scene_0001.tif", "1.2 GB", "日本", "e\u0301x", "─────", "🛰 sat", "x"]


def drawn(columns: int = COLUMNS, rows: int = ROWS) -> tuple[pyte.Screen, pyte.Stream]:
    screen = pyte.Screen(columns, rows)
    return screen, pyte.Stream(screen)


def same(one: pyte.Screen, other: pyte.Screen) -> bool:
    for y in range(one.lines):
        for x in range(one.columns):
            a, b = one.buffer[y][x], other.buffer[y][x]
            if a.data == b.data == " " and not (a.underscore or a.reverse or a.strikethrough):
                a, b = (cell._replace(fg="", bold=False, italics=False) for cell in (a, b))  # a space shows no ink
            if a != b:
                return False
    return True


def update(pick: random.Random) -> str:
    parts = []
    for _ in range(pick.randint(1, 6)):
        x, y = pick.randint(0, COLUMNS - 1), pick.randint(0, ROWS - 1)
        parts.append(f"\x1b[{y + 1};{x + 1}H")
        for _ in range(pick.randint(1, 3)):
            text, style = pick.choice(WORDS), pick.choice(STYLES)
            if x + 2 * len(text) >= COLUMNS:
                break
            x += 2 * len(text)
            parts.append(f"\x1b[{style}m{text}\x1b[0m" if style else text)
    parts.append("\x1b[1;1H")
    return "".join(parts)


@pytest.mark.parametrize("seed", range(20))
def test_any_update_draws_the_same_screen(seed: int) -> None:
    pick = random.Random(seed)
    (plain, plain_stream), (ours, our_stream) = drawn(), drawn()
    painter = Painter(COLUMNS, ROWS)
    for step in range(150):
        data = update(pick) if step % 40 else "\x1b[0m\x1b[2J"
        plain_stream.feed(data)
        our_stream.feed(painter.paint(data))
        assert same(plain, ours), f"step {step}: {data!r}"


def test_what_is_there_already_costs_nothing_and_a_changed_cell_costs_a_few_bytes() -> None:
    painter = Painter(COLUMNS, ROWS)
    row = "\x1b[3;1H\x1b[38;2;9;9;9mscene_0001.tif\x1b[0m\x1b[1;1H"
    painter.paint(row)
    assert painter.paint(row) == ""
    assert len(painter.paint(row.replace("0001", "0002"))) < 24
    painter.forget()
    assert "scene_0001" in painter.paint(row)


def test_small_updates_need_no_synchronised_output_and_large_ones_get_it() -> None:
    painter = Painter(200, ROWS)
    assert [painter.paint(data) for data in ("\x1b[?2026h", "\x1b[2;1Hx\x1b[1;1H", "\x1b[?2026l")][::2] == ["", ""]
    rows = "\n".join(f"\x1b[{row};1H{'xyz' * 60}" for row in (2, 3, 4))
    large = [painter.paint(data) for data in ("\x1b[?2026h", f"{rows}\x1b[1;1H", "\x1b[?2026l")]
    assert large[0] == "" and large[1].startswith("\x1b[?2026h") and large[2] == "\x1b[?2026l"


def test_everything_else_passes_as_it_is_in_the_terminals_own_style() -> None:
    painter = Painter(COLUMNS, ROWS)
    painter.paint("\x1b[2;1H\x1b[1mbold\x1b[0m")
    assert painter.paint("\x1b]52;c;YQ==\x07") == "\x1b[0m\x1b]52;c;YQ==\x07"
    assert painter.paint("\x1b[?25l") == "\x1b[?25l"


def test_a_colour_of_the_palette_is_sent_by_its_number() -> None:
    assert short("1;38;2;138;138;138;48;2;18;18;18") == "1;38;5;245;48;5;233"
    assert short("38;2;95;215;175") == "38;5;79"
    assert short("38;2;17;19;26;48;2;0;0;95") == "38;2;17;19;26;48;2;0;0;95"
    colours = [DARK.background, DARK.foreground, DARK.panel, DARK.primary, DARK.accent, DARK.warning, DARK.error]
    for colour in map(Color.parse, map(str, colours)):
        assert ";5;" in short(f"38;2;{colour.r};{colour.g};{colour.b}")


def test_a_change_of_style_names_only_what_changes() -> None:
    assert change("38;2;1;1;1;48;2;2;2;2", "38;2;1;1;1;48;2;3;3;3") == "\x1b[48;2;3;3;3m"
    assert change("1;31", "31") == "\x1b[22m"
    assert change("1;2", "2") in ("\x1b[22;2m", "\x1b[0;2m")
    assert change("31", "") == "\x1b[m"
