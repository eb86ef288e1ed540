"""The rows of the blocks of a table: which block has a row, and how many rows are known."""

from bisect import bisect_right
from collections.abc import Iterable
from itertools import accumulate


class Blocks:
    """Counts of rows, block by block. A table whose blocks become known one after the other is not `is_whole` yet.

    The blob holds no other table, unless a kind of table says so by `part` and `parts`.
    """

    part = ""
    parts: tuple[str, ...] = ()
    stride = 1

    def __init__(self, counts: Iterable[int] = (), *, is_whole: bool = True) -> None:
        """`counts` are the numbers of rows of the known blocks."""
        self._firsts = [0, *accumulate(counts)]
        self._is_whole = is_whole

    @property
    def rows(self) -> int | None:
        """The number of rows; None until all blocks are known."""
        return self._firsts[-1] if self._is_whole else None

    @property
    def rows_known(self) -> int:
        """The number of rows of the known blocks."""
        return self._firsts[-1]

    @property
    def blocks_known(self) -> int:
        """The number of known blocks."""
        return len(self._firsts) - 1

    def block_of(self, row: int) -> int:
        """Return the number of the block with a known row."""
        return bisect_right(self._firsts, row, hi=max(1, self.blocks_known)) - 1

    def first_of(self, block: int) -> int:
        """Return the number of the first row of a known block."""
        return self._firsts[block]

    def rows_of(self, block: int) -> int:
        """Return the number of rows of a known block."""
        return self._firsts[block + 1] - self._firsts[block]

    def _add(self, rows: int, *, is_last: bool) -> None:
        """Note the rows of the block after the known ones."""
        self._firsts.append(self._firsts[-1] + rows)
        self._is_whole = is_last
