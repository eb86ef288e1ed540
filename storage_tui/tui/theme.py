"""The look: one dark theme with restraint, and which theme a terminal gets."""

from collections.abc import Mapping

from textual.theme import Theme

DARK = Theme(
    name="storage-dark",
    primary="#7aa2f7",
    secondary="#7dcfff",
    accent="#73c7b8",
    foreground="#c8ccd4",
    background="#11131a",
    surface="#11131a",
    panel="#242938",
    success="#9ac27c",
    warning="#e0b06c",
    error="#f07a86",
    dark=True,
    variables={
        "text-muted": "#828a9c",
        "text-disabled": "#4c5365",
        "input-selection-background": "#7aa2f7 35%",
        "border": "#343b4f",
        "block-cursor-text-style": "none",
    },
)


def choose_theme(wanted: str | None, environ: Mapping[str, str]) -> str:
    """The theme asked for, else ours where the terminal has colours enough, else the terminal's own sixteen."""
    if wanted:
        return wanted
    has_colours = "256" in environ.get("TERM", "") or environ.get("COLORTERM", "") in ("truecolor", "24bit")
    return DARK.name if has_colours else "ansi-dark"
