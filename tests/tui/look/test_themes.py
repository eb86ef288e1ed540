"""The themes: enough contrast for every text, colours that cost few bytes, and a choice that is remembered."""

import pytest
from textual.color import Color
from textual.theme import Theme

from storage_tui.tui.terminal.painter import PALETTE
from storage_tui.tui.theme import DARK, LIGHT

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
