"""The Store over a bucket in which each storage type is a prefix: `published/` is `data`, `scratch/` is `tmp`."""

from array import array
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import replace
from typing import Any

from storage_tui.contract.columns import ColumnPage
from storage_tui.contract.errors import (
    BadRequestError,
    NotFoundError,
    StorageError,
)
from storage_tui.contract.models import Blob, DeleteResult, Page, Usage
from storage_tui.contract.moments import from_millis, to_millis
from storage_tui.contract.moves import Move, MoveResult
from storage_tui.contract.storage_types import DEFAULT, STORAGE_TYPES, StorageType, find_storage_type
from storage_tui.contract.wire import Span
from storage_tui.server.stores import rules
from storage_tui.server.stores.base import (
    ANY,
    Address,
    BlobReader,
    Precondition,
    UploadPart,
    UploadSession,
    UploadWriter,
)
from storage_tui.server.stores.bucket.store import BucketStore
from storage_tui.server.stores.bucket.types.extras import TypesExtras
from storage_tui.server.stores.bucket.types.lifecycle import ExpiryRules
from storage_tui.server.stores.bucket.types.names import WAY_OUT, Kind, Name, in_words_of, new_where_it_must_be
from storage_tui.server.stores.bucket.types.trash import TypesTrash


class MappedStore:
    """A BucketStore whose storage types are prefixes of the place that `whole` shows.

    It keeps the promises of a BucketStore, and:

    - *Rules.* A type has the rule of its name, but for the expiry: a blob expires as the bucket's lifecycle rules say,
      and the bucket removes it, perhaps a day late. Until then an expired blob can still be read.
    - *Overlaps.* A prefix may be within another one. An object then is a blob of both types.
    - *Moves* between types are copies inside the bucket.
    - *Trash.* The versions below the prefix of a type are its trash.
    """

    opens_with_bytes = True
    takes_any_name = True

    def __init__(self, whole: BucketStore, types: Mapping[str, str]) -> None:
        self._whole = whole
        self._prefixes = dict(types)
        self._kinds: dict[str, Kind] = {}
        self._expiry = ExpiryRules()
        self._trash = TypesTrash(lambda: whole.trash, self._kind, self._shown)
        self._extras = TypesExtras(self._kind)

    async def start(self) -> None:
        await self._whole.start()
        for name, prefix in self._prefixes.items():
            store = self._whole.below(prefix)
            self._kinds[name] = Kind(STORAGE_TYPES[name], store.root, store)
        self._expiry = await self._whole.expiry_rules()

    async def close(self) -> None:
        for kind in self._kinds.values():
            await kind.store.close()
        self._kinds.clear()
        await self._whole.close()

    async def place_rules(self) -> list[str]:
        """Return the rules of the place, with what the bucket's rules mean for `tmp`, read again."""
        self._expiry = await self._whole.expiry_rules()
        found = await self._whole.place_rules()
        tmp = self._kinds.get("tmp")
        if tmp is not None and self._expiry.lifetime(tmp.prefix) is None:
            found.append(f"tmp: {self._expiry.words(tmp.prefix)}")
        return found

    def storage_types(self) -> list[StorageType]:
        """Return the types of the place, with the expiry of the bucket, as `Mapped` promises."""
        return [self._described(kind) for kind in self._kinds.values()]

    def _described(self, kind: Kind) -> StorageType:
        rule = kind.rule
        words = [] if rule.may_delete else [rule.summary]
        if rule.expires_after is not None or self._expiry.below(kind.prefix):
            words.append(self._expiry.words(kind.prefix))
        words = words or [rule.summary]
        lifetime = self._expiry.lifetime(kind.prefix)
        way_out = WAY_OUT if rule.way_out else ""
        return replace(rule, summary=", ".join(words), expires_after=lifetime, way_out=way_out)

    @property
    def lacks(self) -> frozenset[str]:
        """The features of the description that this engine does not have."""
        return self._whole.lacks

    @property
    def trash(self) -> TypesTrash:
        """The versions of the bucket."""
        return self._trash

    @property
    def extras(self) -> TypesExtras:
        """What only buckets have."""
        return self._extras

    async def signed_url(self, address: Address, *, valid_s: int) -> str:
        kind = self._kind(address.storage_type)
        return await kind.store.signed_url(kind.inner(address), valid_s=valid_s)

    async def stat(self, address: Address) -> Blob:
        kind = self._kind(address.storage_type)
        with in_words_of(kind.own(address.key)):
            return self._shown(kind, await kind.store.stat(kind.inner(address)))

    @asynccontextmanager
    async def open(self, address: Address) -> AsyncIterator[BlobReader]:
        kind = self._kind(address.storage_type)
        with in_words_of(kind.own(address.key)):
            async with kind.store.open(kind.inner(address)) as reader:
                yield _Reader(reader, self._shown(kind, reader.blob))

    async def list_page(self, namespace: str, storage_type: str, **how: Any) -> Page:
        kind = self._kind(storage_type)
        page = await kind.store.list_page(namespace, DEFAULT, **how)
        return replace(page, blobs=tuple(self._shown(kind, blob) for blob in page.blobs))

    async def list_columns(
        self, namespace: str, storage_type: str, *, prefix: str = "", **how: Any
    ) -> list[ColumnPage]:
        kind = self._kind(storage_type)
        pages = await kind.store.list_columns(namespace, DEFAULT, prefix=prefix, **how)
        if not self._expiry.below(kind.prefix + prefix):
            return pages
        return [self._with_expiry(page, kind.prefix + prefix) for page in pages]

    async def usage(self, namespace: str, storage_type: str, *, prefix: str = "", delimiter: str = "") -> Usage:
        return await self._kind(storage_type).store.usage(namespace, DEFAULT, prefix=prefix, delimiter=delimiter)

    async def put(self, address: Address, content: bytes, *, precondition: Precondition = ANY, **how: Any) -> Blob:
        kind = self._kind(address.storage_type)
        with in_words_of(kind.own(address.key)), new_where_it_must_be(kind, address.key):
            condition = await self._checked(kind, address, precondition)
            made = await kind.store.put(kind.inner(address), content, precondition=condition, **how)
        return self._shown(kind, made)

    async def delete(self, address: Address, *, precondition: Precondition = ANY) -> None:
        kind = self._kind(address.storage_type)
        if not kind.rule.may_delete:
            raise kind.refused(address.key, "delete")
        await self.withdraw(address, precondition=precondition)

    async def withdraw(self, address: Address, *, precondition: Precondition = ANY) -> None:
        kind = self._kind(address.storage_type)
        with in_words_of(kind.own(address.key)):
            await kind.store.delete(kind.inner(address), precondition=precondition)

    async def delete_many(
        self, namespace: str, storage_type: str, targets: Sequence[tuple[str, str | None]]
    ) -> list[DeleteResult]:
        kind = self._kind(storage_type)
        if kind.rule.may_delete:
            return await kind.store.delete_many(namespace, DEFAULT, targets)
        refused = [kind.refused(key, "delete") for key, _ in targets]
        return [DeleteResult(key, exc.code, exc.message) for (key, _), exc in zip(targets, refused, strict=True)]

    async def copy(self, source: Address, target: Address, *, precondition: Precondition = ANY, **how: Any) -> Blob:
        if source == target and how.get("content_type") is None:
            raise _no_new_time(source.key)
        start, end = self._kind(source.storage_type), self._kind(target.storage_type)
        names = self._in_whole(start, source.key), self._in_whole(end, target.key)
        places = [
            replace(one, storage_type=DEFAULT, key=name.inner_key)
            for one, name in zip((source, target), names, strict=True)
        ]
        with in_words_of(*names), new_where_it_must_be(end, target.key):
            condition = await self._checked(end, target, precondition)
            made = await self._whole.copy(*places, precondition=condition, **how)
        return self._shown(end, replace(made, key=target.key))

    async def move(self, source: Address, target: Address, *, precondition: Precondition = ANY, **how: Any) -> Blob:
        start, end = self._kind(source.storage_type), self._kind(target.storage_type)
        if not start.rule.may_delete and source != target:
            raise start.refused(source.key, "move")
        names = self._in_whole(start, source.key), self._in_whole(end, target.key)
        places = [
            replace(one, storage_type=DEFAULT, key=name.inner_key)
            for one, name in zip((source, target), names, strict=True)
        ]
        with in_words_of(*names), new_where_it_must_be(end, target.key):
            condition = await self._checked(end, target, precondition)
            made = await self._whole.move(*places, precondition=condition, **how)
        return self._shown(end, replace(made, key=target.key))

    async def move_many(self, namespace: str, moves: Sequence[Move]) -> list[MoveResult]:
        return await self._many(namespace, moves, is_copy=False)

    async def copy_many(self, namespace: str, moves: Sequence[Move]) -> list[MoveResult]:
        return await self._many(namespace, moves, is_copy=True)

    async def create_upload(self, address: Address, *, precondition: Precondition = ANY, **how: Any) -> UploadSession:
        kind = self._kind(address.storage_type)
        with in_words_of(kind.own(address.key)), new_where_it_must_be(kind, address.key):
            condition = await self._checked(kind, address, precondition)
            session = await kind.store.create_upload(kind.inner(address), precondition=condition, **how)
        return self._session(kind, session)

    async def find_upload(self, upload_id: str) -> UploadSession:
        kind, inner_id = self._of_upload(upload_id)
        return self._session(kind, await kind.store.find_upload(inner_id))

    @asynccontextmanager
    async def write_upload(self, upload_id: str, *, restart: bool = False) -> AsyncIterator[UploadWriter]:
        kind, inner_id = self._of_upload(upload_id)
        key = (await kind.store.find_upload(inner_id)).address.key
        with in_words_of(kind.own(key)), new_where_it_must_be(kind, key):
            async with kind.store.write_upload(inner_id, restart=restart) as writer:
                yield _Writer(writer, self, kind)

    async def find_parts(self, upload_id: str) -> list[UploadPart]:
        kind, inner_id = self._of_upload(upload_id)
        return await kind.store.find_parts(inner_id)

    def write_part(self, upload_id: str, span: Span) -> AbstractAsyncContextManager[UploadWriter]:
        kind, inner_id = self._of_upload(upload_id)
        return kind.store.write_part(inner_id, span)

    async def drop_parts(self, upload_id: str) -> None:
        kind, inner_id = self._of_upload(upload_id)
        await kind.store.drop_parts(inner_id)

    async def cancel_upload(self, upload_id: str) -> None:
        kind, inner_id = self._of_upload(upload_id)
        await kind.store.cancel_upload(inner_id)

    async def sweep(self) -> int:
        for kind in tuple(self._kinds.values()):
            await kind.store.sweep()
        return 0

    async def _many(self, namespace: str, moves: Sequence[Move], *, is_copy: bool) -> list[MoveResult]:
        results: list[MoveResult | None] = []
        good: list[Move] = []
        for move in moves:
            try:
                good.append(self._move_in_whole(move, is_copy=is_copy))
                results.append(None)
            except StorageError as exc:
                results.append(rules.refusal(move, exc))
        done = iter(await (self._whole.copy_many if is_copy else self._whole.move_many)(namespace, good))
        return [
            self._moved(move, next(done)) if result is None else result
            for move, result in zip(moves, results, strict=True)
        ]

    def _move_in_whole(self, move: Move, *, is_copy: bool) -> Move:
        """Return the move in the whole place. Raise StorageError for what a type does not allow."""
        start, end = self._kind(move.storage_type), self._kind(move.target_type)
        if not is_copy and not start.rule.may_delete:
            raise start.refused(move.key, "move")
        if is_copy and move.is_onto_itself:
            raise _no_new_time(move.key)
        source, target = self._in_whole(start, move.key), self._in_whole(end, move.to_key)
        overwrites = move.overwrite and end.rule.may_overwrite
        return Move(source.inner_key, target.inner_key, DEFAULT, DEFAULT, move.etag, overwrites)

    def _moved(self, move: Move, inner: MoveResult) -> MoveResult:
        start, end = self._kind(move.storage_type), self._kind(move.target_type)
        names = self._in_whole(start, move.key), self._in_whole(end, move.to_key)
        message = inner.message
        for name in names if message is not None else ():
            message = name.in_words(message or "")
        blob = None if inner.blob is None else self._shown(end, replace(inner.blob, key=move.to_key))
        return replace(inner, move=move, blob=blob, message=message)

    def _in_whole(self, kind: Kind, key: str) -> Name:
        """Return the name of a blob in the store of the whole place."""
        return Name(kind, key, self._prefixes[kind.name] + key)

    async def _checked(self, kind: Kind, address: Address, precondition: Precondition) -> Precondition:
        """Return the condition for a write. Raise TypeRuleError for a blob that its type does not let overwrite."""
        if kind.rule.may_overwrite:
            return precondition
        try:
            await kind.store.stat(kind.inner(address))
        except NotFoundError:
            return replace(precondition, if_none_match=("*",))
        raise kind.refused(address.key, "overwrite")

    def _kind(self, storage_type: str) -> Kind:
        """Return the type. Raise NotFoundError for one that this place does not have."""
        name = find_storage_type(storage_type).name
        kind = self._kinds.get(name)
        if kind is None:
            raise NotFoundError(f"this place has no storage type {name}; its types are {', '.join(self._prefixes)}")
        return kind

    def _of_upload(self, upload_id: str) -> tuple[Kind, str]:
        name, _, inner_id = upload_id.partition(".")
        if name not in self._kinds:
            raise NotFoundError("no such upload session; start a new one")
        return self._kinds[name], inner_id

    def _session(self, kind: Kind, session: UploadSession) -> UploadSession:
        return replace(
            session,
            upload_id=f"{kind.name}.{session.upload_id}",
            address=replace(session.address, storage_type=kind.name),
            blob=None if session.blob is None else self._shown(kind, session.blob),
        )

    def _shown(self, kind: Kind, blob: Blob) -> Blob:
        expires = None
        if blob.modified is not None and blob.size_bytes is not None and self._expiry.rules:
            expires = self._expiry.expiry(kind.prefix + blob.key, blob.size_bytes, blob.modified)
        return replace(blob, storage_type=kind.name, expires=expires)

    def _with_expiry(self, page: ColumnPage, prefix: str) -> ColumnPage:
        folders = set(page.prefixes)
        expires = array("q", [0]) * len(page.names)
        for number, name in enumerate(page.names):
            if number in folders:
                continue
            moment = self._expiry.expiry(prefix + name, page.sizes[number], from_millis(page.modified[number]))
            expires[number] = 0 if moment is None else to_millis(moment)
        return replace(page, expires=expires if any(expires) else None)


