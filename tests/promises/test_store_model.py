"""Any sequence of calls on a local store does what a dictionary would: found by hypothesis, shrunk to the shortest."""

import asyncio
import shutil
import tempfile
from collections.abc import Coroutine
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, invariant, multiple, rule

from storage_tui.contract.errors import ConflictError, GoneError, NotFoundError, PreconditionFailedError, TypeRuleError
from storage_tui.server.stores.base import Address, Precondition
from storage_tui.server.stores.local.database.rows import INLINE_BYTES
from tests.effort import count
from tests.server.stores.engines import ALICE, BOB, ENGINES, Stage

T = TypeVar("T")

KEYS = st.sampled_from(["a", "a/", "a/b", "a//b", "a/b/c", "b", "É", "e\u0301", "é", "%2F", "a b"])
TYPES = st.sampled_from(["data", "tmp", "products"])
CONTENTS = st.sampled_from([b"", b"x", b"some", b"L" * (INLINE_BYTES + 1), b"M" * (2 * INLINE_BYTES + 3)])
OWNERS = st.sampled_from([ALICE, BOB])
WEEK = timedelta(days=7)


@dataclass
class Held:
    """What the dictionary holds under an address."""

    content: bytes
    etag: str
    expires: datetime | None


@dataclass
class Begun:
    """An upload as the dictionary knows it."""

    upload_id: str
    address: Address
    since: datetime
    content: bytes = b""


