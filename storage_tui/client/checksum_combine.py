"""The crc32c of two pieces put together, from the crc32c of each: what parallel spans need."""

from functools import cache

POLYNOMIAL = 0x82F63B78  # Castagnoli, bits reversed


def combine(first: int, second: int, second_bytes: int) -> int:
    """The crc32c of A + B from those of A and B and the length of B: A's is moved past B's zeros, and added."""
    if second_bytes == 0:
        return first
    power = 0
    while second_bytes:
        if second_bytes & 1:
            first = _apply(_zero_bytes(power), first)
        second_bytes >>= 1
        power += 1
    return first ^ second


@cache
def _zero_bytes(power: int) -> tuple[int, ...]:
    """The matrix over GF(2) that moves a crc past 2**power zero bytes: column i is what becomes of bit i."""
    if power == 0:
        bit: tuple[int, ...] = (POLYNOMIAL, *(1 << i for i in range(31)))
        for _ in range(3):
            bit = _square(bit)
        return bit
    return _square(_zero_bytes(power - 1))


def _square(matrix: tuple[int, ...]) -> tuple[int, ...]:
    return tuple(_apply(matrix, column) for column in matrix)


def _apply(matrix: tuple[int, ...], vector: int) -> int:
    result = 0
    for column in matrix:
        if not vector:
            break
        if vector & 1:
            result ^= column
        vector >>= 1
    return result