class _Reader:
    """An open blob under its own type."""

    def __init__(self, reader: BlobReader, blob: Blob) -> None:
        self._reader = reader
        self.blob = blob

    def chunks(self, span: Span, **how: Any) -> AsyncIterator[bytes]:
        return self._reader.chunks(span, **how)


class _Writer:
    """The writer of an upload whose blob is of its own type."""

    def __init__(self, writer: UploadWriter, store: MappedStore, kind: Kind) -> None:
        self._writer = writer
        self._store = store
        self._kind = kind

    @property
    def offset(self) -> int:
        return self._writer.offset

    async def write(self, chunk: bytes) -> None:
        await self._writer.write(chunk)

    async def checkpoint(self) -> int:
        return await self._writer.checkpoint()

    def kept(self) -> AsyncIterator[bytes] | None:
        return self._writer.kept()

    async def restart(self) -> None:
        await self._writer.restart()

    async def finish(self, *, size_bytes: int | None = None, crc32c: str | None = None, md5: str | None = None) -> Blob:
        made = await self._writer.finish(size_bytes=size_bytes, crc32c=crc32c, md5=md5)
        return self._store._shown(self._kind, made)


def _no_new_time(key: str) -> BadRequestError:
    return BadRequestError(f"{key!r} gets no new time in a bucket; copy it to another key", key=key)
