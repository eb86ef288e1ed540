"""The differences of a local folder and a prefix, their ticks, and what is done with each in either direction."""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Literal

from storage_tui.client.sync.compare import Pair
from storage_tui.client.sync.entries import LocalEntry, StoreEntry

Direction = Literal["up", "down"]
Step = Literal["upload", "download", "delete", "none"]
MOVES: tuple[Step, ...] = ("upload", "download")
KEPT = 100_000  # differences on the screen, about 60 MB; of more the first are kept, and the screen says so


@dataclass(eq=False, slots=True)
class Difference:
    """A relative key that is not the same on both sides; `reason` says in what way the two sides differ."""

    relative: str
    local: LocalEntry | None
    stored: StoreEntry | None
    reason: str = ""
    problem: str = ""  # why the local file cannot be compared

    def step(self, direction: Direction) -> Step:
        """Return what makes the target of the direction as its source."""
        if self.problem or (self.local is not None and not self.local.is_keyable and direction == "up"):
            return "none"
        source = self.local if direction == "up" else self.stored
        if source is None:
            return "delete"
        return "upload" if direction == "up" else "download"

    def why(self, direction: Direction) -> str:
        """Return the reason of the step in a few words."""
        if self.problem:
            return self.problem
        if self.local is not None and not self.local.is_keyable:
            return "the name cannot be a key"
        if self.local is None:
            return "only in the store"
        return "only in the folder" if self.stored is None else self.reason

    def size_bytes(self, direction: Direction) -> int | None:
        """Return the bytes that the step moves or deletes."""
        first, second = (self.local, self.stored) if direction == "up" else (self.stored, self.local)
        entry = first or second
        return None if entry is None else entry.size_bytes


@dataclass(slots=True)
class Counts:
    """The number of each step in a direction, the number of the ticked ones, and the bytes of the ticked moves."""

    every: Counter[Step] = field(default_factory=Counter)
    ticked: Counter[Step] = field(default_factory=Counter)
    ticked_bytes: int = 0

    def add(self, row: Difference, direction: Direction, *, is_ticked: bool) -> None:
        """Count a row."""
        self.every[row.step(direction)] += 1
        if is_ticked:
            self.turn(row, direction, is_ticked=True)

    def turn(self, row: Difference, direction: Direction, *, is_ticked: bool) -> None:
        """Count the tick of a row, which was turned."""
        step, sign = row.step(direction), 1 if is_ticked else -1
        self.ticked[step] += sign
        if step in MOVES:
            self.ticked_bytes += sign * (row.size_bytes(direction) or 0)


class Differences:
    """The differences in the order of their keys. Moves are ticked at first, deletes are not."""

    def __init__(self, *, most: int = KEPT) -> None:
        self._most = most
        self.direction: Direction = "up"
        self.rows: list[Difference] = []
        self.same = self.dropped = 0
        self._turned: dict[Direction, set[Difference]] = {"up": set(), "down": set()}  # ticks that were changed
        self._counts: dict[Direction, Counts] = {"up": Counts(), "down": Counts()}

    def take(self, pairs: Iterable[Pair]) -> None:
        """Take pairs that were compared: the local folder is the source, the store the target."""
        for pair in pairs:
            if pair.is_same:
                self.same += 1
            elif len(self.rows) >= self._most:
                self.dropped += 1
            else:
                local = pair.source if isinstance(pair.source, LocalEntry) else None
                stored = pair.target if isinstance(pair.target, StoreEntry) else None
                row = Difference(pair.relative, local, stored, pair.reason, pair.problem)
                self.rows.append(row)
                for direction, counts in self._counts.items():
                    counts.add(row, direction, is_ticked=row.step(direction) in MOVES)

    def turn(self) -> None:
        """Change the direction; each direction has its own ticks."""
        self.direction = "down" if self.direction == "up" else "up"

    def is_ticked(self, row: Difference) -> bool:
        """Return whether the row is ticked in the direction."""
        step = row.step(self.direction)
        return step != "none" and (step != "delete") is (row not in self._turned[self.direction])

    def tick(self, row: Difference) -> bool:
        """Change the tick of a row; return False for a row that nothing can be done with."""
        if row.step(self.direction) == "none":
            return False
        self._turned[self.direction] ^= {row}
        self._counts[self.direction].turn(row, self.direction, is_ticked=self.is_ticked(row))
        return True

    def tick_all(self) -> None:
        """Tick all moves, or untick them when all are ticked; the deletes keep their ticks."""
        turned = self._turned[self.direction]
        moves = [row for row in self.rows if row.step(self.direction) in MOVES]
        if any(row in turned for row in moves):
            turned.difference_update(moves)
        else:
            turned.update(moves)
        self._count_again()

    def ticked(self) -> Iterator[Difference]:
        """Yield the ticked rows in their order."""
        return (row for row in self.rows if self.is_ticked(row))

    @property
    def counts(self) -> "Counts":
        """The numbers of the direction."""
        return self._counts[self.direction]

    def discard(self, gone: Iterable[Difference]) -> None:
        """Drop rows that are being moved or were deleted."""
        dropped = set(gone)
        self.rows = [row for row in self.rows if row not in dropped]
        for turned in self._turned.values():
            turned -= dropped
        self._count_again()

    def _count_again(self) -> None:
        before = self.direction
        for direction in self._counts:
            self.direction = direction
            counts = self._counts[direction] = Counts()
            for row in self.rows:
                counts.add(row, direction, is_ticked=self.is_ticked(row))
        self.direction = before
