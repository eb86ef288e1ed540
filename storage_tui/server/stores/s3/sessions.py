"""Upload sessions in a bucket. A session is a small object that says what is announced and how many bytes are durable.

Every change of the object names the version from which it was made. So when two servers write one session, the later
server notices. The bytes of a session are parts of an object begun in the engine, and pieces: separate objects for
bytes that are too few for a part. No server keeps anything of a session that another server would need.

The first digits of an upload id are the time at which the session began. So the names of sessions are in the order of
their expiry.
"""

import json
import re
import secrets
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import reduce
from hashlib import sha256
from typing import Any, Literal

from storage_tui.contract import checksum
from storage_tui.contract.checksum import split_hashes
from storage_tui.contract.errors import CancelledError, ConflictError, GoneError, NotFoundError, StorageError
from storage_tui.contract.models import Blob
from storage_tui.contract.wire import Span
from storage_tui.server.stores.base import Address, Precondition, UploadPart, UploadSession
from storage_tui.server.stores.multipart.sizes import MIB, PartSizes
from storage_tui.server.stores.s3.blobs import ObjectPlace, locate
from storage_tui.server.stores.s3.protocol.bucket import NOTHING_ASKED, Bucket, Condition
from storage_tui.server.stores.s3.protocol.requests import ConditionError, MissingError

SESSION_LIFETIME = timedelta(days=7)  # as Google Cloud Storage keeps a resumable session
TOMBSTONE_LIFETIME = timedelta(days=7)  # how long an ended session is distinguished from an unknown one
ROOT = "uploads/"
PIECES = "pieces/"
REPEATS = "repeats/"
PARTS = "upload-parts/"

State = Literal["open", "finishing", "finished", "cancelled"]

EARLIER = PartSizes(8 * MIB, 2560, 2560)  # the parts of earlier servers
# Left out of a session's object with these values, as earlier servers, which may share the bucket, do not know them.
_LATER_FIELDS = {
    "start": 0, "stop": None, "pieces_crc": None, "part_bytes": EARLIER.first_bytes,
    "equal_parts": EARLIER.equal_parts, "step_parts": EARLIER.step_parts,
}  # fmt: skip
_ID = re.compile(r"[0-9a-f]{8}[A-Za-z0-9_-]{43}")


@dataclass(frozen=True, slots=True)
class Piece:
    """An object with bytes of a session that follow its parts."""

    name: str
    size_bytes: int


@dataclass(frozen=True, slots=True)
class SessionRecord:
    """The content of a session's object. `crc` is that of the first `offset` bytes: all the state that a resume
    needs."""

    upload_id: str
    namespace: str
    storage_type: str
    key: str
    state: State = "open"
    offset: int = 0
    crc: int = 0
    size_bytes: int | None = None
    content_type: str | None = None
    want_crc: str | None = None  # the announced hashes, as `join_hashes` writes them
    if_match: tuple[str, ...] = ()
    if_none_match: tuple[str, ...] = ()
    parts_id: str | None = None
    parts: tuple[str, ...] = ()
    pieces: tuple[Piece, ...] = ()
    repeat: str | None = None
    blob: dict[str, Any] | None = None
    written: str | None = None
    start: int = 0  # of a part of the session, an object of its own whose `offset` is that of the blob
    stop: int | None = None
    pieces_crc: int | None = None  # of all pieces; None where an earlier server stored them
    part_bytes: int = EARLIER.first_bytes  # as in `PartSizes`
    equal_parts: int = EARLIER.equal_parts
    step_parts: int = EARLIER.step_parts

    @property
    def sizes(self) -> PartSizes:
        """The sizes of the parts."""
        return PartSizes(self.part_bytes, self.equal_parts, self.step_parts)

    @property
    def name(self) -> str:
        """The name of the object: of the session, or of one of its parts."""
        return (
            f"{ROOT}{self.upload_id}" if self.stop is None else part_name(self.upload_id, Span(self.start, self.stop))
        )

    @property
    def place(self) -> ObjectPlace:
        """The place of the future blob."""
        return locate(Address(self.namespace, self.storage_type, self.key))

    @property
    def precondition(self) -> Precondition:
        """The precondition that must hold when the session finishes."""
        return Precondition(self.if_match, self.if_none_match)

    @property
    def crc32c(self) -> str | None:
        """The crc32c that was announced with the session."""
        return split_hashes(self.want_crc)[0]

    @property
    def promised(self) -> dict[str, bytes]:
        """The other hashes that were announced with the session."""
        return split_hashes(self.want_crc)[1]

    @property
    def mark(self) -> str:
        """The mark of the session in the metadata of the finished object. The id itself would let a reader of the
        object write to the session."""
        return sha256(self.upload_id.encode()).hexdigest()[:32]

    def to_part(self) -> UploadPart:
        """Return a part of a session in the form of the Store. Its last bytes do not count while they are pieces: only
        a part of the engine can be joined."""
        span = Span(self.start, self.stop or 0)
        loose = sum(piece.size_bytes for piece in self.pieces) if self.offset == span.stop else 0
        return UploadPart(span.start, span.stop, self.offset - loose, self.crc)

    def expires(self) -> datetime:
        """Return when the session expires."""
        return began(self.upload_id) + SESSION_LIFETIME

    def emptied(self, state: State = "open") -> "SessionRecord":
        """Return the session without its bytes."""
        return replace(self, state=state, offset=0, crc=0, parts_id=None, parts=(), pieces=(), pieces_crc=None)

    def to_upload(self) -> UploadSession:
        """Return the session in the form of the Store."""
        return UploadSession(
            self.upload_id,
            Address(self.namespace, self.storage_type, self.key),
            self.offset,
            self.size_bytes,
            self.content_type,
            None if self.blob is None else Blob.from_json(self.blob, self.storage_type),
            self.state == "cancelled",
            self.promised,
        )