class StoreAsDictionary(RuleBasedStateMachine):
    """A store and a dictionary side by side."""

    uploads = Bundle("uploads")

    def __init__(self) -> None:
        super().__init__()
        self.loop = asyncio.new_event_loop()
        self.folder = Path(tempfile.mkdtemp(dir="/dev/shm" if Path("/dev/shm").is_dir() else None))
        self.stage = Stage(ENGINES["local"], self.folder)
        self.run(self.stage.start())
        self.held: dict[Address, Held] = {}

    def run(self, call: Coroutine[Any, Any, T]) -> T:
        return self.loop.run_until_complete(asyncio.wait_for(call, 60))

    def teardown(self) -> None:
        self.run(self.stage.store.close())
        self.loop.close()
        shutil.rmtree(self.folder)

    def alive(self) -> dict[Address, Held]:
        now = self.stage.clock.now
        return {at: held for at, held in self.held.items() if held.expires is None or held.expires > now}

    def is_old(self, upload: Begun) -> bool:
        return self.stage.clock.now - upload.since >= WEEK

    def note(self, address: Address, content: bytes, etag: str | None) -> None:
        assert etag is not None and all(held.etag != etag for held in self.held.values() if held.content != content)
        expires = self.stage.clock.now + WEEK if address.storage_type == "tmp" else None
        self.held[address] = Held(content, etag, expires)

    @rule(owner=OWNERS, storage_type=TYPES, key=KEYS, content=CONTENTS, only_new=st.booleans())
    def put(self, owner: str, storage_type: str, key: str, content: bytes, only_new: bool) -> None:
        address = Address(owner, storage_type, key)
        is_there = address in self.alive()
        precondition = Precondition(if_none_match=("*",) if only_new else ())
        try:
            blob = self.run(self.stage.store.put(address, content, precondition=precondition))
        except (TypeRuleError, ConflictError):
            assert is_there and storage_type == "products"
        except PreconditionFailedError:
            assert is_there and only_new
        else:
            assert not (is_there and (only_new or storage_type == "products"))
            self.note(address, content, blob.etag)

    @rule(owner=OWNERS, storage_type=TYPES, key=KEYS, is_known=st.booleans())
    def delete(self, owner: str, storage_type: str, key: str, is_known: bool) -> None:
        address = Address(owner, storage_type, key)
        held = self.alive().get(address)
        etag = held.etag if held and is_known else "another"
        try:
            self.run(self.stage.store.delete(address, precondition=Precondition(if_match=(etag,))))
        except TypeRuleError:
            assert storage_type == "products"
        except NotFoundError:
            assert held is None
        except PreconditionFailedError:
            assert held is None or not is_known
        else:
            assert held is not None and is_known and storage_type != "products"
            del self.held[address]

    @rule(owner=OWNERS, from_type=TYPES, from_key=KEYS, to_type=TYPES, to_key=KEYS)
    def copy(self, owner: str, from_type: str, from_key: str, to_type: str, to_key: str) -> None:
        from_there, to_there = Address(owner, from_type, from_key), Address(owner, to_type, to_key)
        alive = self.alive()
        try:
            blob = self.run(self.stage.store.copy(from_there, to_there))
        except NotFoundError:
            assert from_there not in alive
        except (TypeRuleError, ConflictError):
            assert to_type == "products" and to_there in alive
        else:
            self.note(to_there, alive[from_there].content, blob.etag)

    @rule(target=uploads, owner=OWNERS, storage_type=TYPES, key=KEYS)
    def begin(self, owner: str, storage_type: str, key: str) -> Any:
        address = Address(owner, storage_type, key)
        try:
            session = self.run(self.stage.store.create_upload(address))
        except (TypeRuleError, ConflictError):
            assert storage_type == "products" and address in self.alive()
            return multiple()
        return Begun(session.upload_id, address, self.stage.clock.now)

    @rule(upload=uploads, content=CONTENTS)
    def append(self, upload: Begun, content: bytes) -> None:
        async def write() -> None:
            async with self.stage.store.write_upload(upload.upload_id) as writer:
                assert writer.offset == len(upload.content)
                await writer.write(content)

        try:
            self.run(write())
        except (GoneError, NotFoundError):
            assert self.is_old(upload)
            return
        upload.content += content
        assert self.run(self.stage.store.find_upload(upload.upload_id)).offset == len(upload.content)

    @rule(upload=consumes(uploads))
    def finish(self, upload: Begun) -> None:
        async def end() -> str | None:
            async with self.stage.store.write_upload(upload.upload_id) as writer:
                return (await writer.finish(size_bytes=len(upload.content))).etag

        try:
            etag = self.run(end())
        except (GoneError, NotFoundError):
            assert self.is_old(upload)
        except (TypeRuleError, ConflictError):
            assert upload.address.storage_type == "products" and upload.address in self.alive()
        else:
            self.note(upload.address, upload.content, etag)

    @rule(upload=consumes(uploads))
    def cancel(self, upload: Begun) -> None:
        try:
            self.run(self.stage.store.cancel_upload(upload.upload_id))
        except (GoneError, NotFoundError):
            assert self.is_old(upload)
            return
        assert self.run(self.stage.store.find_upload(upload.upload_id)).is_cancelled

    @rule(hours=st.sampled_from([1, 30, 100]))
    def wait(self, hours: int) -> None:
        """Time passes; after a week of it a blob in tmp is gone, and so is an upload that nobody went on with."""
        self.stage.clock.advance(hours=hours)

    @rule()
    def sweep(self) -> None:
        self.run(self.stage.store.sweep())

    @rule()
    def restart(self) -> None:
        self.run(self.stage.restart())

    @rule(owner=OWNERS, storage_type=TYPES, prefix=st.sampled_from(["", "a", "a/", "a/b", "é"]))
    def usage(self, owner: str, storage_type: str, prefix: str) -> None:
        inside = [
            held.content
            for at, held in self.alive().items()
            if (at.namespace, at.storage_type) == (owner, storage_type) and at.key.startswith(prefix)
        ]
        usage = self.run(self.stage.store.usage(owner, storage_type, prefix=prefix))
        assert (usage.count, usage.size_bytes) == (len(inside), sum(map(len, inside)))

    @rule(owner=OWNERS, storage_type=TYPES, prefix=st.sampled_from(["", "a/"]), limit=st.integers(1, 4))
    def folders(self, owner: str, storage_type: str, prefix: str, limit: int) -> None:
        wanted: set[str] = set()
        for at in self.alive():
            if (at.namespace, at.storage_type) == (owner, storage_type) and at.key.startswith(prefix):
                name, slash, _ = at.key[len(prefix) :].partition("/")
                wanted.add(prefix + name + slash)
        found: list[str] = []
        after: str | None = ""
        while after is not None:
            page = self.run(
                self.stage.store.list_page(owner, storage_type, prefix=prefix, delimiter="/", after=after, limit=limit)
            )
            found += sorted([*page.prefixes, *(blob.key for blob in page.blobs)], key=str.encode)
            after = page.next_token
        assert found == sorted(wanted, key=str.encode)

    @invariant()
    def everything_is_as_the_dictionary_says(self) -> None:
        alive = self.alive()
        for owner in (ALICE, BOB):
            self.stage.namespace = owner
            for storage_type in ("data", "tmp", "products"):
                wanted = [at.key for at in alive if (at.namespace, at.storage_type) == (owner, storage_type)]
                assert self.run(self.stage.keys(storage_type=storage_type, limit=3)) == sorted(wanted, key=str.encode)
        for address, held in alive.items():
            self.stage.namespace = address.namespace
            assert self.run(self.stage.get(address.key, address.storage_type)) == held.content


TestStoreAsDictionary = StoreAsDictionary.TestCase
TestStoreAsDictionary.settings = settings(
    max_examples=count(5, 25, 1000), stateful_step_count=30, deadline=None, suppress_health_check=list(HealthCheck)
)
TestStoreAsDictionary = pytest.mark.slow(TestStoreAsDictionary)
