"""The themes: enough contrast for every text, colours that cost few bytes, and a choice that is remembered."""

from pathlib import Path
from typing import Any

import pytest
from textual.color import Color
from textual.theme import Theme

from storage_tui import Storage
from storage_tui.tui.terminal.painter import PALETTE
from storage_tui.tui.theme import DARK, LIGHT, SIXTEEN, THEME_FILE, next_theme, read_theme

TEXT, MUTED = 4.5, 3.0  # the least ratios, WCAG 2.2 success criteria 1.4.3 and 1.4.11
TEXTS = ("foreground", "primary", "secondary", "accent", "success", "warning", "error", "text-warning", "kind-raster",
         "kind-table", "kind-region", "kind-archive", "kind-model", "kind-log", "size-huge")  # fmt: skip

QUIET = ("text-muted", "age-old")


def colours(theme: Theme) -> dict[str, Color]:
    found = {**theme.to_color_system().generate(), **theme.variables}
    return {name: Color.parse(found[name]) for name in (*TEXTS, *QUIET, "background", "panel", "border")}


def luminance(colour: Color) -> float:
    """Relative luminance as WCAG 2.2 defines it."""
    red, green, blue = (
        value / 255 / 12.92 if value / 255 <= 0.04045 else ((value / 255 + 0.055) / 1.055) ** 2.4
        for value in colour.rgb
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: Color, other: Color) -> float:
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("theme", [DARK, LIGHT], ids=lambda theme: theme.name)
@pytest.mark.parametrize("ground", ["background", "panel"])
def test_every_text_can_be_read_on_its_ground(theme: Theme, ground: str) -> None:
    found = colours(theme)
    ratios = {name: contrast(found[name], found[ground]) for name in TEXTS}
    assert not {name: ratio for name, ratio in ratios.items() if ratio < TEXT}
    assert all(contrast(found[name], found[ground]) >= MUTED for name in QUIET)


@pytest.mark.parametrize("theme", [DARK, LIGHT], ids=lambda theme: theme.name)
def test_every_colour_is_sent_by_its_number(theme: Theme) -> None:
    assert not {name: colour.hex for name, colour in colours(theme).items() if colour.rgb not in PALETTE}


async def test_a_key_goes_through_the_themes_and_the_choice_is_kept(
    store: Storage, browse: Any, tmp_path: Path
) -> None:
    store.set("a.csv", "x,y\n1,2\n3,4\n")
    async with browse() as browser:
        await browser.shows("a.csv")
        assert browser.app.theme == DARK.name
        await browser.press("g", "c")
        await browser.shows("colours of storage-light")
        ink = Color.parse(LIGHT.variables["kind-table"]).rgb

        def inks() -> set[Any]:
            strip = browser.main.keys.render_line(1)
            return {segment.style.color.triplet for segment in strip if segment.style and segment.style.color}

        await browser.until(lambda: ink in inks())
        kept = tmp_path / "state" / THEME_FILE
        await browser.until(lambda: kept.exists() and kept.read_text() == LIGHT.name)
    async with browse() as browser:
        await browser.shows("a.csv")
        assert browser.app.theme == LIGHT.name
        await browser.press("g", "c")
        await browser.until(lambda: browser.app.theme == SIXTEEN.name and browser.app.native_ansi_color)
        await browser.shows("a.csv")


def test_only_our_own_themes_are_remembered(tmp_path: Path) -> None:
    assert read_theme(tmp_path) is None
    for content, wanted in ((b"storage-16\n", "storage-16"), (b"nord", None), (b"\xff\x00" * 99, None), (b"", None)):
        (tmp_path / THEME_FILE).write_bytes(content)
        assert read_theme(tmp_path) == wanted
    assert [next_theme(name) for name in ("storage-dark", "storage-16", "nord")] == [
        "storage-light", "storage-dark", "storage-dark",
    ]  # fmt: skip
