"""The bytes of one part in order: those that are kept elsewhere, read a piece at a time, then those in memory."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import overload


@dataclass(frozen=True, slots=True)
class Held:
    """Bytes of a part that are not in memory: the sizes of their pieces, and what reads the piece at a place;
    blocking."""

    sizes: Sequence[int]
    read: Callable[[int], bytes]


class Content(Sequence[bytes]):
    """The bytes of one part, which may be read several times. Never more than one piece of what is held elsewhere is in
    memory."""

    def __init__(self, held: Held, chunks: Sequence[bytes]) -> None:
        self._held = held
        self._chunks = chunks

    @property
    def size_bytes(self) -> int:
        """The number of all bytes."""
        return sum(self._held.sizes) + sum(map(len, self._chunks))

    def __len__(self) -> int:
        return len(self._held.sizes) + len(self._chunks)

    @overload
    def __getitem__(self, place: int) -> bytes: ...
    @overload
    def __getitem__(self, place: slice) -> Sequence[bytes]: ...
    def __getitem__(self, place: int | slice) -> bytes | Sequence[bytes]:
        if isinstance(place, slice):
            return [self[one] for one in range(*place.indices(len(self)))]
        pieces = len(self._held.sizes)
        return self._held.read(place) if place < pieces else self._chunks[place - pieces]

    def __iter__(self) -> Iterator[bytes]:
        return (self[place] for place in range(len(self)))
