"""Hashes of bytes as they arrive: in a thread, a piece behind, because a hash such as md5 is slower than a network."""

import asyncio
from collections.abc import Collection, Mapping
from concurrent.futures import ThreadPoolExecutor

from storage_tui.contract.checksum import hasher, to_text
from storage_tui.contract.errors import ChecksumError

THREAD_BYTES = 128 * 1024  # bytes for one switch to a thread; two such pieces are in memory at most
INLINE_BYTES = 16 * 1024  # so few are hashed where they are: it takes less time than the switch


_THREADS = ThreadPoolExecutor(2, thread_name_prefix="storage-hashes")  # more would take the cores from other work


class Hashing:
    """The hashes with these names of the bytes given so far."""

    def __init__(self, names: Collection[str]) -> None:
        self._hashers = {name: hasher(name) for name in names}
        self._gathered: list[bytes] = []
        self._gathered_bytes = 0
        self._running: asyncio.Future[None] | None = None
        self.size_bytes = 0

    @property
    def names(self) -> frozenset[str]:
        """The names of the hashes."""
        return frozenset(self._hashers)

    async def extend(self, chunk: bytes) -> None:
        """Add the bytes that follow."""
        self._gathered.append(chunk)
        self._gathered_bytes += len(chunk)
        self.size_bytes += len(chunk)
        if self._gathered_bytes >= THREAD_BYTES:
            await self._hand_over()

    async def settle(self) -> None:
        """Hash all bytes given so far, so that none of them is held."""
        if self._gathered_bytes > INLINE_BYTES:
            await self._hand_over()
        await self._wait()
        gathered, self._gathered, self._gathered_bytes = self._gathered, [], 0
        self._update(gathered)

    async def digests(self) -> dict[str, bytes]:
        """Return the hashes by their names."""
        await self.settle()
        return {name: one.digest() for name, one in self._hashers.items()}

    async def _hand_over(self) -> None:
        await self._wait()
        gathered, self._gathered, self._gathered_bytes = self._gathered, [], 0
        self._running = asyncio.get_running_loop().run_in_executor(_THREADS, self._update, gathered)

    async def _wait(self) -> None:
        if self._running is not None:
            await asyncio.wait((self._running,))  # waiting for the future itself could cancel it
            self._running.result()
            self._running = None

    def _update(self, chunks: list[bytes]) -> None:
        for chunk in chunks:
            for one in self._hashers.values():
                one.update(chunk)


def check_hashes(promised: Mapping[str, bytes], found: Mapping[str, bytes], what: str, key: str | None = None) -> None:
    """Raise ChecksumError, which calls the bytes `what`, unless the bytes have all hashes that were promised."""
    for name, digest in promised.items():
        if found[name] != digest:
            raise ChecksumError(
                f"{what} arrived with {name} {to_text(found[name])}, not {to_text(digest)}; send it again", key=key
            )
