"""The parts of an upload: several requests of one session beside each other, an addition to the published wire.

A long link carries little over one connection. So a client may send the bytes of one session as parts, each over a
connection of its own and each resumed by itself. `PUT UPLOAD-URL/parts/START-STOP` takes bytes of a part, where the
positions in Content-Range are those of the blob; the answer is the number of the first byte that is not kept. `GET
UPLOAD-URL` describes the session with its parts. The request that ends the session is the usual one, `bytes */SIZE`:
it joins the parts, and compares the checksum of the whole, which follows from those of the parts.
"""

from storage_tui.contract.errors import BadRequestError, CancelledError, ConflictError
from storage_tui.contract.wire import Span, UploadRange, parse_part, parse_upload_range, part_quantum
from storage_tui.server.http import promises
from storage_tui.server.http.request import Request
from storage_tui.server.http.responses import Response, json_response
from storage_tui.server.limits.budget import upload_cost
from storage_tui.server.quotas.quotas import Quotas
from storage_tui.server.resources.upload.gate import UploadGate, check_intact
from storage_tui.server.resources.upload.uploads import GapError
from storage_tui.server.stores.base import Store, UploadSession, UploadWriter

PRIVATE = {"Cache-Control": "no-store"}


class UploadParts:
    """The handlers of the parts of uploads."""

    def __init__(self, store: Store, quotas: Quotas, gate: UploadGate) -> None:
        self._store = store
        self._quotas = quotas
        self._gate = gate

    async def describe(self, request: Request) -> Response:
        """Answer with the state of a session that is open: its bytes from the first on, and its parts."""
        session = await self._find_open(request.upload_id)
        parts = await self._store.find_parts(request.upload_id)
        size_bytes = session.size_bytes
        raw = {
            "size_bytes": size_bytes,
            "offset": session.offset,
            "quantum_bytes": None if size_bytes is None else part_quantum(size_bytes),
            "parts": [{"start": part.start, "stop": part.stop, "offset": part.offset} for part in parts],
        }
        return json_response(raw, headers=PRIVATE)

    async def put(self, request: Request) -> Response:
        """Take bytes of a part, or with an empty body report its state; answer with the bytes that are kept."""
        part = parse_part(request.path["key"].decode("ascii", "replace"))
        header = request.headers.one("content-range")
        if header is None:
            raise BadRequestError("bytes of a part come with a Content-Range, 'bytes a-z/size'")
        asked = parse_upload_range(header)
        _check_announced(request, await self._find_open(request.upload_id), part, asked)
        async with self._gate.turn(request.upload_id, request.body, part.start) as turn:
            session = await self._find_open(request.upload_id)
            check_intact(request.body)
            await request.hold(request.budget.transfers, upload_cost(request.body.size_bytes))
            async with (
                self._quotas.reserve(session.address, session.size_bytes, upload_id=session.upload_id),
                self._store.write_part(session.upload_id, part) as writer,
            ):
                if asked.span is None:
                    await request.body.expect_empty()
                else:
                    await _append(request, writer, asked.span)
                turn.is_committing = True
                offset = await writer.checkpoint()
        return json_response({"start": part.start, "stop": part.stop, "offset": offset}, headers=PRIVATE)

    async def _find_open(self, upload_id: str) -> UploadSession:
        session = await self._store.find_upload(upload_id)
        key = session.address.key
        if session.is_cancelled:
            raise CancelledError("this upload was cancelled; ask for a new upload URL", key=key)
        if session.blob is not None:
            raise ConflictError("the upload is finished already", key=key)
        return session


def _check_announced(request: Request, session: UploadSession, part: Span, asked: UploadRange) -> None:
    """Refuse early a request that cannot succeed."""
    key, span, body = session.address.key, asked.span, request.body
    if session.promised:
        raise ConflictError("an upload whose hashes were promised takes its bytes in order only", key=key)
    if promises.of_blob(request.headers.joined) or body.promised:
        raise BadRequestError("a part takes no hash of its own; send that of the blob with the end of the upload")
    if asked.total is not None and asked.total != session.size_bytes:
        raise BadRequestError(f"the upload has {session.size_bytes} bytes, and Content-Range {asked.total}", key=key)
    if span is not None and not part.start <= span.start < span.stop <= part.stop:
        raise BadRequestError(f"Content-Range must lie within the part from {part.start} to {part.stop}", key=key)
    size_bytes = 0 if span is None else span.size_bytes
    if body.size_bytes is not None and body.size_bytes != size_bytes:
        raise BadRequestError(f"the body has {body.size_bytes} bytes, its Content-Range {size_bytes}", key=key)


async def _append(request: Request, writer: UploadWriter, span: Span) -> None:
    """Write the body; bytes that are kept already are skipped."""
    position = span.start
    if position > writer.offset:
        raise GapError(f"the bytes begin at {position}, and of this part those before {writer.offset} are kept")
    async for chunk in request.body.chunks():
        end = position + len(chunk)
        if end > span.stop:
            raise BadRequestError(f"the body is longer than the {span.size_bytes} bytes of its Content-Range")
        if end > writer.offset:
            await writer.write(chunk[writer.offset - position :] if position < writer.offset else chunk)
        position = end
    if position < span.stop:
        came = position - span.start
        raise BadRequestError(f"the body is shorter than the {span.size_bytes} bytes of its Content-Range: {came} came")
