"""How large the parts of an object are.

S3 takes 10,000 parts, each of 5 MiB to 5 GiB and together at most 5 TiB. Some engines, such as R2, want all parts but
the last to be equal. So the parts of an object whose size is known are equal, and the size of a part follows from that
of the object. While the size is unknown, the first half of the parts is equal, and later parts grow in steps.
"""

from dataclasses import dataclass

MIB = 1024 * 1024
MOST_PARTS = 10_000  # of one object, by the S3 API
MOST_OBJECT_BYTES = 5 * 1024 * 1024 * MIB  # by the S3 API
LEAST_PART_BYTES = 8 * MIB  # a kill can cost twice as much: one part under way, one gathering
COARSE = 8  # times the least size: larger parts are multiples of this, as are the ends of what streams send


@dataclass(frozen=True, slots=True)
class PartSizes:
    """The sizes in bytes of all parts but the last, counted from 0: the first `equal_parts` have `first_bytes`, and
    from there on parts are twice as large after every `step_parts` parts."""

    first_bytes: int
    equal_parts: int = MOST_PARTS
    step_parts: int = MOST_PARTS

    def bytes_of(self, number: int) -> int:
        """Return the size of the part."""
        return self.first_bytes << self._doublings(number)

    def place_of(self, number: int) -> int:
        """Return where the part begins in the object."""
        doublings = self._doublings(number)
        if not doublings:
            return number * self.first_bytes
        begin = self.equal_parts + (doublings - 1) * self.step_parts
        return self._place_of_doubling(doublings) + (number - begin) * self.bytes_of(number)

    def number_at(self, place: int) -> int:
        """Return the number of the part that begins at or before the place."""
        if place < self.equal_parts * self.first_bytes:
            return place // self.first_bytes
        doublings = 1
        while place >= self._place_of_doubling(doublings + 1):
            doublings += 1
        begin = self.equal_parts + (doublings - 1) * self.step_parts
        return begin + (place - self._place_of_doubling(doublings)) // (self.first_bytes << doublings)

    def _doublings(self, number: int) -> int:
        return max(0, (number - self.equal_parts) // self.step_parts + 1)

    def _place_of_doubling(self, doublings: int) -> int:
        """Return where the parts begin that are so many times twice as large as the first."""
        return self.first_bytes * (self.equal_parts + self.step_parts * ((1 << doublings) - 2))


@dataclass(frozen=True, slots=True)
class PartRules:
    """What an engine takes, and the sizes that follow: of an object whose size is unknown, parts have the size
    `unknown_bytes` at first, and grow as `PartSizes` says with `equal_parts` and `step_parts`."""

    most_parts: int = MOST_PARTS
    most_bytes: int = MOST_OBJECT_BYTES
    least_bytes: int = LEAST_PART_BYTES
    unknown_bytes: int = 8 * MIB
    equal_parts: int = 4744  # with the steps 10,000 parts hold 5.05 TB, and the last parts have 4 GiB
    step_parts: int = 584

    def sizes_for(self, size_bytes: int | None) -> PartSizes:
        """Return the sizes of the parts of an object of this size; None is an unknown size."""
        if size_bytes is None:
            return PartSizes(self.unknown_bytes, self.equal_parts, self.step_parts)
        part, coarse = self.least_bytes, COARSE * self.least_bytes
        while part * self.most_parts < size_bytes and part < coarse:
            part *= 2
        if part * self.most_parts < size_bytes:
            part = -(-size_bytes // (self.most_parts * coarse)) * coarse
        return PartSizes(part)
