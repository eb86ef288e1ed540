"""PDF: version, pages and title from the first and last bytes; nothing is rendered (ISO 32000)."""

import re

from storage_tui.contract.visible import visible
from storage_tui.previews.base import HEADER_BUDGET, KIB, Preview, Source, View

TAIL_BYTES = 128 * KIB  # holds the last cross-reference table, and near it the catalogue and the title

_COUNT = re.compile(rb"/Type\s*/Pages\b[^>]{0,2000}?/Count\s+(\d{1,7})|/Count\s+(\d{1,7})[^>]{0,2000}?/Type\s*/Pages\b")
_LINEARIZED = re.compile(rb"/Linearized\b[^>]{0,200}?/N\s+(\d{1,7})")
_PAGE = re.compile(rb"/Type\s*/Page\b(?!s)")
_INFO = re.compile(rb"/(Title|Author|Producer)\s*\(((?:[^()\\]|\\.){0,300})\)")
_HEX_INFO = re.compile(rb"/(Title|Author|Producer)\s*<([0-9A-Fa-f\s]{0,600})>")
_ESCAPE = re.compile(rb"\\([nrtbf()\\]|[0-7]{1,3})")
_CONTROLS = {b"n": b"\n", b"r": b"\r", b"t": b"\t", b"b": b"\b", b"f": b"\f"}


class Pdf:
    """PDF: the facts that a reader wants before a download."""

    kind = "PDF"
    budget = HEADER_BUDGET

    def matches(self, head: bytes, name: str) -> bool:
        """Return whether the blob has the header, which may stand a little after the start."""
        return b"%PDF-" in head[:1024]

    async def show(self, source: Source, head: bytes, view: View) -> Preview:
        """Return the preview from the first bytes and the last ones."""
        tail = await source.tail(min(TAIL_BYTES, source.bytes_left or TAIL_BYTES)) if source.size_bytes else b""
        both = head + b"\n" + tail
        start = head.find(b"%PDF-") + 5
        facts = [("version", visible(head[start : start + 3].decode("latin-1")))]
        if pages := count_pages(both):
            facts.append(("pages", f"{pages:,}"))
        facts += [(label.lower(), value) for label, value in read_info(both).items()]
        if b"/Encrypt" in both:
            facts.append(("encrypted", "yes"))
        note = "" if pages else "its page count is in a compressed part that is not read"
        return Preview(self.kind, facts=tuple(facts), note=note)


def count_pages(raw: bytes) -> int:
    """Return the number of pages; 0 when the bytes do not show it."""
    linear = _LINEARIZED.search(raw[:2048])
    if linear:
        return int(linear[1])
    counts = [int(match[1] or match[2]) for match in _COUNT.finditer(raw)]
    return max(counts, default=len(_PAGE.findall(raw)))


def read_info(raw: bytes) -> dict[str, str]:
    """Return title, author and producer, the last ones written."""
    found: dict[str, str] = {}
    for match in _INFO.finditer(raw):
        found[match[1].decode()] = _decode(_ESCAPE.sub(_unescape, match[2]))
    for match in _HEX_INFO.finditer(raw):
        digits = b"".join(match[2].split())
        found[match[1].decode()] = _decode(bytes.fromhex((digits + b"0" * (len(digits) % 2)).decode()))
    return {label: value for label, value in found.items() if value}


def _unescape(match: re.Match[bytes]) -> bytes:
    code = match[1]
    if code.isdigit():
        return bytes([int(code, 8) & 0xFF])
    return _CONTROLS.get(code, code)


def _decode(raw: bytes) -> str:
    text = raw[2:].decode("utf-16-be", "replace") if raw.startswith(b"\xfe\xff") else raw.decode("latin-1")
    return visible(text.strip(), limit=100)
