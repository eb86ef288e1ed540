"""One blob from one store into another: inside the engine that has both buckets, else through this machine.

Through this machine a blob goes in bounded memory and without a file here: it is read by ranges of the version that was
seen, and sent over an upload session that continues after an outage of either side, over several streams where the
target takes parts. The session is named after what is copied, so that the same copy, after a stop, goes on where the
target has kept it. The crc32c of what was read is compared with that of the source, and with that of the target, where
these stores have one.
"""

import json
from contextlib import suppress
from dataclasses import replace
from hashlib import sha256

from storage_tui.client import calls
from storage_tui.client.access.embedded import EmbeddedServer
from storage_tui.client.access.place_access import PlaceAccess
from storage_tui.client.calls import Call, Service
from storage_tui.client.control import TransferControl
from storage_tui.client.moves import check_may_move, check_seen, checked_move, delete_seen, exists_already
from storage_tui.client.requests import checked
from storage_tui.client.transfer.engine import TransferEngine
from storage_tui.client.transfer.part_file import RESUMED_FROM_BYTES
from storage_tui.contract import wire
from storage_tui.contract.errors import ConflictError, PreconditionFailedError, ProtocolError, StorageError
from storage_tui.contract.models import COPY_FROM_BUCKET, Blob
from storage_tui.contract.moves import Move
from storage_tui.contract.storage_types import find_storage_type

# What an engine answers when it cannot copy between these buckets, though both are open: the bytes then come this way.
_NO_WAY = (400, 403, 404, 405, 501)


