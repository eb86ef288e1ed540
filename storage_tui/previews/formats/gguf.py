"""GGUF: the key-value pairs and the tensors of a model from its first bytes (ggml, docs/gguf.md, versions 1 to 3)."""

import asyncio
import math
from dataclasses import dataclass, field
from typing import Any, Literal

from rich.text import Text

from storage_tui.contract.sizes import size_text
from storage_tui.contract.visible import visible
from storage_tui.previews.base import HEADER_BUDGET, MIB, Budget, LimitError, Preview, PreviewError, Source, View
from storage_tui.previews.heads.cursor import Cursor, ShortError, first_bytes
from storage_tui.previews.heads.tensors import Tensor, checked_shape, tensor_facts, tensor_lines
from storage_tui.previews.table.grid import grid_lines

MAGIC = b"GGUF"
FULL_BUDGET = Budget(requests=4, size_bytes=4 * MIB)  # the words of a tokenizer lie before the tensors
TEXT, ARRAY = 8, 9
CODES = {0: "B", 1: "b", 2: "H", 3: "h", 4: "I", 5: "i", 6: "f", 7: "?", 10: "Q", 11: "q", 12: "d"}
SIZES = {0: 1, 1: 1, 2: 2, 3: 2, 4: 4, 5: 4, 6: 4, 7: 1, 10: 8, 11: 8, 12: 8}
SHOWN_ITEMS = 4  # of an array
SHOWN_PAIRS = 100
TEXT_CHARS = 120
MOST_DIMENSIONS = 4
MOST_PAIRS = 20_000  # a model has a hundred
TENSOR_TYPES: dict[int, tuple[str, int, int]] = {
    0: ("F32", 1, 4), 1: ("F16", 1, 2), 2: ("Q4_0", 32, 18), 3: ("Q4_1", 32, 20), 6: ("Q5_0", 32, 22),
    7: ("Q5_1", 32, 24), 8: ("Q8_0", 32, 34), 9: ("Q8_1", 32, 40), 10: ("Q2_K", 256, 84), 11: ("Q3_K", 256, 110),
    12: ("Q4_K", 256, 144), 13: ("Q5_K", 256, 176), 14: ("Q6_K", 256, 210), 15: ("Q8_K", 256, 292),
    16: ("IQ2_XXS", 256, 66), 17: ("IQ2_XS", 256, 74), 18: ("IQ3_XXS", 256, 98), 19: ("IQ1_S", 256, 50),
    20: ("IQ4_NL", 32, 18), 21: ("IQ3_S", 256, 110), 22: ("IQ2_S", 256, 82), 23: ("IQ4_XS", 256, 136),
    24: ("I8", 1, 1), 25: ("I16", 1, 2), 26: ("I32", 1, 4), 27: ("I64", 1, 8), 28: ("F64", 1, 8),
    29: ("IQ1_M", 256, 56), 30: ("BF16", 1, 2), 34: ("TQ1_0", 256, 54), 35: ("TQ2_0", 256, 66),
    39: ("MXFP4", 32, 17),
}  # fmt: skip
"""By number: the name of a type, the values of one block, and the bytes of one block."""


class Gguf:
    """The pairs and tensors of the head; no value of a tensor is read."""

    kind = "GGUF"
    budget = HEADER_BUDGET

    def matches(self, head: bytes, name: str) -> bool:
        """Return whether the first bytes are the magic."""
        return head.startswith(MAGIC)

    async def show(self, source: Source, head: bytes, view: View) -> Preview:
        """Return pairs and tensors as far as the budget reaches."""
        if view.is_full:
            source.allow(FULL_BUDGET)
        found = await asyncio.to_thread(_read, head)
        if not found.is_whole:
            head = await first_bytes(source, head, len(head) + source.bytes_left)
            found = await asyncio.to_thread(_read, head)
        facts = [("version", str(found.version))]
        names = {"general.architecture": "architecture", "general.name": "name"}
        facts += [(label, found.pairs[key]) for key, label in names.items() if key in found.pairs]
        facts += tensor_facts(found.tensors, found.tensor_count)
        note = ""
        if not found.is_whole:
            end = "the blob ends inside its head" if len(head) == source.size_bytes else "more of its head is not read"
            note = f"{len(found.pairs):,} of {found.pair_count:,} keys in {size_text(len(head))}: {end}"
        rows = list(found.pairs.items())[: None if view.is_full else SHOWN_PAIRS]
        lines = grid_lines(("key", "value"), rows, cells=TEXT_CHARS) if rows else []
        if found.tensors:
            lines += [Text(""), *tensor_lines(found.tensors, is_full=view.is_full)]
        return Preview(self.kind, facts=tuple(facts), lines=tuple(lines), note=note)


