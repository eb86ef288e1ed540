"""The look: one dark theme with restraint, and which theme a terminal gets.

Its colours are those of the 256-colour palette: they are the same on every terminal, and the painter names them by
number, which is half of what a step of the cursor would send otherwise.
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
    """The theme asked for, else ours where the terminal has colours enough, else the terminal's own sixteen."""
    if wanted:
        return wanted
    has_colours = any(word in environ.get("TERM", "") for word in ("256", "kitty")) or environ.get("COLORTERM", "") in (
        "truecolor",
        "24bit",
    )
    return DARK.name if has_colours else "ansi-dark"
