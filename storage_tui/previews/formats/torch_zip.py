"""PyTorch checkpoints and TorchScript: tensors from the opcodes of data.pkl, which is never loaded.

The layout is that of `torch.serialization._save`: a zip with `NAME/data.pkl`, in which a call of
`torch._utils._rebuild_tensor_v2` stands for each tensor, and a persistent id for the storage of its values.
"""

import asyncio
import math
from dataclasses import dataclass, field
from typing import Any

from storage_tui.contract.visible import visible
from storage_tui.previews.base import KIB, Budget, LimitError, Preview, View
from storage_tui.previews.containers.zip_directory import Directory, Entry
from storage_tui.previews.heads.symbols import Box, Name, Outside, read_symbols
from storage_tui.previews.heads.tensors import Tensor, checked_shape, tensor_facts, tensor_lines
from storage_tui.previews.heads.zip_members import Members

MOST_VISITS = 200_000  # values looked at: a pickle may hold the same list a billion times
MOST_DEPTH = 40  # of modules in modules; a frame of Python each
MOST_TENSORS = 20_000
STORAGES = {"FloatStorage": "float32", "DoubleStorage": "float64", "HalfStorage": "float16",
            "BFloat16Storage": "bfloat16", "LongStorage": "int64", "IntStorage": "int32", "ShortStorage": "int16",
            "CharStorage": "int8", "ByteStorage": "uint8", "BoolStorage": "bool", "QInt8Storage": "qint8",
            "QUInt8Storage": "quint8", "QInt32Storage": "qint32", "ComplexFloatStorage": "complex64",
            "ComplexDoubleStorage": "complex128"}  # fmt: skip
BITS = {"float64": 8, "complex64": 8, "complex128": 16, "int64": 8, "uint64": 8, "float32": 4, "int32": 4, "qint32": 4,
        "uint32": 4, "float16": 2, "bfloat16": 2, "int16": 2, "uint16": 2}  # fmt: skip
"""The bytes of a value by its type; one byte for those that are not here."""
REBUILDS = ("_rebuild_tensor", "_rebuild_tensor_v2", "_rebuild_tensor_v3", "_rebuild_qtensor")
DTYPE_ARGUMENT = 6  # of `_rebuild_tensor_v3`
SHOWN_IMPORTS = 12
USUAL = ("torch.", "__torch__.", "collections.OrderedDict")  # named after what is unusual in a checkpoint


class TorchZip:
    """The tensors of a checkpoint by the names of the dictionaries that hold them."""

    kind = "PyTorch"
    budget = Budget(requests=3, size_bytes=512 * KIB)  # head, directory, and a data.pkl that is not in the head

    def claims(self, directory: Directory, name: str) -> bool:
        """Return whether a data.pkl lies in a folder at the top."""
        return _pickle_of(directory) is not None

    async def show(self, members: Members, view: View) -> Preview:
        """Return the tensors that the opcodes of data.pkl describe."""
        entry = _pickle_of(members.directory)
        assert entry is not None
        content = await members.read(entry)
        folder = entry.name.removesuffix("data.pkl")
        is_script = any(other.name.startswith(f"{folder}code/") for other in members.directory.entries)
        walk, imports, is_complete = await asyncio.to_thread(_tensors_of, content.raw)
        facts = tensor_facts(walk.tensors, len(walk.tensors) if is_complete and not walk.is_cut else None)
        for label in ("version", "byteorder"):
            found = members.find(folder + label)
            if (
                found is not None
                and found.size_bytes < KIB
                and members.source.kept(found.local_start, found.local_start + 1)
            ):
                raw = (await members.read(found)).raw
                facts.append((label, visible(raw.decode("utf-8", "replace").strip(), limit=20)))
        facts.append(("imports", ", ".join(visible(name, limit=60) for name in imports[:SHOWN_IMPORTS]) or "none"))
        notes = ["never loaded: that would run its code"]
        if not is_complete:
            notes.append("data.pkl is read in part")
        kind = "TorchScript" if is_script else self.kind
        lines = tensor_lines(walk.tensors, is_full=view.is_full)
        return Preview(kind, facts=tuple(facts), lines=tuple(lines), note=" · ".join(notes))


def _pickle_of(directory: Directory) -> Entry | None:
    """Return the entry of data.pkl; None without any."""
    return next(
        (entry for entry in directory.entries if entry.name.endswith("/data.pkl") and entry.name.count("/") == 1), None
    )


def _tensors_of(raw: bytes) -> tuple["_Walk", list[str], bool]:
    """Return the tensors, the imports with the unusual ones first, and whether the pickle was read to its end."""
    symbols = read_symbols(raw)
    if symbols.root is None:
        raise LimitError("its data.pkl is not understood")
    walk = _Walk()
    walk.visit(symbols.root, "", 0)
    imports = sorted(symbols.imports, key=lambda name: (name.startswith(USUAL), name))
    return walk, imports, symbols.is_complete


@dataclass
class _Walk:
    """The tensors that were found below a root."""

    tensors: list[Tensor] = field(default_factory=list)
    visits: int = 0
    is_cut: bool = False

    def visit(self, value: Any, name: str, depth: int) -> None:
        """Note the tensors in a value and below."""
        self.visits += 1
        if depth > MOST_DEPTH or self.visits > MOST_VISITS or len(self.tensors) >= MOST_TENSORS:
            self.is_cut = True
            return
        if isinstance(value, tuple):
            for at, inner in enumerate(value):
                self.visit(inner, f"{name}.{at}" if name else str(at), depth + 1)
        if not isinstance(value, Box):
            return
        tensor = _tensor(value, name)
        if tensor is not None:
            self.tensors.append(tensor)
            return
        for key, inner in value.pairs:
            step = str(key) if isinstance(key, str) or type(key) is int else "?"
            self.visit(inner, f"{name}.{step}" if name else step, depth + 1)
        for at, inner in enumerate(value.items):
            self.visit(inner, f"{name}.{at}" if name else str(at), depth + 1)
        if value.what is not None:
            self.visit(value.arguments, name, depth + 1)
        if value.state is not None:
            self.visit(value.state, name, depth + 1)


def _tensor(box: Box, name: str) -> Tensor | None:
    """Return the tensor that a call makes; None for another call."""
    if not isinstance(box.what, Name) or not isinstance(box.arguments, tuple):
        return None
    function = box.what.text.rpartition(".")[2]
    arguments = box.arguments
    if function == "_rebuild_parameter" and arguments and isinstance(arguments[0], Box):
        return _tensor(arguments[0], name)
    if function not in REBUILDS or len(arguments) < 3 or not isinstance(arguments[0], Outside):
        return None
    key, sides = arguments[0].key, arguments[2]
    if not isinstance(sides, tuple) or not isinstance(key, tuple) or len(key) < 2 or not isinstance(key[1], Name):
        return None
    storage = key[1].text.rpartition(".")[2]
    dtype = STORAGES.get(storage, storage)
    if len(arguments) > DTYPE_ARGUMENT and isinstance(arguments[DTYPE_ARGUMENT], Name):
        dtype = arguments[DTYPE_ARGUMENT].text.rpartition(".")[2]
    shape = checked_shape(sides)
    return Tensor(name or "(the whole)", dtype, shape, math.prod(shape) * BITS.get(dtype, 1))
