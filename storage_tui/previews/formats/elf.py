"""ELF: what a program or library is for, and what starts it (System V ABI, gABI 4.1, chapter 4)."""

from storage_tui.contract.visible import visible
from storage_tui.previews.base import HEADER_BUDGET, Preview, PreviewError, Source, View
from storage_tui.previews.heads.cursor import Cursor, ShortError

MAGIC = b"\x7fELF"
TYPES = {1: "object", 2: "program", 3: "shared library or program", 4: "core dump"}
MACHINES = {2: "SPARC", 3: "x86", 8: "MIPS", 20: "PowerPC", 21: "PowerPC 64", 22: "S390", 40: "ARM", 43: "SPARC 9",
            62: "x86-64", 183: "AArch64", 243: "RISC-V", 247: "BPF", 258: "LoongArch"}  # fmt: skip
SYSTEMS = {0: "System V", 3: "Linux", 9: "FreeBSD", 12: "OpenBSD"}
DYNAMIC, INTERPRETER, NOTE = 2, 3, 4
MOST_SEGMENTS = 100
BUILD_ID = 3


class Elf:
    """The header of a program."""

    kind = "ELF"
    budget = HEADER_BUDGET

    def matches(self, head: bytes, name: str) -> bool:
        """Return whether the first bytes are the magic."""
        return head.startswith(MAGIC)

    async def show(self, source: Source, head: bytes, view: View) -> Preview:
        """Return the facts of the header and of the segments."""
        try:
            return Preview(self.kind, facts=tuple(_facts(head)))
        except ShortError:
            raise PreviewError("its header is cut") from None


def _facts(head: bytes) -> list[tuple[str, str]]:
    cursor = Cursor(head, 4)
    bits, order, _, abi = cursor.values("BBBB")
    if bits not in (1, 2) or order not in (1, 2):
        raise PreviewError("its header names no class of words")
    wide = bits == 2
    cursor.order = "little" if order == 1 else "big"
    cursor.at = 16
    kind, machine, _ = cursor.values("HHI")
    entry, segments, sections, _, _, segment_bytes, segment_count, _, section_count, _ = cursor.values(
        "QQQI6H" if wide else "IIII6H"
    )
    facts = [
        ("type", TYPES.get(kind, f"type {kind}")),
        ("machine", f"{MACHINES.get(machine, f'machine {machine}')}, {32 * bits} bits, {cursor.order}-endian"),
        ("system", SYSTEMS.get(abi, f"number {abi}")),
    ]
    if entry:
        facts.append(("entry", f"{entry:#x}"))
    facts.append(("sections", f"{section_count:,}" if sections else "none: stripped"))
    is_dynamic = False
    for number in range(min(segment_count, MOST_SEGMENTS)):
        part = Cursor(head, segments + number * segment_bytes, cursor.order)
        try:
            if wide:
                sort, _, start, _, _, size = part.values("IIQQQQ")
            else:
                sort, start, _, _, size = part.values("IIIII")
        except ShortError:
            break
        raw = head[start : start + size]
        is_dynamic = is_dynamic or sort == DYNAMIC
        if sort == INTERPRETER and raw:
            facts.append(("interpreter", visible(raw.split(b"\0")[0].decode("utf-8", "replace"), limit=80)))
        elif sort == NOTE and (found := _build(Cursor(raw, 0, cursor.order))):
            facts.append(("build", found))
    facts.append(("linked", "dynamically" if is_dynamic else "statically"))
    return facts


def _build(cursor: Cursor) -> str:
    """Return the build id of a note of GNU; empty for other notes."""
    try:
        while cursor.left:
            name_bytes, value_bytes, kind = cursor.values("III")
            name = cursor.take((name_bytes + 3) // 4 * 4)
            value = cursor.take((value_bytes + 3) // 4 * 4)[:value_bytes]
            if kind == BUILD_ID and name.startswith(b"GNU\0"):
                return value[:32].hex()
    except ShortError:
        pass
    return ""
