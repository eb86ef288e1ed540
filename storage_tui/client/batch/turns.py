"""The waiting items of a batch: each group in its own order, the groups in turn."""

from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import chain

from storage_tui.client.batch.packs import Joining
from storage_tui.client.batch.plan import BatchItem

Numbered = tuple[int, BatchItem]


@dataclass(slots=True)
class _Group:
    """Items that were added together. Items before the index `at` were taken, items in `dropped` were removed."""

    first: int
    items: Sequence[BatchItem]
    at: int = 0
    dropped: set[int] = field(default_factory=set)

    def numbers(self) -> range:
        return range(self.first + self.at, self.first + len(self.items))

    def item(self, number: int) -> BatchItem:
        return self.items[number - self.first]

    def left(self) -> Iterator[Numbered]:
        """Yield the items that were neither taken nor dropped."""
        for number in self.numbers():
            if number in self.dropped:
                self.dropped.discard(number)
                self.at = number - self.first + 1
            else:
                yield number, self.item(number)


class Turns:
    """Chooses the next items. A later group does not wait for the end of earlier groups.

    The object holds only the groups that were added. A caller with several threads uses a lock.
    """

    def __init__(self) -> None:
        self._groups: deque[_Group] = deque()
        self._count = 0
        self._on_hold: dict[int, BatchItem] = {}

    def __len__(self) -> int:
        """Return how many items can be taken now."""
        return self._count

    @property
    def is_empty(self) -> bool:
        """Return whether no item waits, not even on hold."""
        return not self._count and not self._on_hold

    def add(self, first: int, items: Sequence[BatchItem]) -> None:
        """Add a group of items, numbered from `first`."""
        if items:
            self._groups.append(_Group(first, items))
            self._count += len(items)

    def take(self, joining: Joining) -> list[Numbered]:
        """Take the next item of the group whose turn it is, with the following items that move together with it.

        Return an empty list when no item waits.
        """
        taken: list[Numbered] = []
        while self._groups and not taken:
            group = self._groups.popleft()
            for number, item in group.left():
                is_small = joining.takes(item)
                if taken and not is_small:
                    break
                group.at = number - group.first + 1
                taken.append((number, item))
                if not is_small:
                    break
            if group.numbers():
                self._groups.append(group)
        self._count -= len(taken)
        return taken

    def drop(self, number: int) -> BatchItem | None:
        """Remove a waiting item, on hold or not, and return it; None when it does not wait."""
        if number in self._on_hold:
            return self._on_hold.pop(number)
        for group in self._groups:
            if number in group.numbers() and number not in group.dropped:
                group.dropped.add(number)
                self._count -= 1
                return group.item(number)
        return None

    def drain(self) -> Iterator[Numbered]:
        """Remove all waiting items, on hold or not, and return an iterator over them.

        The items are removed when this method returns. The iterator makes each item when it reaches it, and needs no
        lock.
        """
        groups, held = self._groups, self._on_hold
        self._groups, self._on_hold, self._count = deque(), {}, 0
        return chain(held.items(), chain.from_iterable(group.left() for group in groups))

    def hold(self, number: int) -> None:
        """Put a waiting item on hold until `unhold`."""
        item = None if number in self._on_hold else self.drop(number)
        if item is not None:
            self._on_hold[number] = item

    def unhold(self, number: int | None = None) -> None:
        """Give an item that was on hold its turn at once; without a number, all of them."""
        for row in [*self._on_hold] if number is None else [number]:
            item = self._on_hold.pop(row, None)
            if item is not None:
                self._groups.appendleft(_Group(row, [item]))
                self._count += 1
