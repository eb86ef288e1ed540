"""Uploads: new upload URLs, and the resumable protocol of Google Cloud Storage on them.

An upload URL is a capability: it carries the sealed id of its session, and needs no token. A PUT without Content-Range
sends the whole blob from byte zero and always ends the upload. A PUT with Content-Range continues where the session is.
Source: Google Cloud Storage documentation, "Performing resumable uploads"; the published client for the first form.
"""

from dataclasses import replace
from functools import partial

from storage_tui.contract.checksum import to_text
from storage_tui.contract.errors import (
    BadRequestError,
    CancelledError,
    ChecksumError,
    ConflictError,
    QuotaExceededError,
    TooLargeError,
)
from storage_tui.contract.models import Blob, Limits
from storage_tui.contract.wire import (
    IDEMPOTENCY_KEY,
    UPLOAD_CONTENT_LENGTH,
    UPLOAD_CONTENT_TYPE,
    UPLOAD_PATH,
    Span,
    UploadRange,
    parse_number,
    parse_upload_range,
)
from storage_tui.server.access.keyring import Keyring
from storage_tui.server.access.upload_ids import seal_upload_id
from storage_tui.server.http import promises
from storage_tui.server.http.addresses import absolute_url
from storage_tui.server.http.body import Body
from storage_tui.server.http.hashing import Hashing, check_hashes
from storage_tui.server.http.request import Request
from storage_tui.server.http.responses import Response, safe_content_type, text_response
from storage_tui.server.http.targets import address_of
from storage_tui.server.limits.budget import upload_cost
from storage_tui.server.quotas.quotas import Quotas, Room
from storage_tui.server.resources.conditions import precondition
from storage_tui.server.resources.upload.answers import finished, incomplete
from storage_tui.server.resources.upload.gate import Turn, UploadGate, check_intact
from storage_tui.server.resources.upload.hashes import UploadHashes, check_stored, checked_md5, wants_md5
from storage_tui.server.stores.base import Address, Store, UploadSession, UploadWriter

MAX_REPEAT_CHARACTERS = 128


class GapError(ConflictError):
    """A chunk begins past the bytes that are kept."""


