"""The items of a batch that wait: each group of them in its own order, the groups in turn."""

from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import chain

from storage_tui.client.batch.packs import Joining
from storage_tui.client.batch.plan import BatchItem

Numbered = tuple[int, BatchItem]


@dataclass(slots=True)
class _Group:
    """Items that were added together; those before `at` were taken, those `dropped` are taken elsewhere."""

    first: int
    items: Sequence[BatchItem]
    at: int = 0
    dropped: set[int] = field(default_factory=set)

    def numbers(self) -> range:
        return range(self.first + self.at, self.first + len(self.items))

    def item(self, number: int) -> BatchItem:
        return self.items[number - self.first]

    def left(self) -> Iterator[Numbered]:
        """Those that were neither taken nor dropped."""
        for number in self.numbers():
            if number in self.dropped:
                self.dropped.discard(number)
                self.at = number - self.first + 1
            else:
                yield number, self.item(number)


class Turns:
    """Gives what is next. A group that was added later does not wait for the end of those before it. Holds the groups
    that were added and no more; whoever uses it from several threads has a lock."""

    def __init__(self) -> None:
        self._groups: deque[_Group] = deque()
        self._count = 0
        self._on_hold: dict[int, BatchItem] = {}

    def __len__(self) -> int:
        """How many can be taken now."""
        return self._count

    @property
    def is_empty(self) -> bool:
        """Whether nothing waits, not even on hold."""
        return not self._count and not self._on_hold

    def add(self, first: int, items: Sequence[BatchItem]) -> None:
        """A group of items, numbered from `first` on."""
        if items:
            self._groups.append(_Group(first, items))
            self._count += len(items)

    def take(self, joining: Joining) -> list[Numbered]:
        """The next item of the group whose turn it is, with those after it that move together with it; nothing when
        nothing waits."""
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
        """Take one out of its turn, on hold or not; None when it does not wait."""
        if number in self._on_hold:
            return self._on_hold.pop(number)
        for group in self._groups:
            if number in group.numbers() and number not in group.dropped:
                group.dropped.add(number)
                self._count -= 1
                return group.item(number)
        return None

    def drain(self) -> Iterator[Numbered]:
        """Take all that wait out of their turn, on hold or not. They are gone when this returns; each is made as the
        iterator comes to it, which needs no lock."""
        groups, held = self._groups, self._on_hold
        self._groups, self._on_hold, self._count = deque(), {}, 0
        return chain(held.items(), chain.from_iterable(group.left() for group in groups))

    def hold(self, number: int) -> None:
        """Let one that waits wait until `unhold`."""
        item = None if number in self._on_hold else self.drop(number)
        if item is not None:
            self._on_hold[number] = item

    def unhold(self, number: int | None = None) -> None:
        """Let one that was on hold have its turn at once, or all of them."""
        for row in [*self._on_hold] if number is None else [number]:
            item = self._on_hold.pop(row, None)
            if item is not None:
                self._groups.appendleft(_Group(row, [item]))
                self._count += 1
