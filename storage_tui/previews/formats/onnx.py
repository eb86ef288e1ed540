"""ONNX: graph, operators, inputs, outputs and tensors of a model (onnx.proto; the file has no magic number).

The head has the operators and the first tensors. The values of a tensor lie between the tensors, so of a large model
the head lists some of them only. What follows the last tensor, inputs and outputs, is found from the end.
"""

import asyncio
import contextlib
import math
from collections import Counter
from dataclasses import dataclass, field

from rich.text import Text

from storage_tui.contract.visible import visible
from storage_tui.previews.base import HEADER_BUDGET, LimitError, Preview, Source, View
from storage_tui.previews.heads import protobuf
from storage_tui.previews.heads.cursor import first_bytes
from storage_tui.previews.heads.protobuf import BYTES, VARINT, Field, read_fields, text_of
from storage_tui.previews.heads.tensors import Tensor, checked_shape, tensor_facts, tensor_lines
from storage_tui.previews.table.grid import grid_lines

IR_VERSION, PRODUCER, PRODUCER_VERSION, GRAPH, OPSET = 1, 2, 3, 7, 8  # of ModelProto
WIRES = {1: VARINT, 2: BYTES, 3: BYTES, 4: BYTES, 5: VARINT, 6: BYTES, 7: BYTES, 8: BYTES, 14: BYTES, 20: BYTES,
         25: BYTES, 26: BYTES}  # fmt: skip
"""The fields of a model, by number, and how they are written."""
NODE, NAME, INITIALIZER, INPUT, OUTPUT = 1, 2, 5, 11, 12  # of GraphProto
OPERATOR, DIMS, DATA_TYPE, TENSOR_NAME = 4, 1, 2, 8  # of NodeProto and TensorProto
AFTER_TENSORS = frozenset((10, 11, 12, 13, 14, 15, 16))  # the fields of a graph after its tensors
MOST_IR_VERSION = 200
FIRST_INPUT = b"\x5a"  # the tag of an input: a place at which the fields after the last tensor may begin
MOST_TENSORS, MOST_VALUES = 20_000, 500
STEPS = 100_000  # fields looked at from all such places
TAIL_BYTES = 64 * 1024  # before the end of the graph
SHOWN_OPERATORS = 12
TYPES = {1: "float32", 2: "uint8", 3: "int8", 4: "uint16", 5: "int16", 6: "int32", 7: "int64", 8: "string", 9: "bool",
         10: "float16", 11: "float64", 12: "uint32", 13: "uint64", 14: "complex64", 15: "complex128", 16: "bfloat16",
         17: "float8 e4m3fn", 18: "float8 e4m3fnuz", 19: "float8 e5m2", 20: "float8 e5m2fnuz", 21: "uint4",
         22: "int4", 23: "float4 e2m1"}  # fmt: skip
BITS = {1: 32, 4: 16, 5: 16, 6: 32, 7: 64, 10: 16, 11: 64, 12: 32, 13: 64, 14: 64, 15: 128, 16: 16, 21: 4, 22: 4, 23: 4}


