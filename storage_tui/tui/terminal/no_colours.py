"""No colour at all, for people who set NO_COLOR (no-color.org); Textual would draw in shades of grey.

Bold, underline and reverse stay. A picture in half blocks consists of colours only, so each cell becomes a character
that is as dense as the cell is bright.
"""

from rich.segment import Segment
from rich.style import Style
from textual.color import Color
from textual.filter import LineFilter

SHADES = " ·░▒▓█"
BLOCK = "▀"  # the upper half in one colour, the lower half in another


class NoColours(LineFilter):
    """Takes the colours from all text on its way to the screen."""

    def apply(self, segments: list[Segment], background: Color) -> list[Segment]:
        """Return the segments without colours."""
        return [
            Segment(_shaded(text, style), style.without_color, control) if style else Segment(text, style, control)
            for text, style, control in segments
        ]


def _shaded(text: str, style: Style) -> str:
    if not text or text.strip(BLOCK) or style.color is None or style.bgcolor is None:
        return text
    halves = (Color.from_rich_color(style.color), Color.from_rich_color(style.bgcolor))
    brightness = sum(half.brightness for half in halves) / 2
    return SHADES[min(int(brightness * len(SHADES)), len(SHADES) - 1)] * len(text)
