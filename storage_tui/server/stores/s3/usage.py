"""Usages of a bucket that are remembered for a while: after many changes a usage takes many lists.

A usage of up to `exact_blobs` is always counted again and exact. A larger usage is returned again for `SHARE` times as
long as the count took, at least GOOD_S and at most LONGEST_S seconds. It lacks the changes of that time, by this server
or another. No decision relies on it: a quota has its own counts.
"""

import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from storage_tui.contract.models import Usage
from storage_tui.server.stores.s3.ledger.ledger import MANY

GOOD_S = 5.0  # a browser that goes from folder to folder asks for the same types again and again
LONGEST_S = 60.0
SHARE = 20  # so counting takes at most a twentieth of the time, however many usages are requested
MAX_KEPT_ROWS = 100_000  # of all usages and their children together, some 20 MB


@dataclass(frozen=True, slots=True)
class _Kept:
    """A usage, and until when it is returned again."""

    usage: Usage
    good_until: float

    @property
    def rows(self) -> int:
        """The number of rows that count for the bound of all usages."""
        return 1 + len(self.usage.children)


class Usages:
    """The usages that one server remembers; for the event loop only. All of them have at most `most_rows` rows."""

    def __init__(
        self, clock: Callable[[], float] = time.monotonic, *, exact_blobs: int = MANY, most_rows: int = MAX_KEPT_ROWS
    ) -> None:
        self._clock = clock
        self._exact_blobs, self._most_rows = exact_blobs, most_rows
        self._kept: OrderedDict[tuple[str, ...], _Kept] = OrderedDict()
        self._rows = 0

    async def find(self, name: tuple[str, ...], count: Callable[[], Awaitable[Usage]]) -> Usage:
        """Return the usage that is remembered under the name, or else the result of `count`."""
        kept = self._kept.get(name)
        if kept is not None and self._clock() < kept.good_until:
            return kept.usage
        begun = self._clock()
        usage = await count()
        if usage.count > self._exact_blobs:
            ended = self._clock()
            self._keep(name, _Kept(usage, ended + min(max(GOOD_S, SHARE * (ended - begun)), LONGEST_S)))
        return usage

    def _keep(self, name: tuple[str, ...], kept: _Kept) -> None:
        self._drop(name)
        self._kept[name] = kept
        self._rows += kept.rows
        while self._rows > self._most_rows:
            self._drop(next(iter(self._kept)))

    def _drop(self, name: tuple[str, ...]) -> None:
        gone = self._kept.pop(name, None)
        self._rows -= 0 if gone is None else gone.rows