@dataclass(frozen=True, slots=True)
class Kept:
    """A session and the version of its object."""

    session: SessionRecord
    version: str


def new_id(now: datetime) -> str:
    """Return an unguessable id of a session that begins now."""
    return f"{int(now.timestamp()):08x}{secrets.token_urlsafe(32)}"


def began(upload_id: str) -> datetime:
    """Return when the session with the id began, in whole seconds."""
    return datetime.fromtimestamp(int(upload_id[:8], 16), UTC)


def find(bucket: Bucket, upload_id: str, now: datetime) -> Kept:
    """Return the session. Raise NotFoundError when there never was one, GoneError when it has expired."""
    found = bucket.read(ROOT + upload_id) if _ID.fullmatch(upload_id) else None
    if found is None:
        raise NotFoundError("no such upload session; start a new one")
    session = _parse(found[1])
    if session.expires() <= now:
        raise GoneError("the upload session has expired after a week; start a new one", key=session.key)
    if session.state == "finishing":  # now, or on a server that was killed meanwhile
        blob = find_object(bucket, session)
        session = replace(session, state="open") if blob is None else conclude(bucket, session, blob)
    return Kept(session, found[0].etag)


def find_open(bucket: Bucket, upload_id: str, now: datetime) -> Kept:
    """Return the session while it can be written. Raise ConflictError or CancelledError when it has ended."""
    kept = find(bucket, upload_id, now)
    if kept.session.state == "finished":
        raise ConflictError("the upload session is finished already", key=kept.session.key)
    if kept.session.state == "cancelled":
        raise CancelledError("the upload session was cancelled; start a new one", key=kept.session.key)
    return kept


def create(bucket: Bucket, session: SessionRecord) -> Kept:
    """Store a new session, or a new part of one, and return it with its version."""
    written = bucket.put(session.name, _format(session), condition=Condition(if_absent=True))
    return Kept(session, written.etag)


def save(bucket: Bucket, before: Kept, session: SessionRecord, now: datetime) -> Kept:
    """Replace the session that `session` was made from, and return it with its new version. If that session has ended
    or changed meanwhile, raise the error for this."""
    try:
        written = bucket.put(session.name, _format(session), condition=Condition(if_match=before.version))
    except (ConditionError, MissingError) as exc:
        find_open(bucket, session.upload_id, now)
        raise ConflictError(
            "the upload session is being written by another request; wait for that request to end", key=session.key
        ) from exc
    return Kept(session, written.etag)


def find_object(bucket: Bucket, session: SessionRecord) -> Blob | None:
    """Return the blob at the session's place if the blob is from this session; None otherwise."""
    found = bucket.head(session.place.name)
    return session.place.to_blob(found) if found is not None and found.meta.get("session") == session.mark else None


def conclude(bucket: Bucket, session: SessionRecord, blob: Blob) -> SessionRecord:
    """Store that the session is finished and return it. The blob exists, so this holds whatever the session's object
    says."""
    finished = replace(
        session, state="finished", offset=blob.size_bytes or 0, parts_id=None, parts=(), pieces=(), blob=blob.to_json()
    )
    bucket.put(ROOT + session.upload_id, _format(finished), condition=NOTHING_ASKED)
    drop_pieces(bucket, session)
    return finished


def find_repeat(bucket: Bucket, repeat: str, now: datetime) -> Kept | None:
    """Return the open or finished session with the repeat name; None when there is none."""
    found = bucket.read(REPEATS + repeat)
    if found is None:
        return None
    try:
        kept = find(bucket, found[1].decode(), now)
    except StorageError:
        return None
    return None if kept.session.state == "cancelled" else kept


