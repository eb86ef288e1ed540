"""tar: the members whose headers a read or two reach (POSIX.1-2001 pax, GNU long names)."""

from dataclasses import dataclass, field

from storage_tui.contract.sizes import size_text
from storage_tui.previews.base import HEADER_BUDGET, Part, Preview, PreviewError, Source, View
from storage_tui.previews.containers.tree import Member, tree_lines

BLOCK = 512
FILES = (b"0", b"\x00", b"7")
FOLDER, PAX, PAX_GLOBAL, GNU_NAME, GNU_LINK = b"5", b"x", b"g", b"L", b"K"


@dataclass
class Walk:
    """A walk from header to header until the bytes end."""

    at: int = 0
    members: list[Member] = field(default_factory=list)
    is_complete: bool = False
    next_name: str | None = None

    def go(self, data: bytes, start: int) -> None:
        """Read the headers from `at` on; `data` begins at the offset `start` of the archive."""
        while self.at >= start and self.at - start + BLOCK <= len(data):
            header = data[self.at - start : self.at - start + BLOCK]
            if not any(header):
                self.is_complete = True
                return
            size = check_header(header)
            kind = header[156:157]
            body = data[self.at - start + BLOCK : self.at - start + BLOCK + size]
            if kind in (PAX, GNU_NAME) and len(body) == min(size, len(body)) and size < 65536:
                if len(body) < size:
                    return
                self.next_name = _pax_path(body) if kind == PAX else _text(body)
            elif kind not in (PAX_GLOBAL, GNU_LINK):
                name = self.next_name or header_name(header, kind)
                part = Part(name, self.at + BLOCK, size, size) if kind in FILES else None
                self.members.append(Member(name, size, part=part))
                self.next_name = None
            self.at += BLOCK + (size + BLOCK - 1) // BLOCK * BLOCK


class TarArchive:
    """tar: the first members, or all members of a small archive."""

    kind = "tar"
    budget = HEADER_BUDGET

    def matches(self, head: bytes, name: str) -> bool:
        """Return whether the first header has the magic."""
        return head[257:262] == b"ustar"

    async def show(self, source: Source, head: bytes, view: View) -> Preview:
        """Return the members in the head, and those in one more read after the head."""
        walk = Walk()
        walk.go(head, 0)
        if not walk.is_complete and walk.at < (source.size_bytes or 0) and source.bytes_left >= BLOCK:
            start = walk.at
            walk.go(await source.read(start, start + source.bytes_left), start)
        if not walk.members:
            raise PreviewError("it has no whole header")
        count = f"{len(walk.members):,}" if walk.is_complete else f"the first {len(walk.members):,}"
        facts = (("members", count), ("unpacked", size_text(sum(member.size_bytes for member in walk.members))))
        lines, parts = tree_lines(walk.members)
        return Preview(self.kind, facts=facts, lines=lines, parts=parts)


def check_header(header: bytes) -> int:
    """Return the size of the member; raise PreviewError when the checksum shows that this is not a header."""
    told = header[148:156].split(b"\x00")[0].strip()
    actual = sum(header) - sum(header[148:156]) + 8 * 0x20
    if not told or not all(byte in b"01234567" for byte in told) or int(told, 8) != actual:
        raise PreviewError("a header is damaged")
    return _number(header[124:136])


def header_name(header: bytes, kind: bytes) -> str:
    """Return the name in a header, with its prefix when it is long; a folder ends in a slash."""
    name = _text(header[:100])
    prefix = _text(header[345:500]) if header[257:263] == b"ustar\x00" else ""
    full = f"{prefix}/{name}" if prefix else name
    return full.rstrip("/") + "/" if kind == FOLDER else full


def _pax_path(body: bytes) -> str | None:
    for line in body.split(b"\n"):
        _, _, pair = line.partition(b" ")
        name, _, value = pair.partition(b"=")
        if name == b"path":
            return value.decode("utf-8", "replace")
    return None


def _number(raw: bytes) -> int:
    if raw[0] & 0x80:  # GNU: a binary number that eleven octal digits cannot hold
        return int.from_bytes(bytes([raw[0] & 0x7F]) + raw[1:], "big")
    digits = raw.split(b"\x00")[0].strip() or b"0"
    if not all(byte in b"01234567" for byte in digits):
        raise PreviewError("a header is damaged")
    return int(digits, 8)


def _text(raw: bytes) -> str:
    return raw.split(b"\x00")[0].decode("utf-8", "replace")
