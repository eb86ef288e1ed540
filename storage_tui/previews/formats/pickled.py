"""pickle: the imports and calls of a load, read from the opcodes. Nothing is ever loaded."""

import asyncio
import pickletools
from collections import Counter
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

from rich.text import Text

from storage_tui.contract.visible import visible
from storage_tui.previews.base import HEADER_BUDGET, Preview, PreviewError, Source, View

NAMES = (".pkl", ".pickle")
OPCODES = 50_000  # walked at most: some tens of milliseconds
STRINGS = 40  # shown at most: they are mostly the keys of dictionaries
STRING_CHARS = 80
CALLS = frozenset(("REDUCE", "NEWOBJ", "NEWOBJ_EX", "INST", "OBJ", "BUILD"))


class Pickled:
    """A pickle: protocol, imports, calls, and the first strings."""

    kind = "pickle"
    budget = HEADER_BUDGET

    def matches(self, head: bytes, name: str) -> bool:
        """Return whether the blob starts with PROTO and a frame or plausible opcode; text protocols match by name."""
        if head[:1] == b"\x80" and len(head) > 2 and 2 <= head[1] <= 5:
            return head[2:3] == b"\x95" or name.endswith(NAMES) or head[2:3] in (b"}", b"]", b"(", b"c", b"X", b"\x8c")
        return name.endswith(NAMES) and head[:1] in (b"(", b"c", b"I", b"S", b"V", b"l", b"d", b"]", b"}")

    async def show(self, source: Source, head: bytes, view: View) -> Preview:
        """Return the preview of the opcodes in the first bytes."""
        return await asyncio.to_thread(describe, head)


@dataclass
class Walk:
    """The findings of a walk over opcodes; `memo` and `recent` keep the strings that name imports."""

    protocol: int = 0
    is_complete: bool = False
    imports: Counter[str] = field(default_factory=Counter)
    counts: Counter[str] = field(default_factory=Counter)
    strings: list[str] = field(default_factory=list)
    recent: list[str] = field(default_factory=list)
    memo: dict[int, str | None] = field(default_factory=dict)
    last: str | None = None

    def step(self, name: str, argument: Any) -> None:
        """Note one opcode."""
        self.counts[name] += 1
        self.is_complete = name == "STOP"
        if name == "MEMOIZE":
            self.memo[len(self.memo)] = self.last
        elif name in ("BINPUT", "LONG_BINPUT"):
            self.memo[argument] = self.last
        elif name in ("BINGET", "LONG_BINGET"):
            self._push(self.memo.get(argument))
        elif isinstance(argument, str) and "UNICODE" in name:
            self._push(argument[:STRING_CHARS])
            if len(self.strings) < STRINGS:
                self.strings.append(argument[:STRING_CHARS])
        else:
            self.last = None
        if name == "PROTO":
            self.protocol = argument
        elif name in ("GLOBAL", "INST"):
            self.imports[str(argument).replace(" ", ".")] += 1
        elif name == "STACK_GLOBAL":
            self.imports[".".join(self.recent[-2:])] += 1

    def _push(self, text: str | None) -> None:
        self.last = text
        if text is not None:
            self.recent = [*self.recent[-1:], text]


def describe(head: bytes) -> Preview:
    """Return the preview of the opcodes in these bytes, which may be cut."""
    walk = Walk()
    try:
        for opcode, argument, _ in islice(pickletools.genops(head), OPCODES):
            walk.step(opcode.name, argument)
    except (ValueError, IndexError, UnicodeDecodeError):
        walk.is_complete = False
    counts = walk.counts
    if not counts:
        raise PreviewError("its first opcode is unknown")
    calls = sum(counts[name] for name in CALLS)
    holds = {
        "dictionaries": counts["EMPTY_DICT"] + counts["DICT"],
        "lists": counts["EMPTY_LIST"] + counts["LIST"],
        "floats": counts["BINFLOAT"] + counts["FLOAT"],
        "byte strings": sum(count for name, count in counts.items() if "BYTES" in name),
    }
    facts = (
        ("protocol", str(walk.protocol)),
        ("opcodes", f"{sum(counts.values()):,}" + ("" if walk.is_complete else " in the part that was read")),
        ("imports", ", ".join(visible(name, limit=60) for name, _ in walk.imports.most_common(12)) or "none"),
        ("calls", f"{calls:,} when it is loaded" if calls else "none"),
        ("holds", ", ".join(f"{number:,} {name}" for name, number in holds.items() if number) or "no container"),
    )
    lines = [Text("strings, in their order", style="dim")] if walk.strings else []
    lines += [Text(f"  {visible(text)}") for text in walk.strings]
    return Preview("pickle", facts=facts, lines=tuple(lines), note="never loaded: that would run its code")
