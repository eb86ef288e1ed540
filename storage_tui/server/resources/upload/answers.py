"""The answers on an upload URL, as Google Cloud Storage writes them: the finished object, `308 Resume Incomplete`."""

from storage_tui.contract.checksum import format_hash_header
from storage_tui.contract.models import Blob, format_time
from storage_tui.contract.wire import GOOG_HASH, format_etag, format_persisted
from storage_tui.server.http.request import Request
from storage_tui.server.http.responses import Response, json_response
from storage_tui.server.resources.blobs import generation_of

NO_308 = "X-GUploader-No-308"  # the Go library cannot take a 308
STATUS_OVERRIDE = "X-HTTP-Status-Code-Override"
CLOSE = {"Connection": "close"}  # else surplus bytes of a body that its client miscounted would be read as a request


def finished(blob: Blob) -> Response:
    """Return 200 with the object, in the fields that Google's libraries read and in our own."""
    modified = format_time(blob.modified)
    raw = {
        "kind": "storage#object",
        "name": blob.key,
        "bucket": blob.storage_type,
        "generation": generation_of(blob),
        "metageneration": "1",
        "contentType": blob.content_type,
        "timeCreated": modified,
        "updated": modified,
        **blob.to_json(),
        "size": str(blob.size_bytes or 0),
        **({} if blob.md5 is None else {"md5Hash": blob.md5}),
    }
    headers = {**CLOSE, "ETag": format_etag(blob.etag or "")}
    if blob.crc32c:
        headers[GOOG_HASH] = format_hash_header(blob.crc32c, blob.md5)
    return json_response(raw, headers=headers)


def incomplete(request: Request, offset: int) -> Response:
    """Return 308 with the range of bytes that is kept; without Range when nothing is kept."""
    headers = {"Cache-Control": "no-store"}
    persisted = format_persisted(offset)
    if persisted is not None:
        headers["Range"] = persisted
    if (request.headers.one(NO_308) or "").lower() in ("yes", "true", "1"):
        return Response(200, {**headers, STATUS_OVERRIDE: "308"})
    return Response(308, headers)
