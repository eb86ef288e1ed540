"""World files (.tfw, .pgw, .jgw, .wld): the place of a picture, as six numbers of text.

With the picture beside the file, a PNG, JPEG, GIF or BMP, the bounds are told too.
"""

from storage_tui.contract.visible import visible
from storage_tui.previews.base import HEAD_BYTES, HEADER_BUDGET, KIB, BudgetError, Preview, Source, View
from storage_tui.previews.heads.described import bounds_text, described, numbers_of
from storage_tui.previews.siblings import Beside

NAMES = (".tfw", ".tifw", ".tiffw", ".pgw", ".pngw", ".jgw", ".jpgw", ".jpegw", ".j2w", ".jp2w", ".gfw", ".gifw",
         ".bpw", ".bmpw", ".sdw", ".eww", ".wld")  # fmt: skip
NUMBERS = 6
PICTURES = {".p": (".png",), ".j": (".jpg", ".jpeg"), ".g": (".gif",), ".b": (".bmp",), ".w": (".png", ".jpg")}
"""By the first letters of a suffix: those of the picture."""
FRAMES = frozenset((*range(0xC0, 0xD0),)) - {0xC4, 0xC8, 0xCC}  # markers of JPEG with the size of the picture


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
        else:
            facts += await _picture(source, (across, down, x, y))
        return await described(self.kind, facts, source, head, view)


async def _picture(source: Source, place: tuple[float, float, float, float]) -> list[tuple[str, str]]:
    """Return the size of the picture beside the file, and its bounds; nothing where there is none within the budget."""
    across, down, x, y = place
    beside = Beside(source)
    for suffix in PICTURES.get(source.blob.key[source.blob.key.rfind(".") :][:2].lower(), ()):
        try:
            head = await beside.read(suffix, HEAD_BYTES)
        except BudgetError:
            return []
        size = _size(head or b"")
        if size is not None:
            sides = (x - across / 2, x + (size[0] - 0.5) * across)
            ends = (y - down / 2, y + (size[1] - 0.5) * down)
            bounds = bounds_text(min(sides), min(ends), max(sides), max(ends))
            return [("picture", visible(f"{suffix}, {size[0]:,} × {size[1]:,}")), ("bounds", bounds)]
    return []


def _size(head: bytes) -> tuple[int, int] | None:
    """Return columns and rows from the first bytes of a picture; None for those of no picture that is known here."""
    if head.startswith(b"\x89PNG\r\n\x1a\n") and len(head) >= 24:
        return int.from_bytes(head[16:20], "big"), int.from_bytes(head[20:24], "big")
    if head.startswith((b"GIF87a", b"GIF89a")) and len(head) >= 10:
        return int.from_bytes(head[6:8], "little"), int.from_bytes(head[8:10], "little")
    if head.startswith(b"BM") and len(head) >= 26:
        width, height = (int.from_bytes(head[at : at + 4], "little", signed=True) for at in (18, 22))
        return abs(width), abs(height)
    return _size_of_jpeg(head) if head.startswith(b"\xff\xd8") else None


def _size_of_jpeg(head: bytes) -> tuple[int, int] | None:
    at = 2
    while at + 9 <= len(head) and head[at] == 0xFF:
        if head[at + 1] in FRAMES:
            return int.from_bytes(head[at + 7 : at + 9], "big"), int.from_bytes(head[at + 5 : at + 7], "big")
        at += 2 + max(2, int.from_bytes(head[at + 2 : at + 4], "big"))
    return None
