"""The second net under `visible`: a filter on everything that is drawn."""

import re

from rich.segment import Segment
from textual.color import Color
from textual.filter import LineFilter

_OBEYED = re.compile(
    "[\x00-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb"
    "\ud800-\udfff\U000e0000-\U000e007f]"
)


class OutputNet(LineFilter):
    """The second net: whatever reaches the screen past `visible` loses the characters that a terminal obeys."""

    def apply(self, segments: list[Segment], background: Color) -> list[Segment]:
        """The segments, each obeyed character replaced by `?`; the same list when there is none."""
        if not any(_OBEYED.search(text) for text, _, control in segments if not control):
            return segments
        return [
            segment if segment.control else Segment(_OBEYED.sub("?", segment.text), segment.style)
            for segment in segments
        ]