class UploadResource:
    """The handlers of upload URLs."""

    def __init__(
        self, store: Store, keyring: Keyring, limits: Limits, quotas: Quotas, public_url: str | None, gate: UploadGate
    ) -> None:  # fmt: skip
        self._store = store
        self._quotas = quotas
        self._keyring = keyring
        self._limits = limits
        self._public_url = public_url
        self._gate = gate
        self._hashes = UploadHashes()

    async def new_resumable_url(self, request: Request) -> Response:
        """Answer with the URL of a new session as plain ASCII text. Refuse here what the storage type or a precondition
        forbids.

        When the same user sent the same Idempotency-Key before, for the same key and size, the answer is the URL of
        that session. So a program need not store the URL, which is a capability, to continue after it died.
        """
        _, url = await self.begin(request, address_of(request))
        return text_response(url)

    async def begin(self, request: Request, address: Address) -> tuple[UploadSession, str]:
        """Return a session for the address, as the headers of the request describe it, and its URL."""
        length = request.headers.one(UPLOAD_CONTENT_LENGTH)
        size_bytes = parse_number(length, UPLOAD_CONTENT_LENGTH) if length is not None else None
        self._check_size(size_bytes)
        repeat_key = _repeat_key(request)
        promised = promises.of_blob(request.headers.joined)
        create = partial(
            self._store.create_upload,
            address,
            size_bytes=size_bytes,
            content_type=safe_content_type(request.headers.one(UPLOAD_CONTENT_TYPE)),
            crc32c=_crc32c(promised),
            promised=promised,
            precondition=precondition(request.headers),
            repeat_key=repeat_key,
        )
        session = await self._quotas.new_upload(address, size_bytes, create, may_exist=repeat_key is not None)
        sealed = seal_upload_id(self._keyring, session.upload_id, request.grant)
        return session, absolute_url(request, UPLOAD_PATH + sealed, self._public_url)

    async def put(self, request: Request) -> Response:
        """Carry out any form of PUT on an upload URL."""
        upload_id = request.upload_id
        header = request.headers.one("content-range")
        asked = parse_upload_range(header) if header is not None else None
        session = await self._find(upload_id)
        if session.blob is None:
            self._check_announced(request.body, session, asked)
            async with self._gate.turn(upload_id, request.body) as turn:
                session = await self._find(upload_id)
                if session.blob is None:
                    check_intact(request.body)
                    return await self._receive(request, session, asked, turn)
        return await self._again(request, session.blob, asked)

    async def cancel(self, request: Request) -> Response:
        """Cancel a session; raise CancelledError, whose status is 499 as with Google Cloud Storage. A finished upload
        stays as it is."""
        upload_id = request.upload_id
        session = await self._store.find_upload(upload_id)
        if session.blob is None:
            async with self._gate.turn(upload_id, request.body):
                await self._store.cancel_upload(upload_id)
            self._hashes.forget(upload_id)
            await self._quotas.upload_cancelled(session)
        raise CancelledError("the upload is cancelled" if session.blob is None else "the upload was finished already")

    async def _admit(self, request: Request) -> None:
        await request.hold(request.budget.transfers, upload_cost(request.body.size_bytes))

    async def _again(self, request: Request, blob: Blob, asked: UploadRange | None) -> Response:
        """Answer a repeat after the end of a session, whose bytes are ignored. A hash that it promises must be that of
        the blob."""
        await self._admit(request)
        promised = promises.of_blob(request.headers.joined)
        if promised and asked is None:  # the body has the other hashes, and the blob is the body
            request.body.hash_also({"crc32c"})
        await request.body.discard()
        if promised and asked is None:
            check_stored(blob, {"crc32c": request.body.hashes["crc32c"]})
            promised = {name: digest for name, digest in promised.items() if name == "crc32c"}
        check_stored(blob, promised)
        return finished(blob)

    async def _receive(
        self, request: Request, session: UploadSession, asked: UploadRange | None, turn: Turn
    ) -> Response:
        await self._admit(request)
        promised = promises.of_blob(request.headers.joined)
        crc32c = _crc32c(promised)
        total = request.body.size_bytes if asked is None else asked.total
        if asked is not None and asked.span is None:
            await request.body.expect_empty()
            has_all = total is not None and session.offset >= total
            if total is None or not (has_all or await self._store.find_parts(session.upload_id)):
                return incomplete(request, session.offset)
        is_promising = bool(promised) or crc32c is not None
        if is_promising and asked is not None and asked.span is not None and asked.span.stop != total:
            raise BadRequestError(
                "a hash of the whole blob, as in x-goog-hash, goes with the last piece or with the begin of the upload"
            )
        if asked is not None and asked.span is not None and asked.span.start:
            await self._drop_overlapped(session, asked.span)
        size_bytes = total if session.size_bytes is None else session.size_bytes
        async with self._quotas.reserve(session.address, size_bytes, upload_id=session.upload_id) as room:
            if asked is None:
                return await self._receive_whole(request, session, crc32c, turn, room)
            is_wanted = wants_md5(request)
            async with self._store.write_upload(session.upload_id) as writer:
                names = {*session.promised, *promised, *({"md5"} if is_wanted else ())}
                hashing = self._hashes.take(replace(session, offset=writer.offset), names)
                try:
                    if asked.span is not None:
                        await self._append(request.body, writer, asked.span, room, hashing)
                    turn.is_committing = True
                    if total is None or writer.offset < total:
                        return incomplete(request, await writer.checkpoint())
                finally:
                    if hashing is not None:
                        await self._hashes.hold(session, hashing)
                _check_total(total, writer.offset)
                md5 = await checked_md5(writer, session, hashing, promised, wants_md5=is_wanted)
                blob = await writer.finish(size_bytes=total, crc32c=crc32c, md5=md5)
                self._hashes.forget(session.upload_id)
                return finished(room.note(blob))

    async def _drop_overlapped(self, session: UploadSession, span: Span) -> None:
        """Drop the parts of a session that a client which knows no parts continues in order."""
        parts = await self._store.find_parts(session.upload_id)
        whole = session.offset
        for part in parts:
            whole = part.stop if part.is_whole and part.start == whole else whole
        if any(part.start < span.stop for part in parts if part.start >= whole):
            await self._store.drop_parts(session.upload_id)

    async def _receive_whole(
        self, request: Request, session: UploadSession, crc32c: str | None, turn: Turn, room: Room
    ) -> Response:
        """Receive a body from the first byte to the last. Nobody resumes such a body, so nothing of it is kept when it
        exceeds a quota: kept bytes would count too."""
        try:
            async with self._store.write_upload(session.upload_id, restart=True) as writer:
                request.body.hash_also(session.promised.keys())
                await self._append(request.body, writer, None, room)
                turn.is_committing = True
                await self._compare(writer, session, request.body)
                md5 = request.body.hashes.get("md5")
                blob = await writer.finish(
                    size_bytes=session.size_bytes, crc32c=crc32c, md5=None if md5 is None else to_text(md5)
                )
                return finished(room.note(blob))
        except QuotaExceededError:
            await self._store.cancel_upload(session.upload_id)
            raise

    async def _append(
        self, body: Body, writer: UploadWriter, span: Span | None, room: Room, hashing: Hashing | None = None
    ) -> None:
        """Write the body. A span must not start past the bytes that are kept; bytes of it that are kept already are
        skipped. After a body that does not have its promised hashes, the session starts over."""
        position = 0 if span is None else span.start
        if position > writer.offset:
            raise GapError(
                f"Invalid request. According to the Content-Range header, the upload offset is {position} byte(s), "
                f"which exceeds already uploaded size of {writer.offset} byte(s)."
            )
        try:
            async for chunk in body.chunks():
                end = position + len(chunk)
                if span is not None and end > span.stop:
                    raise BadRequestError(f"the body is longer than the {span.size_bytes} bytes of its Content-Range")
                self._check_size(end)
                await room.grow(end)
                if end > writer.offset:
                    fresh = chunk[writer.offset - position :] if position < writer.offset else chunk
                    await writer.write(fresh)
                    if hashing is not None:
                        await hashing.extend(fresh)
                position = end
        except ChecksumError:
            await writer.restart()
            raise
        if span is not None and position < span.stop:
            raise BadRequestError(
                f"the body is shorter than the {span.size_bytes} bytes of its Content-Range: "
                f"{position - span.start} came"
            )

    async def _compare(self, writer: UploadWriter, session: UploadSession, body: Body) -> None:
        """Raise ChecksumError when a body that is all of the blob does not have the hashes of the session."""
        try:
            check_hashes(session.promised, body.hashes, "the blob", session.address.key)
        except ChecksumError:
            await writer.restart()
            raise

    async def _find(self, upload_id: str) -> UploadSession:
        session = await self._store.find_upload(upload_id)
        if session.is_cancelled:
            raise CancelledError("this upload was cancelled; ask for a new upload URL", key=session.address.key)
        return session

    def _check_announced(self, body: Body, session: UploadSession, asked: UploadRange | None) -> None:
        """Refuse early a request that cannot succeed."""
        key = session.address.key
        total = body.size_bytes if asked is None else asked.total
        if total is not None:
            self._check_size(total)
            if session.size_bytes is not None and total != session.size_bytes:
                raise BadRequestError(
                    f"the upload was announced with {session.size_bytes} bytes, now it has {total}", key=key
                )
        if asked is not None:
            size_bytes = asked.span.size_bytes if asked.span is not None else 0
            if body.size_bytes is not None and body.size_bytes != size_bytes:
                raise BadRequestError(f"the body has {body.size_bytes} bytes, its Content-Range {size_bytes}", key=key)
            if asked.total is not None and asked.span is None:
                _check_total(asked.total, session.offset)

    def _check_size(self, size_bytes: int | None) -> None:
        largest = self._limits.blob_bytes
        if size_bytes is not None and largest is not None and size_bytes > largest:
            raise TooLargeError(f"a blob on this server has at most {largest} bytes")


def _crc32c(promised: dict[str, bytes]) -> str | None:
    """Take the crc32c out of the hashes, which the store compares by itself, in the wire's form."""
    digest = promised.pop("crc32c", None)
    return None if digest is None else to_text(digest)


def _check_total(total: int, offset: int) -> None:
    if offset > total:
        raise BadRequestError(f"Invalid request. The upload holds {offset} bytes, more than its total of {total}.")


def _repeat_key(request: Request) -> str | None:
    text = request.headers.one(IDEMPOTENCY_KEY)
    if text is not None and not (0 < len(text) <= MAX_REPEAT_CHARACTERS and text.isascii() and text.isprintable()):
        raise BadRequestError(f"{IDEMPOTENCY_KEY} is 1 to {MAX_REPEAT_CHARACTERS} printable ASCII characters")
    return text