class Onnx:
    """The graph of a model, as far as its head and its end tell."""

    kind = "ONNX"
    budget = HEADER_BUDGET

    def matches(self, head: bytes, name: str) -> bool:
        """Return whether the fields of a model begin here, up to a graph whose first field is a node or a name."""
        if head[:1] != b"\x08":
            return False
        is_first = True
        try:
            for found in read_fields(head, 0, 1 << 62):
                if WIRES.get(found.number) != found.wire or (is_first and not 0 < found.value <= MOST_IR_VERSION):
                    return False
                if found.number == GRAPH:
                    return head[found.start : found.start + 1] in (b"\x0a", b"\x12", b"\x2a")
                is_first = False
        except LimitError:
            return False
        return False

    async def show(self, source: Source, head: bytes, view: View) -> Preview:
        """Return the preview from the head and the end of the blob."""
        if view.is_full:
            head = await first_bytes(source, head, len(head) + source.bytes_left - TAIL_BYTES)
        model = await asyncio.to_thread(_read_model, head)
        tail, start = b"", len(head)
        if source.size_bytes is not None and len(head) < source.size_bytes:
            if model.stop > source.size_bytes:
                raise LimitError("its graph claims more bytes than the blob has")
            start = max(len(head), min(model.stop - TAIL_BYTES, source.size_bytes - 1))
            tail = await source.read(start, min(source.size_bytes, start + source.bytes_left))
            await asyncio.to_thread(_read_end, model, tail, start)
        facts = [("IR version", str(model.ir_version))]
        if model.producer:
            facts.append(("producer", visible(model.producer, limit=80)))
        if model.opsets:
            facts.append(("operator sets", visible(", ".join(model.opsets), limit=120)))
        if model.name:
            facts.append(("graph", visible(model.name, limit=80)))
        more = "" if model.is_whole else "+"
        count = sum(model.operators.values())
        counted = ", ".join(
            f"{visible(name, limit=30)} × {n:,}" for name, n in model.operators.most_common(SHOWN_OPERATORS)
        )
        facts.append(("nodes", f"{count:,}{more}" + (f": {counted}" if counted else "")))
        facts += tensor_facts(model.tensors, len(model.tensors) if model.is_whole else None)
        lines = grid_lines(("", "name", "type", "shape"), model.values) if model.values else []
        if model.tensors:
            lines += [Text(""), *tensor_lines(model.tensors, is_full=view.is_full)]
        note = "" if model.is_whole else "the values of its tensors lie between the tensors: only the first are listed"
        return Preview(self.kind, facts=tuple(facts), lines=tuple(lines), note=note)


@dataclass
class _Model:
    """What is known of a model: its graph ends at `stop`, and is known without a gap up to `known_stop`."""

    ir_version: int = 0
    producer: str = ""
    name: str = ""
    opsets: list[str] = field(default_factory=list)
    operators: Counter[str] = field(default_factory=Counter)
    tensors: list[Tensor] = field(default_factory=list)
    values: list[tuple[str, str, str, str]] = field(default_factory=list)
    stop: int = 0
    known_stop: int = 0
    is_whole: bool = False


def _read_model(raw: bytes) -> _Model:
    model = _Model()
    for found in read_fields(raw, 0, 1 << 62):
        if found.number == IR_VERSION:
            model.ir_version = found.value
        elif found.number in (PRODUCER, PRODUCER_VERSION):
            model.producer = f"{model.producer} {text_of(raw, found)[:80]}".strip()
        elif found.number == GRAPH and found.wire == BYTES:
            model.stop = found.stop
            for part in read_fields(raw, found.start, found.stop):
                _take(model, raw, part)
                model.known_stop = part.stop
            model.is_whole = found.stop <= len(raw) and len(model.tensors) < MOST_TENSORS
        else:
            _take_opset(model, raw, found)
    return model


def _read_end(model: _Model, tail: bytes, start: int) -> None:
    """Take what follows the last tensor, and what follows the graph, from the last bytes, which begin at `start`."""
    stop = model.stop - start
    at = tail.find(FIRST_INPUT, 0, max(0, stop))
    steps = 0
    while at != -1 and steps < STEPS:
        parts: list[Field] = []
        with contextlib.suppress(LimitError):
            for part in read_fields(tail, at, stop):
                steps += 1
                if part.number not in AFTER_TENSORS or part.wire != BYTES or steps >= STEPS:
                    break
                parts.append(part)
        if parts and parts[-1].stop == stop:
            for part in parts:
                _take(model, tail, part)
            model.is_whole = start + at == model.known_stop and len(model.tensors) < MOST_TENSORS
            break
        at = tail.find(FIRST_INPUT, at + 1, stop)
    for found in read_fields(tail, max(0, stop), len(tail)):
        _take_opset(model, tail, found)


