"""Tensors of a model in facts and rows: names, types, shapes, sizes."""

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from rich.text import Text

from storage_tui.contract.sizes import size_text
from storage_tui.contract.visible import visible
from storage_tui.previews.base import PreviewError
from storage_tui.previews.table.grid import grid_lines

MOST_SIDES = 32  # PyTorch's own limit is 64, and no model has ten
MOST_VALUES = 1 << 63
SHOWN_TENSORS = 500  # a few screens; on the whole screen FULL_TENSORS
FULL_TENSORS = 10_000
NAME_CELLS = 64  # names differ at their end


@dataclass(frozen=True, slots=True)
class Tensor:
    """One tensor; `size_bytes` is None where the file does not say how many bytes hold the tensor."""

    name: str
    dtype: str
    shape: tuple[int, ...]
    size_bytes: int | None = None


def checked_shape(sides: Sequence[object]) -> tuple[int, ...]:
    """Return the sides of a tensor; raise PreviewError for what cannot be a shape."""
    shape = tuple(side for side in sides if type(side) is int and side >= 0)
    if len(shape) != len(sides) or len(shape) > MOST_SIDES or math.prod(shape) >= MOST_VALUES:
        raise PreviewError("a tensor claims a shape that no file can hold")
    return shape


def tensor_facts(tensors: Sequence[Tensor], total: int | None) -> list[tuple[str, str]]:
    """Return count, parameters, types and size; `total` is the number of all tensors, None where it is not known."""
    more = "" if total == len(tensors) else "+"
    listed = f" of {total:,}" if total is not None and more else more
    types = Counter(tensor.dtype for tensor in tensors)
    facts = [("tensors", f"{len(tensors):,}{listed}")]
    if tensors:
        facts.append(("parameters", f"{sum(math.prod(tensor.shape) for tensor in tensors):,}{more}"))
        facts.append(("types", ", ".join(f"{visible(name, limit=24)} × {n:,}" for name, n in types.most_common(6))))
        if all(tensor.size_bytes is not None for tensor in tensors):
            facts.append(("size of values", size_text(sum(tensor.size_bytes or 0 for tensor in tensors)) + more))
    return facts


def tensor_lines(tensors: Sequence[Tensor], *, is_full: bool) -> list[Text]:
    """Return the tensors as a table."""
    if not tensors:
        return []
    rows = [
        (tensor.name, tensor.dtype, " × ".join(map(str, tensor.shape)) or "scalar",
         "" if tensor.size_bytes is None else size_text(tensor.size_bytes))
        for tensor in tensors[: FULL_TENSORS if is_full else SHOWN_TENSORS]
    ]  # fmt: skip
    return grid_lines(("tensor", "type", "shape", "size"), rows, right=frozenset((3,)), cells=NAME_CELLS)
