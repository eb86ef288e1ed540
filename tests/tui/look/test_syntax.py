"""The colours of text: the roles of its words, in the preview as in the viewer."""

from typing import Any

import pytest
from rich.style import Style

from storage_tui import Storage
from storage_tui.previews.syntax import colours_of, find_colours
from storage_tui.tui.widgets.row_preview import RowPreview


def roles(name: str, line: str) -> list[tuple[str, str]]:
    find = find_colours(name)
    assert find is not None
    return [(line[start:stop], role) for start, stop, role in find(line)]


@pytest.mark.parametrize(
    ("name", "line", "wanted"),
    [
        ("a.sql", "select count(*) from t where x >= 1.5 -- all",
         [("select", "word"), ("count", "head"), ("from", "word"), ("where", "word"), ("1.5", "number"),
          ("-- all", "comment")]),
        ("a.sql", "INSERT INTO \"a b\" VALUES ('it''s', NULL)",
         [("INSERT", "word"), ("INTO", "word"), ('"a b"', "key"), ("VALUES", "word"), ("'it''s'", "string"),
          ("NULL", "word")]),
        ("a.sql", "/* open", [("/* open", "comment")]),
        ("a.yaml", "- name: true # yes", [("- name", "key"), ("true", "word"), (" # yes", "comment")]),
        ("a.md", "# Head", [("# Head", "head")]),
        ("a.json", '"a": [1, null]', [('"a"', "key"), ("1", "number"), ("null", "word")]),
    ],
)  # fmt: skip
def test_words_have_roles(name: str, line: str, wanted: list[tuple[str, str]]) -> None:
    assert roles(name, line) == wanted


def test_printed_json_is_coloured_whatever_its_name_and_other_lines_only_as_text() -> None:
    assert colours_of("JSON", "no-end", "data", is_text=False) is not None
    assert colours_of("CSV", "a.json", "data", is_text=False) is None
    assert colours_of("text", "a.sql", "data", is_text=True) is not None
    assert colours_of("text", "a.unknown", "data", is_text=True) is None


def inks(pane: RowPreview, word: str) -> set[str]:
    """The colours in which the pane draws a word."""
    found = set()
    for strip in pane.render_lines(pane.size.region):
        for segment in strip:
            if word in segment.text and isinstance(segment.style, Style) and segment.style.color is not None:
                found.add(segment.style.color.name)
    return found


async def test_the_preview_colours_text_and_json(store: Storage, browse: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    store.set("a.sql", b"select 12 from plots -- remark\n")
    store.set("b", b'{"crop": "wheat", "size": 12}')
    async with browse() as browser:
        await browser.shows("remark")
        pane = browser.main.pane
        colours = browser.app.theme_variables
        assert inks(pane, "select") == {colours["secondary"]} and inks(pane, "12") == {colours["warning"]}
        assert inks(pane, "remark") == {colours["text-muted"]} and inks(pane, "plots") == {colours["foreground"]}
        await browser.press("j")
        await browser.shows("wheat")
        assert inks(pane, "crop") == {colours["primary"]} and inks(pane, "wheat") == {colours["success"]}
    monkeypatch.setenv("NO_COLOR", "1")
    async with browse() as browser:
        await browser.shows("remark")
        assert len(inks(browser.main.pane, "select") | inks(browser.main.pane, "remark")) <= 1
