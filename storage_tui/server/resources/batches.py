"""Many small blobs in one request: a pack of blobs to store, or to send.

Each blob has its own result, and none needs a round trip of its own.
"""

import asyncio
from collections.abc import AsyncIterator, Sequence
from typing import Any

from storage_tui.contract.checksum import hasher, parse_hash, to_text
from storage_tui.contract.errors import BadRequestError, ChecksumError, StorageError, TooLargeError
from storage_tui.contract.keys import KeyRules
from storage_tui.contract.models import Limits
from storage_tui.contract.packs import PACK_TYPE, Frame, PackError, PackReader, frame
from storage_tui.contract.wire import Span
from storage_tui.server.http.grants import Named, Verb
from storage_tui.server.http.request import Request
from storage_tui.server.http.responses import Response, json_response, safe_content_type
from storage_tui.server.http.streams import Streams
from storage_tui.server.http.targets import storage_type_of
from storage_tui.server.limits.budget import PACK_HEADS_BYTES, STREAM_BYTES, body_cost
from storage_tui.server.quotas.quotas import Quotas
from storage_tui.server.stores.base import READ_SIZE, Address, Store

READ_AHEAD = 16  # blobs read at once, so that an engine with round trips of its own has several under way
NAMES_BYTES = 2 * 1024 * 1024  # the longest list of the longest keys, in the longest JSON form
NAMES_PARTS = 1000  # a list of names has a part for each
KNOWN = ("key", "crc32c", "md5", "content_type")  # the fields that are kept of the head of a frame


class Batches:
    """The handlers of packs, and the keys that packs name for restricted tokens."""

    def __init__(self, store: Store, limits: Limits, quotas: Quotas, streams: Streams) -> None:
        self._store, self._limits, self._quotas, self._streams = store, limits, quotas, streams

    async def names_set(self, request: Request) -> Sequence[Named]:
        """Return the keys to be stored."""
        storage_type = storage_type_of(request)
        return [Named(Verb.WRITE, storage_type, head["key"]) for head, _ in await self._frames(request)]

    async def names_get(self, request: Request) -> Sequence[Named]:
        """Return the keys to be sent."""
        storage_type = storage_type_of(request)
        return [Named(Verb.READ, storage_type, key) for key in await self._keys(request)]

    async def set(self, request: Request) -> Response:
        """Store each blob of the pack; answer with the result of each, in order."""
        storage_type = storage_type_of(request)
        frames = await self._frames(request)
        keys = [head["key"] for head, _ in frames]
        if len(set(keys)) < len(keys):
            raise BadRequestError("a pack has each key once")
        stored = (self._put(request, storage_type, row) for row in frames)
        return json_response({"results": await asyncio.gather(*stored)})

    async def get(self, request: Request) -> Response:
        """Answer with a pack of the requested blobs, in order. Where a blob cannot be sent, the pack holds the
        reason."""
        storage_type = storage_type_of(request)
        addresses = [Address(request.namespace, storage_type, key) for key in await self._keys(request)]
        await self._streams.admit(request, STREAM_BYTES + READ_AHEAD * self._limits.batch_blob_bytes)
        headers = {"Content-Type": PACK_TYPE, "Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}
        return Response(200, headers, stream=self._pieces(addresses, request.rules))

    async def _put(self, request: Request, storage_type: str, row: Frame) -> dict[str, Any]:
        head, content = row
        key: str = head["key"]
        try:
            address = Address(request.namespace, storage_type, request.rules.check_key(key))
            async with self._quotas.reserve(address, len(content)) as room:
                md5 = None if head.get("md5") is None else to_text(parse_hash("md5", head["md5"]))
                if md5 is not None and md5 != to_text(_md5(content)):
                    raise ChecksumError(f"the bytes of {key!r} do not have the md5 {md5}; send them again", key=key)
                blob = await self._store.put(
                    address, content, content_type=safe_content_type(head.get("content_type")),
                    crc32c=head.get("crc32c"), md5=md5,
                )  # fmt: skip
                return room.note(blob).to_json()
        except StorageError as exc:
            return _refusal(key, exc)

    async def _pieces(self, addresses: Sequence[Address], rules: KeyRules) -> AsyncIterator[bytes]:
        piece = bytearray()
        for start in range(0, len(addresses), READ_AHEAD):
            ahead = (self._read(address, rules) for address in addresses[start : start + READ_AHEAD])
            for found in await asyncio.gather(*ahead):
                piece += found
                if len(piece) >= READ_SIZE:
                    yield bytes(piece)
                    piece.clear()
        if piece:
            yield bytes(piece)

    async def _read(self, address: Address, rules: KeyRules) -> bytes:
        try:
            rules.check_key(address.key)
            async with self._store.open(address) as it:
                size_bytes = it.blob.size_bytes or 0
                if size_bytes > self._limits.batch_blob_bytes:
                    raise TooLargeError(f"{address.key!r} has {size_bytes} bytes; get it by itself", key=address.key)
                return frame(it.blob.to_json(), b"".join([chunk async for chunk in it.chunks(Span(0, size_bytes))]))
        except StorageError as exc:
            return frame(_refusal(address.key, exc))

    async def _keys(self, request: Request) -> list[str]:
        keys = (await request.json(NAMES_BYTES, "a list of keys", parts=NAMES_PARTS)).get("keys")
        if not isinstance(keys, list) or not all(isinstance(key, str) for key in keys):
            raise BadRequestError('the body must be {"keys": [key, …]}')
        self._check_count(len(keys))
        return keys

    async def _frames(self, request: Request) -> list[Frame]:
        """Return the pack in the body. The body is read once, so that all callers judge the same pack."""
        if request.pack is None:
            limit, size_bytes = self._limits.batch_bytes, request.body.size_bytes
            request.body.check_announced(limit, "a pack")
            await request.hold(
                request.budget.transfers, body_cost(limit if size_bytes is None else size_bytes) + PACK_HEADS_BYTES
            )
            reader = PackReader(self._limits.batch_blob_bytes)
            frames: list[Frame] = []
            try:
                async for chunk in request.body.chunks():
                    if request.body.received_bytes > limit:
                        raise TooLargeError(f"a pack is at most {limit} bytes")
                    for row in reader.feed(chunk):
                        frames.append(_checked(row))
                        self._check_count(len(frames))
                reader.end()
            except PackError as exc:
                raise BadRequestError(str(exc)) from exc
            request.pack = frames
        return request.pack

    def _check_count(self, count: int) -> None:
        if count > self._limits.batch_blobs:
            raise TooLargeError(f"a pack has at most {self._limits.batch_blobs} blobs")


def _md5(content: bytes) -> bytes:
    one = hasher("md5")
    one.update(content)
    return one.digest()


def _checked(row: Frame) -> Frame:
    head, content = row
    told = (head.get("crc32c"), head.get("md5"), head.get("content_type"))
    if not isinstance(head.get("key"), str) or not all(text is None or isinstance(text, str) for text in told):
        raise BadRequestError('the head of each frame is {"key": …, "size": …}, md5, crc32c and content_type optional')
    return {name: head[name] for name in KNOWN if name in head}, content


def _refusal(key: str, error: StorageError) -> dict[str, Any]:
    return {"key": key.encode("utf-8", "replace").decode("utf-8"), "error": error.code, "message": error.message}
