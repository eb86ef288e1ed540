"""The table of previews and the one function that picks from it: content first, name second, and never an exception
for what a blob holds."""

import struct
import zlib
from dataclasses import replace

from storage_tui.tui.previews.base import Format, Mode, Preview, PreviewError, Source, View, read_note
from storage_tui.tui.previews.decoder import DECODER
from storage_tui.tui.previews.geojson import GeoJson
from storage_tui.tui.previews.hexdump import HexDump
from storage_tui.tui.previews.json_text import JsonText
from storage_tui.tui.previews.picture import Picture
from storage_tui.tui.previews.plain import PlainText
from storage_tui.tui.previews.wkt import WellKnownText
from storage_tui.tui.visible import visible

TEXT = PlainText()
HEX = HexDump()

PREVIEWS: tuple[Format, ...] = (
    Picture("PNG", b"\x89PNG\r\n\x1a\n"),
    Picture("JPEG", b"\xff\xd8\xff"),
    Picture("WebP"),
    Picture("GIF", b"GIF87a", b"GIF89a"),
    Picture("BMP"),
    GeoJson(),
    WellKnownText(),
    JsonText(),
    TEXT,
    HEX,  # matches everything
)
"""In the order they are asked: what has a magic number, then what only its syntax tells, then text, then the rest."""

DAMAGE = (PreviewError, ValueError, LookupError, ArithmeticError, TypeError, EOFError, RecursionError, MemoryError,
          struct.error, zlib.error)  # fmt: skip
"""What parsers raise on bytes that are not what they claim to be."""

REASON_CHARS = 120  # one line in a pane; the rest of a parser's message is about its own insides


async def preview(
    source: Source, *, width: int = 80, height: int = 24, truecolor: bool = True, offset: int = 0, mode: Mode = "auto"
) -> Preview:
    """What to show of a blob in so many cells.

    `offset` is where a page of text or hex begins; `mode` forces one of these. Raises what the client raises when the
    blob cannot be read, and nothing for what is in it: damage is told in the preview. Cancelling is safe at any time.
    """
    source.begin()
    head = await source.head()
    if not head:
        return Preview("empty", note="this blob has no bytes")
    view = View(width=max(1, width), height=max(1, height), truecolor=truecolor, offset=max(0, offset), mode=mode)
    chosen = find_format(head, source.blob.key, mode)
    source.allow(chosen.budget)
    try:
        shown = await chosen.show(source, head, view)
    except DAMAGE as exc:
        shown = await _show_damaged(source, head, view, chosen.kind, exc)
    note = read_note(source)
    return replace(shown, note=" · ".join(part for part in (shown.note, note) if part))


def find_format(head: bytes, key: str, mode: Mode = "auto") -> Format:
    """The first row of the table that a blob with these first bytes and this key is."""
    if mode == "hex":
        return HEX
    if mode == "text":
        return TEXT
    name = key.rsplit("/", 1)[-1].lower()
    return next(row for row in PREVIEWS if row.matches(head, name))


async def _show_damaged(source: Source, head: bytes, view: View, kind: str, exc: BaseException) -> Preview:
    reason = visible(str(exc) or type(exc).__name__, limit=REASON_CHARS)
    fallback: Format = TEXT if TEXT.matches(head, "") else HEX
    shown = await fallback.show(source, head, replace(view, offset=0))
    return replace(shown, kind=kind, facts=((f"not shown as {kind}", reason),), is_damaged=True)


async def close() -> None:
    """End the process that decodes pictures, where one runs. A later preview starts another."""
    await DECODER.close()
