"""Transfers through the page: a download that the web browser saves, an upload of files dropped on the page."""

import asyncio
from urllib.parse import quote

from aiohttp import web

from storage_tui.client.batch.folders import local_names
from storage_tui.client.push_upload import Feed
from storage_tui.client.storage import Storage
from storage_tui.contract.errors import BadRequestError, ConflictError, InvalidKeyError, StorageError
from storage_tui.contract.keys import DELIMITER, check_name
from storage_tui.contract.models import Blob
from storage_tui.contract.storage_types import find_storage_type
from storage_tui.contract.wire import percent_decode

PIECE_BYTES = 1024 * 1024


async def download(request: web.Request, storage: Storage) -> web.StreamResponse:
    """Answer with the blob as a file to save. The last piece is sent only after the checksum of the whole blob was
    compared, so that a damaged download breaks off instead of ending normally."""
    storage_type, key = _named(request)
    blob = await asyncio.to_thread(storage.stat, key, storage_type)
    [name] = local_names([key.rpartition(DELIMITER)[2] or "blob"], "")
    response = web.StreamResponse(headers={
        "Content-Type": "application/octet-stream",
        "Content-Disposition": f"attachment; filename*=UTF-8''{quote(str(name.path), safe='')}",
    })  # fmt: skip
    response.content_length = blob.size_bytes
    with storage.stream(key, storage_type) as chunks:
        held = await asyncio.to_thread(next, chunks, b"")
        await response.prepare(request)
        while chunk := await asyncio.to_thread(next, chunks, b""):
            await response.write(held)
            held = chunk
    await response.write(held)
    await response.write_eof()
    return response


async def upload(request: web.Request, storage: Storage) -> web.Response:
    """Store one file; an existing blob is overwritten only with `?overwrite=1`."""
    storage_type, key = _named(request)
    if request.query.get("overwrite") != "1" and await asyncio.to_thread(storage.exists, key, storage_type):
        raise ConflictError(f"{key!r} is there already", key=key)
    feed = Feed(storage, key, storage_type, None)
    try:
        async for piece in request.content.iter_chunked(PIECE_BYTES):
            await asyncio.to_thread(feed.push, piece)
        length = request.content_length
        blob: Blob = await asyncio.to_thread(feed.finish)
    except BaseException:
        await asyncio.to_thread(feed.cancel)
        raise
    if length is not None and blob.size_bytes not in (None, length):
        raise StorageError(f"{key!r} arrived with {blob.size_bytes} of {length} bytes", key=key)
    return web.json_response(blob.to_json())


def _named(request: web.Request) -> tuple[str, str]:
    """Return storage type and key of `/TOKEN/VERB/TYPE/KEY`, decoded once from the raw bytes. Raise BadRequestError for
    another path.

    Web browsers remove dot segments, also encoded ones. Therefore the page writes the slashes as `%2F`.
    """
    parts = request.rel_url.raw_path.split("/", 3)
    place = parts[3].encode("utf-8", "surrogateescape") if len(parts) == 4 else b""
    name, slash, key = percent_decode(place, "the key in the URL", InvalidKeyError).partition(DELIMITER)
    if not slash:
        raise BadRequestError("the address of a blob is /TOKEN/blob/TYPE/KEY; this path has no key")
    return find_storage_type(name).name, check_name(key)
