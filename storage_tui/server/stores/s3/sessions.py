"""Upload sessions in a bucket: a small object each that says what is promised to arrive and how much of it is durable.

Every change of it names the version it was made from, so that of two servers that write one session the later finds
out. Its bytes are parts of an object begun in the engine, and pieces: objects of their own for what is too small to be
a part. No server keeps anything of a session that another would need.

The first digits of an upload id say when it began, so that the names of sessions are in the order in which they expire.
"""

import json
import re
import secrets
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any, Literal

from storage_tui.contract.errors import CancelledError, ConflictError, GoneError, NotFoundError, StorageError
from storage_tui.contract.models import Blob
from storage_tui.server.stores.base import Address, Precondition, UploadSession
from storage_tui.server.stores.s3.blobs import Place, locate
from storage_tui.server.stores.s3.protocol.bucket import NOTHING_ASKED, Bucket, Condition
from storage_tui.server.stores.s3.protocol.requests import ConditionError, MissingError

SESSION_LIFETIME = timedelta(days=7)  # as Google Cloud Storage keeps a resumable session
TOMBSTONE_LIFETIME = timedelta(days=7)  # how long an ended session is told apart from one that never was
ROOT = "uploads/"
PIECES = "pieces/"
REPEATS = "repeats/"

State = Literal["open", "finishing", "finished", "cancelled"]

_ID = re.compile(r"[0-9a-f]{8}[A-Za-z0-9_-]{43}")


@dataclass(frozen=True, slots=True)
class Piece:
    """An object with bytes of a session that follow its parts."""

    name: str
    size_bytes: int


@dataclass(frozen=True, slots=True)
class Session:
    """What the object of a session holds. `crc` is that of the first `offset` bytes: all the state a resume needs."""

    upload_id: str
    namespace: str
    storage_type: str
    key: str
    state: State = "open"
    offset: int = 0
    crc: int = 0
    size_bytes: int | None = None
    content_type: str | None = None
    want_crc: str | None = None
    if_match: tuple[str, ...] = ()
    if_none_match: tuple[str, ...] = ()
    parts_id: str | None = None
    parts: tuple[str, ...] = ()
    pieces: tuple[Piece, ...] = ()
    repeat: str | None = None
    blob: dict[str, Any] | None = None

    @property
    def place(self) -> Place:
        """Where the blob will be."""
        return locate(Address(self.namespace, self.storage_type, self.key))

    @property
    def precondition(self) -> Precondition:
        """What must hold at the end."""
        return Precondition(self.if_match, self.if_none_match)

    @property
    def mark(self) -> str:
        """What the finished object says of its session; the id itself would let its reader write."""
        return sha256(self.upload_id.encode()).hexdigest()[:32]

    def expires(self) -> datetime:
        """When the session ends."""
        return began(self.upload_id) + SESSION_LIFETIME

    def emptied(self, state: State = "open") -> "Session":
        """The session without the bytes it holds."""
        return replace(self, state=state, offset=0, crc=0, parts_id=None, parts=(), pieces=())

    def to_upload(self) -> UploadSession:
        """The session as the Store describes it."""
        return UploadSession(
            self.upload_id,
            Address(self.namespace, self.storage_type, self.key),
            self.offset,
            self.size_bytes,
            self.content_type,
            None if self.blob is None else Blob.from_json(self.blob, self.storage_type),
            self.state == "cancelled",
        )


@dataclass(frozen=True, slots=True)
class Kept:
    """A session with the version of its object."""

    session: Session
    version: str


def new_id(now: datetime) -> str:
    """An unguessable id that begins now."""
    return f"{int(now.timestamp()):08x}{secrets.token_urlsafe(32)}"


def began(upload_id: str) -> datetime:
    """When the session with the id began, in whole seconds."""
    return datetime.fromtimestamp(int(upload_id[:8], 16), UTC)


def find(bucket: Bucket, upload_id: str, now: datetime) -> Kept:
    """The session; raises NotFoundError when there never was one, GoneError when it has expired."""
    found = bucket.read(ROOT + upload_id) if _ID.fullmatch(upload_id) else None
    if found is None:
        raise NotFoundError("no such upload session; start a new one")
    session = _parse(found[1])
    if session.expires() <= now:
        raise GoneError("the upload session has expired after a week; start a new one", key=session.key)
    if session.state == "finishing":  # now, or on a server that was killed at it
        blob = find_object(bucket, session)
        session = replace(session, state="open") if blob is None else conclude(bucket, session, blob)
    return Kept(session, found[0].etag)


