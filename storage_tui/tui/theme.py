"""The look: one quiet dark theme, and the choice of the theme for a terminal.

The colours are those of the 256-colour palette, so they are the same on every terminal. The painter names them by
number, which halves the bytes of a cursor step.
"""

from collections.abc import Mapping

from textual.theme import Theme

DARK = Theme(
    name="storage-dark",
    primary="#87afff",
    secondary="#87d7ff",
    accent="#5fd7af",
    foreground="#d0d0d0",
    background="#121212",
    surface="#121212",
    panel="#262626",
    success="#87d787",
    warning="#d7af5f",
    error="#ff8787",
    dark=True,
    variables={
        "text-muted": "#8a8a8a",
        "text-disabled": "#585858",
        "input-selection-background": "#87afff 35%",
        "border": "#3a3a3a",
        "block-cursor-text-style": "none",
    },
)


def choose_theme(wanted: str | None, environ: Mapping[str, str]) -> str:
    """Return the theme asked for; else ours if the terminal has enough colours, else the terminal's own sixteen."""
    if wanted:
        return wanted
    has_colours = any(word in environ.get("TERM", "") for word in ("256", "kitty")) or environ.get("COLORTERM", "") in (
        "truecolor",
        "24bit",
    )
    return DARK.name if has_colours else "ansi-dark"
