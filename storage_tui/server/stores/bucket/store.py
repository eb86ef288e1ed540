"""The Store over somebody else's bucket, exactly as it is: names are keys, byte for byte, and nothing of ours is in
it."""

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Self

from storage_tui.contract import checksum
from storage_tui.contract.columns import ColumnPage
from storage_tui.contract.errors import (
    BadRequestError,
    ChecksumError,
    StorageError,
    TypeRuleError,
)
from storage_tui.contract.models import Blob, DeleteResult, Page, Usage
from storage_tui.contract.moves import Move, MoveResult, independent_runs
from storage_tui.contract.wire import Span
from storage_tui.machine import directories
from storage_tui.server.limits.shares import Shares
from storage_tui.server.stores.base import (
    ANY,
    READ_SIZE,
    Address,
    BlobReader,
    Precondition,
    UploadPart,
    UploadSession,
    UploadWriter,
)
from storage_tui.server.stores.bucket import changes
from storage_tui.server.stores.bucket.bulk import Deletes
from storage_tui.server.stores.bucket.connecting import connect
from storage_tui.server.stores.bucket.copies import Copies, trip
from storage_tui.server.stores.bucket.extras import Extras
from storage_tui.server.stores.bucket.identity import Identity
from storage_tui.server.stores.bucket.lists.listing import Lists
from storage_tui.server.stores.bucket.lists.trees import SERVERS
from storage_tui.server.stores.bucket.objects import ObjectPlace, check_type, locate
from storage_tui.server.stores.bucket.options import BucketOptions
from storage_tui.server.stores.bucket.other_buckets import Connect as ConnectOther
from storage_tui.server.stores.bucket.other_buckets import OtherBuckets
from storage_tui.server.stores.bucket.refusals import DeniedError
from storage_tui.server.stores.bucket.sessions import SessionFolder, folder_of
from storage_tui.server.stores.bucket.types.lifecycle import ExpiryRules, read_rules
from storage_tui.server.stores.bucket.uploads import RULES, UploadSessions
from storage_tui.server.stores.bucket.versions.calls import Status, keeping
from storage_tui.server.stores.bucket.versions.trash import VersionTrash
from storage_tui.server.stores.multipart.sizes import PartRules
from storage_tui.server.stores.rules import addresses_of, check_precondition, check_target, precondition_of, refusal
from storage_tui.server.stores.s3.memory import TOTAL_BYTES, new_memory
from storage_tui.server.stores.s3.protocol.bucket import Bucket, Condition, Object
from storage_tui.server.stores.s3.protocol.requests import MismatchError, MissingError
from storage_tui.server.stores.s3.protocol.signing import utc_now
from storage_tui.server.stores.s3.protocol.threads import Threads, gather_few
from storage_tui.server.stores.s3.reader import ObjectReader, open_first

Connect = Callable[[], tuple[Bucket, Identity]]


@dataclass(frozen=True, slots=True)
class _Running:
    """What a started store works with."""

    bucket: Bucket
    identity: Identity
    threads: Threads
    lists: Lists
    copies: Copies
    uploads: UploadSessions
    deletes: Deletes
    trash: VersionTrash
    extras: Extras
    memory: Shares
    has_versions: bool
    is_tree: bool
    is_lent: bool = False  # the connections and threads belong to another store


