"""Archives and compressions that are named truly and not opened: lz4, compress, 7z, RAR and others, shown as hex."""

import re
from dataclasses import replace

from storage_tui.previews.base import HEADER_BUDGET, Preview, Source, View
from storage_tui.previews.containers import streams
from storage_tui.previews.formats.hexdump import HexDump

MAGICS: tuple[tuple[str, re.Pattern[bytes]], ...] = tuple(
    (kind, re.compile(magic, re.DOTALL))
    for kind, magic in (
        ("lz4", rb"\x04\x22\x4d\x18|\x02\x21\x4c\x18"),  # a frame, and the form before frames
        ("compress (.Z)", rb"\x1f\x9d[\x09-\x10\x89-\x90]"),  # 9 to 16 bits, perhaps in blocks
        ("lzip", rb"LZIP[\x00\x01]"),
        ("lzop", rb"\x89LZO\x00\x0d\x0a\x1a\x0a"),
        ("snappy", rb"\xff\x06\x00\x00sNaPpY"),
        ("zstd before its version 0.8", rb"[\x1e\x22-\x27]\xb5\x2f\xfd"),
        ("7z", rb"7z\xbc\xaf\x27\x1c"),
        ("RAR", rb"Rar!\x1a\x07[\x00\x01]"),
        ("cabinet", rb"MSCF\x00\x00\x00\x00"),
        ("ar", rb"!<arch>\n"),
        ("RPM", rb"\xed\xab\xee\xdb[\x03\x04]"),
        ("cpio", rb"07070[12][0-9a-fA-F]{104}|070707[0-7]{70}|\xc7\x71.{24}"),
        ("xar", rb"xar!\x00\x1c"),
    )
)


class Named:
    """A blob that begins with the magic of one of these."""

    kind = "archive"
    budget = HEADER_BUDGET

    def matches(self, head: bytes, name: str) -> bool:
        """Return whether the first bytes are the magic of an archive or a compression that is not opened here."""
        return find_kind(head) is not None

    async def show(self, source: Source, head: bytes, view: View) -> Preview:
        """Return its name and its bytes in hexadecimal."""
        kind = find_kind(head) or self.kind
        shown = await HexDump().show(source, head, view)
        return replace(shown, kind=kind, note=f"{kind} is named here, not opened")


def find_kind(head: bytes) -> str | None:
    """Return the kind that the first bytes show, after the frames that readers of lz4 pass over."""
    start = streams.skipped(head)
    return next((kind for kind, magic in MAGICS if magic.match(head, start)), None)
