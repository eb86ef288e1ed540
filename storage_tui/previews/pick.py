"""The choice of the format of a blob, and the fallback for a blob that is not what it claims to be."""

import asyncio
import struct
import zlib
from collections.abc import Sequence
from dataclasses import replace

from storage_tui.contract.visible import visible
from storage_tui.previews.base import (
    FULL_BUDGET,
    Format,
    LimitError,
    OtherFormatError,
    Preview,
    PreviewError,
    Source,
    View,
)
from storage_tui.previews.formats.hexdump import HexDump
from storage_tui.previews.formats.plain import PlainText
from storage_tui.previews.reasons import reason_of

TEXT = PlainText()
HEX = HexDump()

DAMAGE = (PreviewError, ValueError, LookupError, ArithmeticError, TypeError, AttributeError, EOFError, RecursionError,
          MemoryError, struct.error, zlib.error)  # fmt: skip
"""The errors that parsers raise on damaged bytes."""

REASON_CHARS = 120  # one line in a pane; the rest of a parser's message is about the parser itself


async def show_as(formats: Sequence[Format], source: Source, view: View) -> Preview:
    """Return the preview by the first format that matches; by TEXT or HEX when that format finds damage."""
    head = await source.head()
    if not head:
        return Preview("empty", note="this blob has no bytes")
    chosen = await asyncio.to_thread(find_format, formats, head, source.blob.key)  # guessing an encoding takes a while
    source.allow(FULL_BUDGET if view.is_full else chosen.budget)
    try:
        return await chosen.show(source, head, view)
    except OtherFormatError:
        after = next(at for at, row in enumerate(formats) if row is chosen) + 1
        return await show_as(formats[after:], source, view)
    except DAMAGE as exc:
        reason = visible(reason_of(exc), limit=REASON_CHARS)
        is_damaged = not isinstance(exc, LimitError)
    fallback: Format = TEXT if TEXT.matches(head, "") else HEX
    shown = await fallback.show(source, head, replace(view, offset=0))
    return replace(shown, kind=chosen.kind, facts=((f"not shown as {chosen.kind}", reason),), is_damaged=is_damaged)


def find_format(formats: Sequence[Format], head: bytes, key: str) -> Format:
    """Return the first format that matches a blob with these first bytes and this key; HEX when none does."""
    name = key.rsplit("/", 1)[-1].lower()
    return next((row for row in formats if row.matches(head, name)), HEX)