def note_repeat(bucket: Bucket, session: SessionRecord, now: datetime) -> Kept | None:
    """Store the id of the session under its repeat name. If another session was first, return that session; None
    otherwise."""
    name, content = REPEATS + (session.repeat or ""), session.upload_id.encode()
    try:
        bucket.put(name, content, condition=Condition(if_absent=True))
    except ConditionError:
        first = find_repeat(bucket, session.repeat or "", now)
        if first is not None:
            return first
        bucket.put(name, content)  # the earlier session has ended
    return None


def repeat_name(place: ObjectPlace, repeat_key: str, size_bytes: int | None) -> str:
    """Return a name made of the values that must be the same for a session to be found again."""
    return sha256(json.dumps([place.name, size_bytes, repeat_key]).encode()).hexdigest()


def drop_bytes(bucket: Bucket, session: SessionRecord) -> None:
    """Delete the parts and pieces of a session."""
    if session.parts_id is not None:
        bucket.drop_parts(session.place.name, session.parts_id)
        forget_parts(bucket, session.upload_id)
    drop_pieces(bucket, session)


def read_piece(bucket: Bucket, piece: Piece) -> bytes:
    """Return the bytes of a piece. Raise GoneError when the engine has lost them."""
    found = bucket.read(PIECES + piece.name)
    if found is None or len(found[1]) != piece.size_bytes:
        raise GoneError("the storage engine lost bytes of the upload session; start a new one")
    return found[1]


def with_crc(bucket: Bucket, kept: Kept) -> Kept:
    """Return the session with the crc of its pieces, which an earlier server has not noted."""
    session = kept.session
    if session.pieces_crc is not None or not session.pieces:
        return kept
    crc = reduce(checksum.extend, (read_piece(bucket, piece) for piece in session.pieces), 0)
    return replace(kept, session=replace(session, pieces_crc=crc))


def drop_pieces(bucket: Bucket, session: SessionRecord) -> None:
    """Delete the pieces of a session."""
    for piece in session.pieces:
        bucket.delete(PIECES + piece.name)


def forget_bytes(bucket: Bucket, upload_id: str) -> None:
    """Delete all bytes of a session, by a list of its pieces: also the bytes that a killed server left. The session's
    object stays, to show that there was a session."""
    found = bucket.read(ROOT + upload_id)
    if found is not None and (session := _parse_or_none(found[1])) is not None:
        drop_bytes(bucket, session)
        if session.repeat is not None:
            noted = bucket.read(REPEATS + session.repeat)
            if noted is not None and noted[1] == upload_id.encode():
                bucket.delete(REPEATS + session.repeat)
    forget_parts(bucket, upload_id)
    for stray in bucket.list(f"{PIECES}{upload_id}/").objects:
        bucket.delete(stray.name)


def part_name(upload_id: str, span: Span) -> str:
    """Return the name of a part's object. The names of the parts of a session are in the order of their starts."""
    return f"{PARTS}{upload_id}/{span.start:016x}-{span.stop:016x}"


def list_parts(bucket: Bucket, upload_id: str) -> list[Span]:
    """Return the spans of the parts of a session in the order of their starts."""
    names = [one.name.rpartition("/")[2].partition("-") for one in bucket.list(f"{PARTS}{upload_id}/").objects]
    return [Span(int(start, 16), int(stop, 16)) for start, _, stop in names]


def find_part(bucket: Bucket, upload_id: str, span: Span) -> Kept | None:
    """Return a part of a session; None when there is none with these ends."""
    found = bucket.read(part_name(upload_id, span))
    return None if found is None else Kept(_parse(found[1]), found[0].etag)


def forget_parts(bucket: Bucket, upload_id: str) -> None:
    """Delete the objects and the pieces of all parts of a session."""
    for found in bucket.list(f"{PARTS}{upload_id}/").objects:
        kept = bucket.read(found.name)
        part = None if kept is None else _parse_or_none(kept[1])
        if part is not None:
            drop_pieces(bucket, part)
        bucket.delete(found.name)


def _parse_or_none(content: bytes) -> SessionRecord | None:
    try:
        return _parse(content)
    except GoneError:
        return None


def _format(session: SessionRecord) -> bytes:
    raw = asdict(session)
    return json.dumps({name: value for name, value in raw.items() if value != _LATER_FIELDS.get(name, ...)}).encode()


def _parse(content: bytes) -> SessionRecord:
    """Return the session in the content of an object. Raise GoneError when the content is not a session."""
    try:
        raw = json.loads(content)
        for name in ("if_match", "if_none_match", "parts"):
            raw[name] = tuple(raw[name])
        raw["pieces"] = tuple(Piece(**piece) for piece in raw["pieces"])
        session = SessionRecord(**raw)
        began(session.upload_id)
        return session
    except (ValueError, KeyError, TypeError, AttributeError, OverflowError, RecursionError) as exc:
        raise GoneError("the server's note of this upload session is damaged; start a new one") from exc
