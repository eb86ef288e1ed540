"""Inputs made out of good ones: bits flipped, pieces cut, doubled, joined and replaced by what parsers trip over."""

import random
from collections.abc import Callable, Iterator, Sequence

Change = Callable[[random.Random, bytes, Sequence[bytes]], bytes]

AWKWARD = (
    b"\x00", b"\xff", b"\xed\xa0\x80", b"\xf4\x90\x80\x80", b"%", b"%00", b"%2F", b"%2e%2e", b"%zz", b"%c0%af", b"..",
    b"//", b"?", b"#", b"+", b"-", b"-1", b"0", b"9" * 19, b"9" * 25, b"9" * 5000, b"1e999", b"NaN", b"Infinity", b"*",
    b'"', b"\\", b"\\ud800", b"null", b"true", b"[]", b"{}", b"[" * 3000, b'{"a":' * 3000, b",", b"=", b";", b"&", b" ",
    b"\t", b"\r\n", b"\x1b[2J", b"\xe2\x80\xae", "é".encode(), "٣".encode(), b"0001-01-01T00:00:00+23:59",
    b"9999-12-31T23:59:59-23:59", (2**31 - 1).to_bytes(4, "little"), (2**63 - 1).to_bytes(8, "little"), b"\xff" * 8,
    bytes(8),
)  # fmt: skip


def _flip(chance: random.Random, content: bytes, _: Sequence[bytes]) -> bytes:
    changed = bytearray(content)
    if changed:
        changed[chance.randrange(len(changed))] ^= 1 << chance.randrange(8)
    return bytes(changed)


def _cut(chance: random.Random, content: bytes, _: Sequence[bytes]) -> bytes:
    start, stop = sorted((chance.randint(0, len(content)), chance.randint(0, len(content))))
    return content[:start] + content[stop:]


def _double(chance: random.Random, content: bytes, _: Sequence[bytes]) -> bytes:
    start, stop = sorted((chance.randint(0, len(content)), chance.randint(0, len(content))))
    return content[:stop] + content[start:stop] * chance.choice((1, 2, 30)) + content[stop:]


def _put_in(chance: random.Random, content: bytes, _: Sequence[bytes]) -> bytes:
    at = chance.randint(0, len(content))
    return content[:at] + chance.choice(AWKWARD) + content[at + chance.choice((0, 0, 1, 4, 8)) :]


def _join(chance: random.Random, content: bytes, seeds: Sequence[bytes]) -> bytes:
    other = chance.choice(seeds)
    return content[: chance.randint(0, len(content))] + other[chance.randint(0, len(other)) :]


def _end(chance: random.Random, content: bytes, _: Sequence[bytes]) -> bytes:
    return content[: chance.randint(0, len(content))]


CHANGES: tuple[Change, ...] = (_flip, _flip, _cut, _double, _put_in, _put_in, _join, _end)
LONGEST = 256 * 1024


def mutations(seeds: Sequence[bytes], rounds: int, seed: str) -> Iterator[bytes]:
    """The seeds, then `rounds` inputs made from them; the same ones for the same `seed`."""
    chance = random.Random(seed)
    yield from seeds
    for _ in range(rounds):
        content = chance.choice(seeds)
        for _ in range(chance.choice((1, 1, 2, 3, 8))):
            content = chance.choice(CHANGES)(chance, content, seeds)
        yield content[:LONGEST]