def find_open(bucket: Bucket, upload_id: str, now: datetime) -> Kept:
    """The session while it can be written; raises ConflictError or CancelledError when it has ended."""
    kept = find(bucket, upload_id, now)
    if kept.session.state == "finished":
        raise ConflictError("the upload session is finished already", key=kept.session.key)
    if kept.session.state == "cancelled":
        raise CancelledError("the upload session was cancelled; start a new one", key=kept.session.key)
    return kept


def create(bucket: Bucket, session: Session) -> Kept:
    """Keep a new session."""
    written = bucket.put(ROOT + session.upload_id, _format(session), condition=Condition(if_absent=True))
    return Kept(session, written.etag)


def save(bucket: Bucket, before: Kept, session: Session, now: datetime) -> Kept:
    """Put the session in the place of the one it was made from; raises what ended or changed that one meanwhile."""
    try:
        written = bucket.put(ROOT + session.upload_id, _format(session), condition=Condition(if_match=before.version))
    except (ConditionError, MissingError) as exc:
        find_open(bucket, session.upload_id, now)
        raise ConflictError(
            "the upload session is being written by another request; wait for that one to end", key=session.key
        ) from exc
    return Kept(session, written.etag)


def find_object(bucket: Bucket, session: Session) -> Blob | None:
    """The blob at the session's place, if it is that session's."""
    found = bucket.head(session.place.name)
    return session.place.to_blob(found) if found is not None and found.meta.get("session") == session.mark else None


def conclude(bucket: Bucket, session: Session, blob: Blob) -> Session:
    """Keep that the session is finished, whatever its object says: the blob is there."""
    finished = replace(
        session, state="finished", offset=blob.size_bytes or 0, parts_id=None, parts=(), pieces=(), blob=blob.to_json()
    )
    bucket.put(ROOT + session.upload_id, _format(finished), condition=NOTHING_ASKED)
    drop_pieces(bucket, session)
    return finished


def find_repeat(bucket: Bucket, repeat: str, now: datetime) -> Kept | None:
    """The open or finished session that was begun under the repeat name."""
    found = bucket.read(REPEATS + repeat)
    if found is None:
        return None
    try:
        kept = find(bucket, found[1].decode(), now)
    except StorageError:
        return None
    return None if kept.session.state == "cancelled" else kept


def note_repeat(bucket: Bucket, session: Session, now: datetime) -> Kept | None:
    """Keep that the session was begun under its repeat name; another one's session if that was first."""
    name, content = REPEATS + (session.repeat or ""), session.upload_id.encode()
    try:
        bucket.put(name, content, condition=Condition(if_absent=True))
    except ConditionError:
        first = find_repeat(bucket, session.repeat or "", now)
        if first is not None:
            return first
        bucket.put(name, content)  # the one before it has ended
    return None


def repeat_name(place: Place, repeat_key: str, size_bytes: int | None) -> str:
    """One name for what must be the same for a session to be found again."""
    return sha256(json.dumps([place.name, size_bytes, repeat_key]).encode()).hexdigest()


def drop_bytes(bucket: Bucket, session: Session) -> None:
    """Let go of the parts and pieces that a session held."""
    if session.parts_id is not None:
        bucket.drop_parts(session.place.name, session.parts_id)
    drop_pieces(bucket, session)


def drop_pieces(bucket: Bucket, session: Session) -> None:
    """Let go of the pieces that a session held."""
    for piece in session.pieces:
        bucket.delete(PIECES + piece.name)


def forget_bytes(bucket: Bucket, upload_id: str) -> None:
    """Let go of all bytes of a session by a list of them: also of those that a killed server left. Its object stays, to
    tell that there was one."""
    found = bucket.read(ROOT + upload_id)
    if found is not None and (session := _parse_or_none(found[1])) is not None:
        drop_bytes(bucket, session)
        if session.repeat is not None:
            noted = bucket.read(REPEATS + session.repeat)
            if noted is not None and noted[1] == upload_id.encode():
                bucket.delete(REPEATS + session.repeat)
    for stray in bucket.list(f"{PIECES}{upload_id}/").objects:
        bucket.delete(stray.name)


def _parse_or_none(content: bytes) -> Session | None:
    try:
        return _parse(content)
    except GoneError:
        return None


def _format(session: Session) -> bytes:
    return json.dumps(asdict(session)).encode()


def _parse(content: bytes) -> Session:
    """The session of an object; raises GoneError when it holds none."""
    try:
        raw = json.loads(content)
        for name in ("if_match", "if_none_match", "parts"):
            raw[name] = tuple(raw[name])
        raw["pieces"] = tuple(Piece(**piece) for piece in raw["pieces"])
        session = Session(**raw)
        began(session.upload_id)
        return session
    except (ValueError, KeyError, TypeError, AttributeError, OverflowError, RecursionError) as exc:
        raise GoneError("the server's note of this upload session is damaged; start a new one") from exc
