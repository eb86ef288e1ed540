"""World files (.tfw, .pgw, .jgw, .wld): the place of a picture, as six numbers of text."""

from storage_tui.previews.base import HEADER_BUDGET, KIB, Preview, Source, View
from storage_tui.previews.heads.described import described, numbers_of

NAMES = (".tfw", ".tifw", ".tiffw", ".pgw", ".pngw", ".jgw", ".jpgw", ".jpegw", ".j2w", ".jp2w", ".gfw", ".gifw",
         ".bpw", ".bmpw", ".sdw", ".eww", ".wld")  # fmt: skip
NUMBERS = 6


class WorldFile:
    """Six numbers: the size of a pixel, two turns, and the middle of the first pixel."""

    kind = "world file"
    budget = HEADER_BUDGET

    def matches(self, head: bytes, name: str) -> bool:
        """Return whether the name is of a world file, and the text six numbers."""
        return (
            name.endswith(NAMES)
            and len(head) < KIB
            and head.isascii()
            and len(numbers_of(head.decode("ascii"))) == NUMBERS
        )

    async def show(self, source: Source, head: bytes, view: View) -> Preview:
        """Return the place above the text."""
        across, turn, other_turn, down, x, y = numbers_of(head.decode("ascii"))
        facts = [("pixel", f"{across:.10g} × {down:.10g}"), ("first pixel", f"{x:.12g}, {y:.12g}")]
        if turn or other_turn:
            facts.append(("turned", f"{turn:.10g}, {other_turn:.10g}"))
        return await described(self.kind, facts, source, head, view)