@dataclass
class _Found:
    """What a head holds, as far as the bytes go."""

    version: int = 0
    tensor_count: int = 0
    pair_count: int = 0
    pairs: dict[str, str] = field(default_factory=dict)
    tensors: list[Tensor] = field(default_factory=list)
    is_whole: bool = False


def _read(head: bytes) -> _Found:
    found = _Found()
    if len(head) < 8:
        raise PreviewError("its header is cut")
    order: Literal["little", "big"] = "little" if int.from_bytes(head[4:6], "little") else "big"
    cursor = Cursor(head, 4, order)
    found.version = cursor.number(4)
    if not 1 <= found.version <= 3:
        raise LimitError(f"version {found.version} is not known")
    wide = 4 if found.version == 1 else 8
    try:
        found.tensor_count, found.pair_count = cursor.number(wide), cursor.number(wide)
        if found.pair_count > MOST_PAIRS:
            raise LimitError(f"it claims {found.pair_count:,} keys, and {MOST_PAIRS:,} are read at most")
        for _ in range(found.pair_count):
            key = visible(_text(cursor, wide), limit=TEXT_CHARS)
            found.pairs[key] = _value(cursor, cursor.number(4), wide)
        for _ in range(found.tensor_count):
            found.tensors.append(_tensor(cursor, wide))
        found.is_whole = True
    except ShortError:
        pass
    return found


def _text(cursor: Cursor, wide: int) -> str:
    return cursor.take(cursor.number(wide)).decode("utf-8", "replace")


def _value(cursor: Cursor, kind: int, wide: int) -> str:
    """Return a value in words."""
    if kind == TEXT:
        return visible(" ".join(_text(cursor, wide).split()), limit=TEXT_CHARS)
    if kind != ARRAY:
        return _number_text(_number(cursor, kind))
    inner, count = cursor.number(4), cursor.number(wide)
    shown: list[str] = []
    if inner == TEXT:
        for at in range(count):
            word = cursor.take(cursor.number(wide))
            if at < SHOWN_ITEMS:
                shown.append(visible(word[:TEXT_CHARS].decode("utf-8", "replace"), limit=TEXT_CHARS // SHOWN_ITEMS))
    elif inner in SIZES:
        first = min(count, SHOWN_ITEMS)
        shown = [_number_text(_number(cursor, inner)) for _ in range(first)]
        cursor.skip((count - first) * SIZES[inner])
    else:
        raise LimitError(f"an array of type {inner} is not read")
    return ", ".join(shown) + (f", … {count:,} in all" if count > SHOWN_ITEMS else "")


def _number(cursor: Cursor, kind: int) -> Any:
    if kind not in CODES:
        raise LimitError(f"a value of type {kind} is not known")
    return cursor.values(CODES[kind])[0]


def _number_text(value: Any) -> str:
    return f"{value:.6g}" if isinstance(value, float) else str(value)


def _tensor(cursor: Cursor, wide: int) -> Tensor:
    name = visible(_text(cursor, wide), limit=TEXT_CHARS)
    count = cursor.number(4)
    if count > MOST_DIMENSIONS:
        raise PreviewError(f"a tensor claims {count:,} dimensions, and {MOST_DIMENSIONS} are the most")
    shape = checked_shape([cursor.number(wide) for _ in range(count)])
    kind = cursor.number(4)
    cursor.skip(8)  # the place of its values
    if kind not in TENSOR_TYPES:
        return Tensor(name, f"type {kind}", shape)
    label, block, block_bytes = TENSOR_TYPES[kind]
    return Tensor(name, label, shape, math.prod(shape) // block * block_bytes)
