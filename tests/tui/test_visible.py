"""Untrusted text: what reaches the terminal is only ever drawn."""

import ast
import unicodedata
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.segment import Segment
from textual.color import Color

import storage_tui.tui
from storage_tui.contract.visible import visible
from storage_tui.tui.terminal.output_net import OutputNet

SOURCES = sorted(Path(storage_tui.tui.__file__).parent.rglob("*.py"))
TAKE_MARKUP = {"Static", "Label", "Button", "notify", "panic", "Checkbox", "OptionList", "add_row", "add_option"}
NEVER = {"from_markup", "border_title", "border_subtitle", "tooltip", "sub_title"}


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain name.tif", "plain name.tif"),
        ("\x1b[31mred\x9b", "\\x1b[31mred\\x9b"),
        ("a\tb\nc", "a\\tb\\nc"),
        ("a\u202eb\u200b", "a\\u202eb\\u200b"),
        ("\ud800", "\\ud800"),
        ("\ufdd0\U0010ffff", "\\ufdd0\\U0010ffff"),
        ("\U000e0041\ufe0f", "\\U000e0041\\ufe0f"),
        ("e" + "\u0301" * 9, "e" + "\u0301" * 4),
        ("\u0301x", "\\u0301x"),
        ("日本語 [bold]", "日本語 [bold]"),
    ],
)
def test_visible_escapes_what_acts_or_hides(text: str, shown: str) -> None:
    assert visible(text) == shown


@given(st.text(alphabet=st.characters(exclude_categories=())))
def test_visible_text_has_nothing_that_a_terminal_obeys(text: str) -> None:
    categories = {unicodedata.category(character) for character in visible(text)}
    assert not categories & {"Cc", "Cf", "Cs", "Zl", "Zp"}


def test_long_text_is_cut() -> None:
    assert visible("x" * 50, limit=10) == "x" * 9 + "…"


def test_the_net_catches_what_slipped_through() -> None:
    net, background = OutputNet(), Color(0, 0, 0)
    clean = [Segment("fine")]
    assert net.apply(clean, background) is clean
    caught = net.apply([Segment("a\x1b]52;c;eA==\x07b\u202ec")], background)
    assert caught[0].text == "a?]52;c;eA==?b?c"


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.name)
def test_no_text_reaches_a_widget_as_markup(path: Path) -> None:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Attribute):
            assert node.attr not in NEVER, f"{path.name}:{node.lineno} {node.attr} takes markup"
        if not isinstance(node, ast.Call) or not node.args:
            continue
        name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
        if name in TAKE_MARKUP:
            assert _is_content(node.args[0]), f"{path.name}:{node.lineno} {name} is given text that could be markup"


def _is_content(node: ast.expr) -> bool:
    if isinstance(node, ast.Constant):
        return node.value == ""
    return isinstance(node, ast.Call) and ast.unparse(node.func).endswith(
        ("Content", "Content.styled", "Content.assemble", "_content")
    )