def _take(model: _Model, raw: bytes, part: Field) -> None:
    """Take one field of the graph."""
    if part.wire != BYTES:
        return
    if part.number == NODE and part.stop <= len(raw):
        names = [text_of(raw, found) for found in read_fields(raw, part.start, part.stop) if found.number == OPERATOR]
        model.operators[names[0][:60] if names else "?"] += 1
    elif part.number == NAME:
        model.name = text_of(raw, part)[:200]
    elif part.number == INITIALIZER and len(model.tensors) < MOST_TENSORS:
        tensor = _tensor(raw, part)
        if tensor is not None:
            model.tensors.append(tensor)
    elif part.number in (INPUT, OUTPUT) and part.stop <= len(raw) and len(model.values) < MOST_VALUES:
        model.values.append(_value(raw, part))


def _take_opset(model: _Model, raw: bytes, found: Field) -> None:
    if found.number != OPSET or found.wire != BYTES or found.stop > len(raw):
        return
    domain, version = "", 0
    for part in read_fields(raw, found.start, found.stop):
        if part.number == 1 and part.wire == BYTES:
            domain = text_of(raw, part)[:60]
        elif part.number == 2:
            version = part.value
    model.opsets.append(f"{domain or 'ai.onnx'} {version}")


def _tensor(raw: bytes, part: Field) -> Tensor | None:
    """Return a tensor from the fields before its values; None where the bytes end before its name."""
    sides: list[int] = []
    kind, name = 0, None
    for found in read_fields(raw, part.start, part.stop):
        if found.number == DIMS and found.wire == VARINT:
            sides.append(found.value)
        elif found.number == DIMS and found.stop <= len(raw):
            at = found.start
            while at < found.stop:
                side, at = protobuf.read_varint(raw, at)
                sides.append(side)
                if at < 0:
                    break
        elif found.number == DATA_TYPE:
            kind = found.value
        elif found.number == TENSOR_NAME and found.stop <= len(raw):
            name = text_of(raw, found)[:200]
    if name is None:
        return None
    shape = checked_shape(sides)
    size = None if kind == 8 else math.prod(shape) * BITS.get(kind, 8) // 8
    return Tensor(name, TYPES.get(kind, f"type {kind}"), shape, size)


def _value(raw: bytes, part: Field) -> tuple[str, str, str, str]:
    """Return an input or output as a row: what it is, its name, type and shape (ValueInfoProto)."""
    name, kind, sides = "", "", [""]
    for found in read_fields(raw, part.start, part.stop):
        if found.number == 1 and found.wire == BYTES:
            name = text_of(raw, found)[:80]
        elif found.number == 2 and found.wire == BYTES:
            for inner in read_fields(raw, found.start, found.stop):
                if inner.number == 1 and inner.wire == BYTES:
                    kind, sides = _tensor_type(raw, inner)
                else:
                    kind = "no tensor"
    return ("input" if part.number == INPUT else "output", name, kind, " × ".join(sides))


def _tensor_type(raw: bytes, field_of_type: Field) -> tuple[str, list[str]]:
    """Return type and sides of a TypeProto.Tensor; a side may have a name, or nothing."""
    kind, sides = "", []
    for found in read_fields(raw, field_of_type.start, field_of_type.stop):
        if found.number == 1 and found.wire == VARINT:
            kind = TYPES.get(found.value, f"type {found.value}")
        elif found.number == 2 and found.wire == BYTES:
            for side in read_fields(raw, found.start, found.stop):
                told = (
                    [
                        str(part.value) if part.wire == VARINT else text_of(raw, part)[:40]
                        for part in read_fields(raw, side.start, side.stop)
                    ]
                    if side.wire == BYTES
                    else []
                )
                sides.append(told[0] if told else "?")
    return kind, sides
