"""Blocks of lines in two columns beside each other, for lists of words on wide screens."""

from collections.abc import Sequence
from itertools import zip_longest

from rich.cells import cell_len

from storage_tui.tui.widgets.text_lines import Line, Run, wrapped

BETWEEN: Run = (" │ ", "dim")
NOTHING: Line = ((" ", ""),)

Block = Sequence[Line]


def blocks_of(lines: Sequence[Line]) -> list[Block]:
    """Return the lines between headings, each block with its heading; blank lines between blocks are left out."""
    blocks: list[list[Line]] = []
    for line in lines:
        if not any(text.strip() for text, _ in line):
            continue
        if not blocks or line[0][1] == "head":
            blocks.append([])
        blocks[-1].append(line)
    return list(blocks)


def in_two_columns(blocks: Sequence[Block], *, width: int, indent: int) -> list[Line]:
    """Return rows of `width` cells with the blocks in order: down the left column, then down the right one.

    The columns are as equally high as whole blocks allow. A line that is too long for its column continues in the next
    row, `indent` cells to the right.
    """
    left_cells = (width - cell_len(BETWEEN[0])) // 2
    right_cells = width - cell_len(BETWEEN[0]) - left_cells
    cut = _cut([_rows(block, left_cells, indent) for block in blocks])
    left = _column(blocks[:cut], left_cells, indent)
    right = _column(blocks[cut:], right_cells, indent)
    return [
        [*one, (" " * (left_cells - sum(cell_len(text) for text, _ in one)), ""), *((BETWEEN, *other) if right else ())]
        for one, other in zip_longest(left, right, fillvalue=NOTHING)
    ]


def _cut(blocks: Sequence[Sequence[Line]]) -> int:
    """Return how many blocks stand in the left column."""
    heights = [len(rows) + 1 for rows in blocks]
    return min(range(1, len(blocks) + 1), key=lambda cut: max(sum(heights[:cut]), sum(heights[cut:])), default=0)


def _rows(block: Block, cells: int, indent: int) -> list[Line]:
    return [row for line in block for row in wrapped(list(line), cells, indent)]


def _column(blocks: Sequence[Block], cells: int, indent: int) -> list[Line]:
    rows: list[Line] = []
    for block in blocks:
        rows += [NOTHING, *_rows(block, cells, indent)] if rows else _rows(block, cells, indent)
    return rows
