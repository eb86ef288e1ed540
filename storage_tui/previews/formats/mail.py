"""Mails (.eml): from, to, subject, date and attachments above the text (RFC 5322, RFC 2047, RFC 2046)."""

import asyncio
import re
from collections.abc import Iterator
from email.errors import HeaderParseError
from email.header import decode_header

from storage_tui.previews.base import HEADER_BUDGET, KIB, Preview, Source, View
from storage_tui.previews.heads.described import described

SHOWN = ("from", "to", "cc", "subject", "date")
HEADER_BYTES = 32 * KIB
VALUE_CHARS = 2_000
SHOWN_ATTACHMENTS = 10
STARTS = ("return-path", "received", "delivered-to", "from", "message-id", "mime-version", "date", "subject", "to",
          "x-", "dkim-signature")  # fmt: skip
_LINE = re.compile(rb"([A-Za-z][A-Za-z0-9-]{0,60}):[ \t]?([^\r\n]*(?:\r?\n[ \t][^\r\n]*)*)\r?(?:\n|$)")
_ATTACHMENT = re.compile(
    rb'^content-disposition:\s{0,9}attachment[^\n]{0,80}\n?[^\n]{0,80}filename="?([^"\r\n;]{1,200})',
    re.IGNORECASE | re.MULTILINE,
)


class Mail:
    """One mail: its headers decoded above its text."""

    kind = "mail"
    budget = HEADER_BUDGET

    def matches(self, head: bytes, name: str) -> bool:
        """Return whether headers of a mail begin here: a sender and two more, or the name and one."""
        first = _LINE.match(head[:HEADER_BYTES])
        if first is None or not first[1].decode("ascii").lower().startswith(STARTS):
            return False
        names = {label for label, _ in _headers(head)}
        return "from" in names and (name.endswith(".eml") or len(names & {"to", "subject", "date", "message-id"}) >= 3)

    async def show(self, source: Source, head: bytes, view: View) -> Preview:
        """Return the headers that people read above the text."""
        found = {}
        for label, raw in _headers(head):
            if label in SHOWN and label not in found:
                found[label] = await asyncio.to_thread(_decoded, raw)
        facts = [(label, found[label]) for label in SHOWN if label in found]
        names = [match[1].decode("utf-8", "replace") for match in _ATTACHMENT.finditer(head)]
        if names:
            more = "" if len(head) == source.size_bytes else "+"
            facts.append(("attachments", f"{len(names):,}{more}: {', '.join(names[:SHOWN_ATTACHMENTS])}"))
        return await described(self.kind, facts, source, head, view)


def _headers(head: bytes) -> Iterator[tuple[str, bytes]]:
    """Yield name and raw value of the headers, up to the first other line."""
    at = 0
    while match := _LINE.match(head, at, HEADER_BYTES):
        yield match[1].decode("ascii").lower(), match[2]
        at = match.end()


def _decoded(raw: bytes) -> str:
    text = raw[:VALUE_CHARS].decode("utf-8", "replace")
    words = " ".join(text.split())
    try:
        pieces = decode_header(words)
        return "".join(
            piece if isinstance(piece, str) else piece.decode(codec or "latin-1", "replace") for piece, codec in pieces
        )
    except (HeaderParseError, LookupError, ValueError):
        return words