class Crossing:
    """Copies and moves single blobs from the store of `source` into that of `target`; any thread may call it."""

    def __init__(self, source: TransferEngine, target: TransferEngine) -> None:
        self.source, self.target = source, target
        self._bucket = _common(source, target)

    def check(self, *, is_move: bool) -> None:
        """Raise ConflictError for a place that is open read only and would be changed."""
        ends = (self.target, self.source) if is_move else (self.target,)
        for engine in ends:
            refusal = None if engine.place is None else engine.place.refusal
            if refusal is not None:
                raise ConflictError(refusal)

    def copy(self, wanted: Move, control: TransferControl) -> Blob:
        """Copy a blob, and return the blob at the target.

        Raise PreconditionFailedError for another version than that of the ETag, ConflictError for a target that exists
        and is not overwritten.
        """
        wanted = checked_move(wanted)
        return self._carried(wanted, self._seen(wanted), control)

    def move(self, wanted: Move, control: TransferControl) -> Blob:
        """Copy a blob, look whether the copy is whole, and then delete the version that was copied; see `copy`."""
        wanted = checked_move(wanted)
        check_may_move(wanted.storage_type, wanted.key)
        seen = self._seen(wanted)
        made = self._carried(wanted, seen, control)
        self._check_whole(wanted, seen, made)
        self.source.run(delete_seen(wanted, seen))
        return made

    def _seen(self, wanted: Move) -> Blob:
        seen = self.source.run(calls.stat(wanted.key, wanted.storage_type))
        check_seen(wanted, seen)
        if seen.size_bytes is None:
            raise ProtocolError(f"the server does not say how large {wanted.key!r} is", key=wanted.key)
        return seen

    def _carried(self, wanted: Move, seen: Blob, control: TransferControl) -> Blob:
        target = find_storage_type(wanted.target_type)
        overwrites = wanted.overwrite and target.may_overwrite
        if not overwrites and self.target.run(calls.exists(wanted.to_key, target.name)):
            raise exists_already(wanted)
        made = self._inside(replace(wanted, etag=seen.etag))
        if made is not None:
            return made
        return self.target.patiently(lambda: self._streamed(wanted, seen, control, overwrites=overwrites), control)

    def _inside(self, wanted: Move) -> Blob | None:
        """Copy inside the engine; return None where that cannot be."""
        bucket = self._bucket
        if bucket is None or COPY_FROM_BUCKET not in self.target.describe().features:
            return None
        try:
            return self.target.run(_copy_from(self.target.service, wanted, bucket))
        except PreconditionFailedError:
            raise
        except ConflictError as exc:  # somebody else wrote the target just now, or the source cannot be read
            if self.target.run(calls.exists(wanted.to_key, wanted.target_type)):
                raise
            raise StorageError(exc.message, key=wanted.key) from exc
        except StorageError as exc:
            if exc.status not in _NO_WAY:
                raise
            if exc.status != 404:  # else the blob is gone, as reading it will show
                self._bucket = None
            return None

    def _streamed(self, wanted: Move, seen: Blob, control: TransferControl, *, overwrites: bool) -> Blob:
        from storage_tui.client.transfer.uploads import SupersededError

        self.target.check_key(wanted.to_key)
        name = self._name(wanted, seen, overwrites=overwrites)
        if name is not None:
            with suppress(SupersededError):  # copied before, and overwritten or deleted since
                return self._upload(wanted, seen, control, name, overwrites=overwrites)
        return self._upload(wanted, seen, control, None, overwrites=overwrites)

    def _name(self, wanted: Move, seen: Blob, *, overwrites: bool) -> str | None:
        """Return the name of the session for a copy that can go on later; None for one that begins again: its blob is
        small or has no version, or its target keeps no sessions."""
        if (seen.size_bytes or 0) < RESUMED_FROM_BYTES or seen.etag is None:
            return None
        if "upload-resume" not in self.target.describe().features:
            return None
        words = [self.source.session.server.display_url, self.source.session.server.user(), seen.storage_type,
                 seen.key, seen.etag, seen.size_bytes, seen.content_type, wanted.target_type, wanted.to_key,
                 overwrites]  # fmt: skip
        return sha256(json.dumps(words).encode()).hexdigest()

    def _upload(
        self, wanted: Move, seen: Blob, control: TransferControl, name: str | None, *, overwrites: bool
    ) -> Blob:
        from storage_tui.client.transfer.streams.blob_source import BlobSource
        from storage_tui.client.transfer.uploads import Upload

        return Upload(
            self.target.session, self.target.service, wanted.to_key, find_storage_type(wanted.target_type).name,
            BlobSource(self.source.session, seen, control), control=control, content_type=seen.content_type,
            repeat_key=name, is_resumed=name is not None, replaces=overwrites, is_strict=not overwrites,
            told_crc32c=seen.crc32c,
        ).run()  # fmt: skip

    def _check_whole(self, wanted: Move, seen: Blob, made: Blob) -> None:
        """Raise PreconditionFailedError unless the target has what was copied: the source is deleted next."""
        there = self.target.run(calls.stat(wanted.to_key, wanted.target_type))
        is_other = made.etag is not None and there.etag is not None and made.etag != there.etag
        sums = {seen.crc32c, there.crc32c} - {None}
        if is_other or there.size_bytes != seen.size_bytes or len(sums) > 1:
            raise PreconditionFailedError(
                f"{wanted.to_key!r} is not what was copied there; {wanted.key!r} stays, compare them", key=wanted.key
            )


def _copy_from(service: Service, wanted: Move, bucket: str) -> Call[Blob]:
    """Copy an object of another bucket inside the engine, on a server with the feature COPY_FROM_BUCKET."""
    fields = {name: value for name, value in wanted.to_json().items() if value is not None}
    body = json.dumps({**fields, "from_place": bucket}, ensure_ascii=False)
    request = calls.json_post(wire.COPY, wanted.target_type, body, key=wanted.key, keys=(wanted.key, wanted.to_key))
    answer = checked(request, (yield request))
    return Blob.from_json(wire.parse_answer(answer.body), wanted.target_type)


def _common(source: TransferEngine, target: TransferEngine) -> str | None:
    """Return the URL of the source where one engine has both buckets and one person's credentials open both; else
    None."""
    ours, theirs = _bucket(source), _bucket(target)
    if ours is None or theirs is None or _opened(ours) != _opened(theirs):
        return None
    return ours.url


def _bucket(engine: TransferEngine) -> PlaceAccess | None:
    place = engine.server.place if isinstance(engine.server, EmbeddedServer) else None
    return place if place is not None and place.place.kind == "s3" else None


def _opened(access: PlaceAccess) -> object:
    """Return the options that lead to an engine and to credentials."""
    return replace(access.options, is_writable=False, region=None)
