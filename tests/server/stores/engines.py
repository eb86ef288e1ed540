"""The table of stores that the conformance suite runs on, and what its tests need to drive one."""

import os
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from storage_tui.contract.models import Blob
from storage_tui.contract.wire import Span
from storage_tui.server.stores.base import ANY, Address, BlobReader, Precondition, Store
from storage_tui.server.stores.local.store import LocalStore
from tests.server.stores.s3.timed_bucket import open_timed_store

ALICE = "a" * 40
BOB = "b0" * 20


class Clock:
    """A clock that stands still until a test moves it."""

    def __init__(self) -> None:
        self.now = datetime(2024, 5, 1, 12, 0, 0, 123000, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now

    def advance(self, **units: float) -> None:
        self.now += timedelta(**units)


Factory = Callable[[Path, Clock], Store]


@dataclass(frozen=True)
class EngineRow:
    """How a store of the engine is opened, and where the engine keeps less of a promise, as its docstring says.

    Opening the same path again is a restart. `writes` scales the tests that store thousands of blobs one by one.
    """

    open: Factory
    longest_key: str = "x" * 1024
    keeps_open_blobs: bool = True
    lists_everything: bool = True
    etag_is_of_the_write: bool = True
    reads_back_bytes: float = float("inf")  # of an upload before its end
    writes: float = 1.0


def local_row(**options: Any) -> EngineRow:
    """The local engine, opened with options of a test."""
    return EngineRow(lambda path, clock: LocalStore(path / "data", clock=clock, **options))


# One row an engine; it joins every test of test_conformance*.py.
ENGINES: dict[str, EngineRow] = {
    "local": local_row(reserve_bytes=0),
    "s3": EngineRow(
        open_timed_store,
        longest_key="/".join(("x" * 200,) * 4),
        keeps_open_blobs=False,
        lists_everything=False,
        etag_is_of_the_write=False,
        reads_back_bytes=8 * 1024 * 1024,
        writes=0.1,
    ),
}

SIZES = {"empty": 0, "one byte": 1, "small": 10 * 1024, "large": 3 * 1024 * 1024 + 17}


@dataclass
class Stage:
    """A started store with its clock, and short forms of what tests do most."""

    engine: EngineRow
    path: Path
    clock: Clock = field(default_factory=Clock)
    namespace: str = ALICE

    async def start(self) -> None:
        self.store = self.engine.open(self.path, self.clock)
        await self.store.start()

    async def restart(self) -> None:
        await self.store.close()
        await self.start()

    def at(self, key: str, storage_type: str = "data") -> Address:
        return Address(self.namespace, storage_type, key)

    async def put(
        self, key: str, content: bytes = b"content", storage_type: str = "data", *, precondition: Precondition = ANY
    ) -> Blob:
        return await self.store.put(self.at(key, storage_type), content, precondition=precondition)

    async def get(self, key: str, storage_type: str = "data") -> bytes:
        async with self.store.open(self.at(key, storage_type)) as reader:
            return await whole(reader)

    async def upload(self, key: str, content: bytes, storage_type: str = "data", **how: object) -> Blob:
        session = await self.store.create_upload(self.at(key, storage_type), **how)  # type: ignore[arg-type]
        async with self.store.write_upload(session.upload_id) as writer:
            for start in range(0, len(content), 256 * 1024):
                await writer.write(content[start : start + 256 * 1024])
            return await writer.finish()

    async def keys(self, prefix: str = "", storage_type: str = "data", *, limit: int = 1000) -> list[str]:
        found: list[str] = []
        after = ""
        while True:
            page = await self.store.list_page(self.namespace, storage_type, prefix=prefix, after=after, limit=limit)
            assert len(page.blobs) <= limit
            found += [blob.key for blob in page.blobs]
            if page.next_token is None:
                return found
            after = page.next_token


async def whole(reader: BlobReader) -> bytes:
    """All bytes of an open blob."""
    assert reader.blob.size_bytes is not None
    return b"".join([piece async for piece in reader.chunks(Span(0, reader.blob.size_bytes))])


def random_bytes(size_bytes: int) -> bytes:
    """Bytes that nobody stored before."""
    return os.urandom(size_bytes)


def blob_files(stage: Stage) -> list[Path]:
    """The blob files of a local store."""
    return sorted((stage.path / "data" / "blobs").glob("*/*"))


def part_files(stage: Stage) -> list[Path]:
    """The part files of a local store."""
    return sorted((stage.path / "data" / "uploads").iterdir())