class BucketStore:
    """The store of one place in a bucket; `title` is how people call the place. `connect` makes the connection and
    blocks. `sessions` is the folder for the state of uploads, on this machine.

    It keeps less than the promises of every Store, as the bucket may have other writers and other rules:

    - *Open readers.* A blob that is overwritten or deleted during a reading ends the reading with an error; bytes of
      two versions are never mixed.
    - *Rules.* There is one storage type, `data`, without expiry. The namespace of an address does not matter.
    - *Conditions.* A change under a precondition is checked here, and by the engine where it can. On an engine that
      has no conditional writes another writer may come between.
    - *Deletes.* A delete without a precondition removes whatever the key has at that moment. A delete of many keys does
      not say of a key without an ETag whether there was anything.
    - *Moves.* A move is a copy and a delete; one that breaks off leaves both. A copy onto itself changes nothing, but
      its content type where another is asked for; then metadata, headers, tags and storage class stay.
    - *ETags* are those of the engine: the same bytes stored again may have the same one. They are no checksums.
    - *Honesty.* A read of a whole object is compared with a checksum that the engine has stored of the whole: crc32c,
      sha256, crc32, sha1 or crc64nvme. A read of a part is compared with nothing; nor is an object without one.
    - *Uploads* continue on this machine only, as their state is here. They take no parts beside each other.
    - *Lists* are in byte order on engines that follow the S3 API, and on SeaweedFS. Of an engine that lists otherwise,
      only the entries of one page are in order. A list that goes on may miss what others changed in the three seconds
      before; what is changed through this store is seen.
    - *Trash.* Of a bucket that keeps versions the versions are the trash, which promises less too; any other has none.
    - There is no audit log, and no record.
    """

    opens_with_bytes = True
    takes_any_name = True

    def __init__(
        self, title: str, connect: Connect, sessions: Callable[[Bucket], Path], *, is_writable: bool,
        clock: Callable[[], datetime] = utc_now, upload_bytes: int = TOTAL_BYTES, others: ConnectOther | None = None,
        rules: PartRules = RULES,
    ) -> None:  # fmt: skip
        self._title = title
        self._connect = connect
        self._sessions = sessions
        self._is_writable = is_writable
        self._now = clock
        self._upload_bytes = upload_bytes
        self._rules = rules
        self._others = OtherBuckets(others or _no_other)
        self._running: _Running | None = None

    @classmethod
    def at(
        cls, bucket: str, prefix: str, options: BucketOptions, *, is_writable: bool, state_dir: Path | None = None
    ) -> Self:
        """Return the store of the objects whose names begin with the prefix. `state_dir` is the directory for the state
        of uploads, by default that of this program."""

        def sessions(found: Bucket) -> Path:
            return folder_of(state_dir or directories.state_dir(), found.engine.endpoint, bucket, found.root)

        return cls(
            f"s3://{bucket}{f'/{prefix}' if prefix else ''}", lambda: connect(bucket, prefix, options), sessions,
            is_writable=is_writable, others=lambda name, within: connect(name, within, options)[0],
        )  # fmt: skip

    async def start(self) -> None:
        """Connect, and learn the region and whether the bucket exists. Raise StorageError with one line when nothing
        can be done there; a bucket that may not be listed can still be read."""
        threads = Threads()
        try:
            bucket, identity, is_tree, kept = await threads.calls.run(self._begin)
        except BaseException:
            threads.close()
            raise
        self._running = self._works_on(
            bucket, identity, threads, new_memory(self._upload_bytes), is_tree=is_tree, has_versions=bool(kept)
        )

    def _works_on(
        self, bucket: Bucket, identity: Identity, threads: Threads, memory: Shares, *, is_tree: bool,
        has_versions: bool,
    ) -> _Running:  # fmt: skip
        folder = SessionFolder(self._sessions(bucket))
        copies = Copies(bucket)
        return _Running(
            bucket, identity, threads, Lists(bucket, threads, is_tree=is_tree), copies,
            UploadSessions(bucket, threads, folder, self._now, memory=memory, rules=self._rules),
            Deletes(bucket, threads), VersionTrash(bucket, threads, copies, self._check_writable),
            Extras(bucket, threads, folder, self._check_writable), memory, has_versions=has_versions, is_tree=is_tree,
        )  # fmt: skip

    def below(self, prefix: str) -> "BucketStore":
        """Return the store, started, of the objects below a prefix of this place. It uses the connections and threads
        of this store and is closed before this store."""
        running = self._run()
        bucket = Bucket(running.bucket.engine, running.bucket.name, running.bucket.root + prefix, is_ours=False)
        store = BucketStore(
            self._title,
            self._connect,
            self._sessions,
            is_writable=self._is_writable,
            clock=self._now,
            rules=self._rules,
        )
        found = store._works_on(
            bucket, running.identity, running.threads, running.memory, is_tree=running.is_tree,
            has_versions=running.has_versions,
        )  # fmt: skip
        store._running, store._others = replace(found, is_lent=True), self._others
        return store

    @property
    def root(self) -> str:
        """The prefix of the names of all objects of the place, from the start of the bucket."""
        return self._run().bucket.root

    async def expiry_rules(self) -> ExpiryRules:
        """Return when objects of the bucket expire by its own rules, as they are now."""
        running = self._run()
        return await running.threads.calls.run(read_rules, running.bucket)

    def _begin(self) -> tuple[Bucket, Identity, bool, Status]:
        bucket, identity = self._connect()
        served_by = ""
        try:
            with suppress(DeniedError):  # a bucket that may not be listed can still have objects that may be read
                bucket.list("", limit=1)
                served_by = bucket.served_by()
            kept = keeping(bucket)
        except MissingError as exc:
            bucket.engine.close()
            raise BadRequestError(f"nothing of the S3 API is at {bucket.engine.endpoint}; check the endpoint") from exc
        except BaseException:
            bucket.engine.close()
            raise
        return bucket, identity, served_by.startswith(SERVERS), kept

    async def close(self) -> None:
        running, self._running = self._running, None
        if running is None:
            return
        await running.uploads.settle()
        await running.lists.close()
        if not running.is_lent:
            running.threads.close()
            self._others.close()
            running.bucket.engine.close()

    @property
    def lacks(self) -> frozenset[str]:
        """The features of the description that this engine does not have."""
        trash = frozenset[str]() if self._run().has_versions else frozenset({"trash"})
        return trash | {"upload-parts"}

    @property
    def trash(self) -> VersionTrash:
        """The versions of the bucket."""
        return self._run().trash

    @property
    def extras(self) -> Extras:
        """What only buckets have."""
        return self._run().extras

    async def signed_url(self, address: Address, *, valid_s: int) -> str:
        """Return a URL of the engine's own, as `Presigning` promises."""
        running = self._run()
        return await running.threads.calls.run(lambda: running.bucket.presign(address.key, {}, valid_s=valid_s))

    async def place_rules(self) -> list[str]:
        """Return what is special about the place, as short words: read only, versioned, requester pays, the region,
        without credentials."""
        running = self._run()
        rules = [] if self._is_writable else ["read only"]
        if kept := await running.threads.calls.run(keeping, running.bucket):
            rules.append("versioned" if kept == "Enabled" else "versions suspended")
        if running.identity.pays:
            rules.append("requester pays")
        if running.identity.endpoint_url is None:
            rules.append(running.bucket.engine.region)
        if running.identity.credentials is None:
            rules.append("without credentials")
        return rules

    async def stat(self, address: Address) -> Blob:
        place, running = locate(address), self._run()
        return place.to_blob(await running.threads.calls.run(changes.find, running.bucket, place))

    @asynccontextmanager
    async def open(self, address: Address) -> AsyncIterator[BlobReader]:
        place, running = locate(address), self._run()
        found = await running.threads.calls.run(open_first, running.bucket, place)
        if found is None:
            raise place.not_found()
        yield ObjectReader(running.bucket, running.threads, place, *found)

    async def list_page(
        self, namespace: str, storage_type: str, *, prefix: str = "", delimiter: str = "", after: str = "", limit: int
    ) -> Page:  # fmt: skip
        check_type(storage_type)
        return await self._run().lists.page(prefix, delimiter, after, limit)

    async def list_columns(
        self, namespace: str, storage_type: str, *, prefix: str = "", delimiter: str = "", after: str = "", limit: int,
        page_limit: int,
    ) -> list[ColumnPage]:  # fmt: skip
        check_type(storage_type)
        return await self._run().lists.columns(prefix, delimiter, after, limit, page_limit)

    async def usage(self, namespace: str, storage_type: str, *, prefix: str = "", delimiter: str = "") -> Usage:
        check_type(storage_type)
        return await self._run().lists.usage(prefix, delimiter)

    async def put(
        self, address: Address, content: bytes, *, content_type: str | None = None, crc32c: str | None = None,
        md5: str | None = None, precondition: Precondition = ANY,
    ) -> Blob:  # fmt: skip
        place, running = self._changed(address, "write"), self._run()
        told = checksum.encode(checksum.extend(0, content))
        if crc32c is not None and checksum.decode(crc32c) != checksum.decode(told):
            raise _mismatch(address.key, crc32c, told)

        def change(condition: Condition) -> Object:
            return running.bucket.put(place.name, content, crc32c=told, content_type=content_type, condition=condition)

        lane = running.threads.calls if len(content) <= READ_SIZE else running.threads.writes
        try:
            made = await lane.run(changes.write, running.bucket, place, precondition, change)
        except MismatchError as exc:
            raise _mismatch(address.key, told, "another one") from exc
        return replace(place.to_blob(made), content_type=content_type)

    async def delete(self, address: Address, *, precondition: Precondition = ANY) -> None:
        place, running = self._changed(address, "delete"), self._run()
        await running.threads.calls.run(changes.remove, running.bucket, place, precondition)

    async def withdraw(self, address: Address, *, precondition: Precondition = ANY) -> None:
        await self.delete(address, precondition=precondition)

    async def delete_many(
        self, namespace: str, storage_type: str, targets: Sequence[tuple[str, str | None]]
    ) -> list[DeleteResult]:
        self._check_writable("delete", targets[0][0] if targets else "")
        return await self._run().deletes.carry_out(targets)

    async def copy(
        self, source: Address, target: Address, *, source_etag: str | None = None, precondition: Precondition = ANY,
        content_type: str | None = None,
    ) -> Blob:  # fmt: skip
        self._check_writable("copy", source.key)
        wanted = trip(source, target, source_etag, precondition, check_precondition)
        if content_type is not None:
            return await self._run().threads.writes.run(self._run().copies.retype, wanted, content_type)
        return (await self._run().threads.writes.run(self._run().copies.copy, wanted))[0]

    async def copy_from(
        self, place: str, source: Address, target: Address, *, source_etag: str | None = None,
        precondition: Precondition = ANY,
    ) -> Blob:  # fmt: skip
        """Copy an object of another bucket, as `CopyingFrom` promises."""
        self._check_writable("copy", source.key)
        wanted, running = trip(source, target, source_etag, precondition, check_target), self._run()

        def copy() -> Blob:
            return self._others.copies(place, running.bucket).copy(wanted)[0]

        return await running.threads.writes.run(copy)

    async def move(
        self, source: Address, target: Address, *, source_etag: str | None = None, precondition: Precondition = ANY
    ) -> Blob:
        self._check_writable("move", source.key)
        wanted = trip(source, target, source_etag, precondition, check_target)
        return (await self._run().threads.writes.run(self._run().copies.move, wanted))[0]

    async def move_many(self, namespace: str, moves: Sequence[Move]) -> list[MoveResult]:
        return await self._many(namespace, moves, is_copy=False)

    async def copy_many(self, namespace: str, moves: Sequence[Move]) -> list[MoveResult]:
        return await self._many(namespace, moves, is_copy=True)

    async def create_upload(
        self, address: Address, *, size_bytes: int | None = None, content_type: str | None = None,
        crc32c: str | None = None, promised: Mapping[str, bytes] | None = None, precondition: Precondition = ANY,
        repeat_key: str | None = None,
    ) -> UploadSession:  # fmt: skip
        self._check_writable("upload", address.key)
        return await self._run().uploads.create(
            address, size_bytes=size_bytes, content_type=content_type, crc32c=crc32c, promised=promised or {},
            precondition=precondition, repeat_key=repeat_key,
        )  # fmt: skip

    async def find_upload(self, upload_id: str) -> UploadSession:
        return await self._run().uploads.find(upload_id)

    def write_upload(self, upload_id: str, *, restart: bool = False) -> AbstractAsyncContextManager[UploadWriter]:
        self._check_writable("upload", "")
        return self._run().uploads.write(upload_id, restart=restart)

    async def find_parts(self, upload_id: str) -> list[UploadPart]:
        await self._run().uploads.find_open(upload_id)
        return []

    @asynccontextmanager
    async def write_part(self, upload_id: str, span: Span) -> AsyncIterator[UploadWriter]:
        session = await self._run().uploads.find_open(upload_id)
        raise BadRequestError("an upload to a bucket takes its bytes in order; send them to its URL", key=session.key)
        yield

    async def drop_parts(self, upload_id: str) -> None:
        await self._run().uploads.find_open(upload_id)

    async def cancel_upload(self, upload_id: str) -> None:
        await self._run().uploads.cancel(upload_id)

    async def sweep(self) -> int:
        if self._is_writable:
            await self._run().uploads.sweep()
        return 0

    async def _many(self, namespace: str, moves: Sequence[Move], *, is_copy: bool) -> list[MoveResult]:
        running = self._run()
        change = running.copies.copy if is_copy else running.copies.move

        async def carry_out(wanted: Move) -> MoveResult:
            try:
                self._check_writable("copy" if is_copy else "move", wanted.key)
                source, target = addresses_of(namespace, wanted)
                asked = trip(source, target, wanted.etag, precondition_of(wanted), check_target)
                blob, before = await running.threads.writes.run(change, asked)
            except StorageError as exc:
                return refusal(wanted, exc)
            return MoveResult(wanted, blob, overwritten=before)

        results: list[MoveResult] = []
        for run in independent_runs(moves, is_copy=is_copy):
            results += await gather_few(carry_out(moves[number]) for number in run)
        return results

    def _changed(self, address: Address, verb: str) -> ObjectPlace:
        self._check_writable(verb, address.key)
        return locate(address)

    def _check_writable(self, verb: str, key: str) -> None:
        if not self._is_writable:
            raise TypeRuleError(f"cannot {verb}: {self._title} is open read only; --write allows changes", key=key)

    def _run(self) -> _Running:
        if self._running is None:
            raise StorageError("the store is not started")
        return self._running


def _no_other(bucket: str, prefix: str) -> Bucket:
    raise BadRequestError(f"nothing is copied from {bucket} here")


def _mismatch(key: str, told: str, found: str) -> ChecksumError:
    return ChecksumError(f"the bytes of {key!r} arrived with crc32c {found}, not {told}; send them again", key=key)
