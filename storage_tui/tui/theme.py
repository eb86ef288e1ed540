"""The look: three quiet themes, and the choice of the theme for a terminal.

The colours of the dark and the light theme are those of the 256-colour palette, so they are the same on every terminal.
The painter names them by number, which halves the bytes of a cursor step. The theme of sixteen colours has the
terminal's own, and the terminal's background.
"""

from collections.abc import Mapping
from pathlib import Path

from textual.theme import BUILTIN_THEMES, Theme

Variables = dict[str, str]

_DARK_KINDS: Variables = {
    "kind-raster": "#d787d7", "kind-table": "#87d787", "kind-region": "#5fd7d7", "kind-archive": "#d7875f",
    "kind-model": "#af87ff", "kind-log": "#a8a8a8", "size-huge": "#ffaf5f", "age-old": "#767676",
}  # fmt: skip
_LIGHT_KINDS: Variables = {
    "kind-raster": "#870087", "kind-table": "#005f00", "kind-region": "#005f87", "kind-archive": "#af0000",
    "kind-model": "#5f00af", "kind-log": "#585858", "size-huge": "#af0000", "age-old": "#767676",
}  # fmt: skip
_ANSI_KINDS: Variables = {
    "kind-raster": "ansi_magenta", "kind-table": "ansi_green", "kind-region": "ansi_cyan", "kind-archive": "ansi_red",
    "kind-model": "ansi_bright_magenta", "kind-log": "ansi_default", "size-huge": "ansi_red",
    "age-old": "ansi_bright_black",
}  # fmt: skip


def _theme(name: str, *, is_dark: bool, colours: Variables, variables: Variables) -> Theme:
    """Return a theme. Its colours are variables too: Textual rounds them when it makes its shades, and a colour that is
    off by one has no number in the palette."""
    return Theme(name=name, dark=is_dark, **colours, variables={**colours, **variables})  # type: ignore[arg-type]


DARK = _theme(
    "storage-dark",
    is_dark=True,
    colours={
        "primary": "#87afff", "secondary": "#87d7ff", "accent": "#5fd7af", "foreground": "#d0d0d0",
        "background": "#121212", "surface": "#121212", "panel": "#262626", "success": "#87d787", "warning": "#d7af5f",
        "error": "#ff8787",
    },
    variables={
        "text-muted": "#8a8a8a",
        "text-warning": "#d7af5f",
        "text-disabled": "#585858",
        "input-selection-background": "#87afff 35%",
        "border": "#3a3a3a",
        "block-cursor-text-style": "none",
        **_DARK_KINDS,
    },
)  # fmt: skip
LIGHT = _theme(
    "storage-light",
    is_dark=False,
    colours={
        "primary": "#005fd7", "secondary": "#005f87", "accent": "#005f5f", "foreground": "#262626",
        "background": "#ffffff", "surface": "#ffffff", "panel": "#e4e4e4", "success": "#005f00", "warning": "#875f00",
        "error": "#af0000",
    },
    variables={
        "text-muted": "#626262",
        "text-warning": "#875f00",
        "text-disabled": "#b2b2b2",
        "input-selection-background": "#005fd7 35%",
        "border": "#c6c6c6",
        "block-cursor-text-style": "none",
        **_LIGHT_KINDS,
    },
)  # fmt: skip
_PLAIN = BUILTIN_THEMES["ansi-dark"]
SIXTEEN = Theme(
    name="storage-16",
    ansi=True,
    primary="ansi_blue",
    secondary="ansi_cyan",
    warning="ansi_yellow",
    error="ansi_red",
    success="ansi_green",
    accent="ansi_green",
    foreground="ansi_default",
    background="ansi_default",
    surface="ansi_default",
    panel="ansi_default",
    boost="ansi_default",
    dark=True,
    variables={**_PLAIN.variables, "text-muted": "ansi_bright_black", "border": "ansi_bright_black", **_ANSI_KINDS},
)
THEMES: tuple[Theme, ...] = (DARK, LIGHT, SIXTEEN)
"""Our themes, in the order in which a key goes through them."""
NAME_BYTES = 64
THEME_FILE = "theme"  # of the state directory: the name of the theme that a key has chosen


def choose_theme(wanted: str | None, environ: Mapping[str, str]) -> str:
    """Return the theme asked for; else ours if the terminal has enough colours, else that of sixteen colours."""
    if wanted:
        return wanted
    has_colours = any(word in environ.get("TERM", "") for word in ("256", "kitty")) or environ.get("COLORTERM", "") in (
        "truecolor",
        "24bit",
    )
    return DARK.name if has_colours else SIXTEEN.name


def next_theme(name: str) -> str:
    """Return the name of our theme after this one; of the first one after a theme that is not ours."""
    names = [theme.name for theme in THEMES]
    return names[(names.index(name) + 1) % len(names)] if name in names else names[0]


def read_theme(state_dir: Path) -> str | None:
    """Return the theme of ours that was kept; None without one, and for a file that names no theme of ours."""
    try:
        with (state_dir / THEME_FILE).open("rb") as file:
            name = file.read(NAME_BYTES).decode("ascii", "replace").strip()
    except OSError:
        return None
    return name if name in {theme.name for theme in THEMES} else None


def kind_variables(theme: Theme) -> Variables:
    """Return the colours of the kinds for a theme that has none of its own."""
    return _ANSI_KINDS if theme.ansi else _DARK_KINDS if theme.dark else _LIGHT_KINDS
