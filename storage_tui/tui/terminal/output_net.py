"""A filter on everything that is drawn, for control characters that `visible` missed."""

import re

from rich.segment import Segment
from textual.color import Color
from textual.filter import LineFilter

_OBEYED = re.compile(
    "[\x00-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb"
    "\ud800-\udfff\U000e0000-\U000e007f]"
)


class OutputNet(LineFilter):
    """Removes the control characters of a terminal from all text on its way to the screen."""

    def apply(self, segments: list[Segment], background: Color) -> list[Segment]:
        """Return the segments with `?` in place of each control character; the same list when there is none."""
        if not any(_OBEYED.search(text) for text, _, control in segments if not control):
            return segments
        return [
            segment if segment.control else Segment(_OBEYED.sub("?", segment.text), segment.style)
            for segment in segments
        ]
