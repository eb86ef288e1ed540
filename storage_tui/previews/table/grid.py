"""A table as lines of text: a bold head, a dim line under it, columns as wide as their values, up to a limit."""

from collections.abc import Sequence

from rich.cells import cell_len, set_cell_size
from rich.text import Text

from storage_tui.contract.visible import visible

COLUMN_CELLS = 32  # a wider value is cut: the columns after it matter as much
MAX_COLUMNS = 64  # the view is narrower; more columns would only cost time


def grid_lines(
    heads: Sequence[str],
    rows: Sequence[Sequence[str]],
    *,
    under: Sequence[Sequence[str]] = (),
    right: frozenset[int] = frozenset(),
    cells: int = COLUMN_CELLS,
) -> list[Text]:
    """Return the table, every cell escaped; `under` are further heads, `right` the columns aligned to the right.

    A value wider than `cells` is cut.
    """
    count = min(max([len(heads), *map(len, rows)], default=0), MAX_COLUMNS)
    every = (heads, *under, *rows)
    table = [[cell_text(row[at], cells) if at < len(row) else "" for at in range(count)] for row in every]
    widths = [max(cell_len(row[column]) for row in table) for column in range(count)]
    lines = [grid_line(table[0], widths, right, "bold")]
    lines += [grid_line(row, widths, right, "dim") for row in table[1 : len(under) + 1]]
    lines += [grid_line(row, widths, right) for row in table[len(under) + 1 :]]
    return lines


def cell_text(value: str, cells: int = COLUMN_CELLS) -> str:
    """Return a value in at most `cells` cells, safe to draw."""
    shown = visible(value[: cells + 1])
    return set_cell_size(shown, cells - 1) + "…" if cell_len(shown) > cells else shown


def grid_line(row: Sequence[str], widths: Sequence[int], right: frozenset[int], style: str = "") -> Text:
    """Return one row of a table from cells that are safe to draw and no wider than their columns."""
    cells = [
        " " * (width - cell_len(cell)) + cell if column in right else cell + " " * (width - cell_len(cell))
        for column, (cell, width) in enumerate(zip(row, widths, strict=True))
    ]
    return Text("  ".join(cells).rstrip(), style=style, no_wrap=True)
