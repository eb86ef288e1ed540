"""safetensors: names, types, shapes and sizes of the tensors from the JSON header (safetensors, Format)."""

import asyncio
from typing import Any

from rich.text import Text

from storage_tui.contract.sizes import size_text
from storage_tui.contract.visible import visible
from storage_tui.previews.base import HEADER_BUDGET, LimitError, Preview, Source, View
from storage_tui.previews.heads.cursor import first_bytes
from storage_tui.previews.heads.tensors import Tensor, checked_shape, tensor_facts, tensor_lines
from storage_tui.previews.text.json_object import read_object

HEADER_BYTES = 100_000_000  # the limit of the reference library
SHOWN_METADATA = 8
METADATA = "__metadata__"
NAMES = {"F64": "float64", "F32": "float32", "F16": "float16", "BF16": "bfloat16", "I64": "int64", "I32": "int32",
         "I16": "int16", "I8": "int8", "U64": "uint64", "U32": "uint32", "U16": "uint16", "U8": "uint8",
         "BOOL": "bool", "F8_E4M3": "float8 e4m3", "F8_E5M2": "float8 e5m2", "C64": "complex64"}  # fmt: skip


class Safetensors:
    """The tensors that the header lists; no value is read."""

    kind = "safetensors"
    budget = HEADER_BUDGET

    def matches(self, head: bytes, name: str) -> bool:
        """Return whether the blob begins with the size of a header and a JSON object."""
        size = int.from_bytes(head[:8], "little")
        return 2 <= size <= HEADER_BYTES and head[8:9] == b"{" and head[9:10] in (b'"', b"}", b" ", b"\n")

    async def show(self, source: Source, head: bytes, view: View) -> Preview:
        """Return the tensors as far as the budget reaches into the header."""
        stop = 8 + int.from_bytes(head[:8], "little")
        head = await first_bytes(source, head, stop)
        return await asyncio.to_thread(_describe, head, stop, source.size_bytes, view)


def _describe(head: bytes, stop: int, size_bytes: int | None, view: View) -> Preview:
    found = read_object(head[8:stop].decode("utf-8", "replace"), 0, "")
    is_read = len(head) >= stop
    if is_read and not found.is_whole:
        raise LimitError("its header is not understood as JSON")
    tensors, end = [], 0
    for name, entry in found.members.items():
        if name != METADATA:
            tensor, last = _tensor(name, entry)
            tensors.append(tensor)
            end = max(end, last)
    facts = tensor_facts(tensors, len(tensors) if is_read else None)
    metadata = found.members.get(METADATA)
    if isinstance(metadata, dict):
        pairs = [(str(name), str(value)) for name, value in list(metadata.items())[:SHOWN_METADATA]]
        facts += [(visible(name, limit=24), visible(value, limit=80)) for name, value in pairs]
    missing = stop + end - (size_bytes if size_bytes is not None else stop + end)
    if missing > 0:
        facts.append(("cut", f"{size_text(missing)} are missing"))
    note = "" if is_read else f"its header has {size_text(stop - 8)}, and {size_text(len(head) - 8)} are read"
    lines: list[Text] = tensor_lines(tensors, is_full=view.is_full)
    return Preview(Safetensors.kind, facts=tuple(facts), lines=tuple(lines), note=note)


def _tensor(name: str, entry: Any) -> tuple[Tensor, int]:
    """Return a tensor and where its values end, counted from the end of the header."""
    try:
        dtype, shape, (start, stop) = entry["dtype"], checked_shape(entry["shape"]), entry["data_offsets"]
        if not (isinstance(dtype, str) and type(start) is int and type(stop) is int and 0 <= start <= stop < 1 << 63):
            raise ValueError
    except (TypeError, KeyError, ValueError) as exc:
        raise LimitError(f"the entry of {visible(name, limit=40)} is not understood") from exc
    return Tensor(name, NAMES.get(dtype, dtype), shape, stop - start), stop
