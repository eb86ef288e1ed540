"""Upload sessions of somebody else's bucket, as private files of this machine: nothing of them is in the bucket but the
parts of the object that is being made.

A session is a JSON file, replaced whole at each change. The bytes of a part that has not gone to the engine yet are in
a file beside it.
"""

import json
import os
import re
import threading
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from typing import Any, Literal

from storage_tui.contract.checksum import split_hashes
from storage_tui.contract.errors import (
    CancelledError,
    ConflictError,
    GoneError,
    NotFoundError,
    StorageError,
    StoreFullError,
)
from storage_tui.contract.models import Blob
from storage_tui.machine.private_files import make_private_dir, open_private, write_all, write_private
from storage_tui.server.stores.base import Address, Precondition, UploadSession
from storage_tui.server.stores.bucket.objects import KIND, ObjectPlace
from storage_tui.server.stores.multipart.sizes import MOST_PARTS, PartSizes
from storage_tui.server.stores.s3.sessions import SESSION_LIFETIME, TOMBSTONE_LIFETIME, began

State = Literal["open", "finished", "cancelled"]

_ID = re.compile(r"[0-9a-f]{8}[A-Za-z0-9_-]{43}")


@dataclass(frozen=True, slots=True)
class SessionRecord:
    """The content of a session's file. `offset` bytes are kept: those of `parts` in the engine, and after them those in
    the file of the next part. `crc` is that of these bytes, and `part_crc` that of the bytes in the file."""

    upload_id: str
    namespace: str
    key: str
    part_bytes: int
    state: State = "open"
    offset: int = 0
    crc: int = 0
    part_crc: int = 0
    size_bytes: int | None = None
    content_type: str | None = None
    want_crc: str | None = None  # the announced hashes, as `join_hashes` writes them
    if_match: tuple[str, ...] = ()
    if_none_match: tuple[str, ...] = ()
    parts_id: str | None = None
    parts: tuple[str, ...] = ()
    repeat: str | None = None
    blob: dict[str, Any] | None = None
    equal_parts: int = MOST_PARTS  # as in `PartSizes`
    step_parts: int = MOST_PARTS

    @property
    def sizes(self) -> PartSizes:
        """The sizes of the parts."""
        return PartSizes(self.part_bytes, self.equal_parts, self.step_parts)

    @property
    def place(self) -> ObjectPlace:
        """The place of the future object."""
        return ObjectPlace(self.key)

    @property
    def precondition(self) -> Precondition:
        """The precondition that must hold when the session finishes."""
        return Precondition(self.if_match, self.if_none_match)

    @property
    def joined_bytes(self) -> int:
        """The bytes that are parts of the engine."""
        return self.sizes.place_of(len(self.parts))

    @property
    def crc32c(self) -> str | None:
        """The crc32c that was announced with the session."""
        return split_hashes(self.want_crc)[0]

    def expires(self) -> datetime:
        """Return when the session expires."""
        return began(self.upload_id) + SESSION_LIFETIME

    def emptied(self, state: State = "open") -> "SessionRecord":
        """Return the session without its bytes."""
        return replace(self, state=state, offset=0, crc=0, part_crc=0, parts_id=None, parts=())

    def to_upload(self) -> UploadSession:
        """Return the session in the form of the Store."""
        return UploadSession(
            self.upload_id, Address(self.namespace, KIND.name, self.key), self.offset, self.size_bytes,
            self.content_type, None if self.blob is None else Blob.from_json(self.blob, KIND.name),
            self.state == "cancelled", split_hashes(self.want_crc)[1],
        )  # fmt: skip


class SessionFolder:
    """The folder with the sessions of one bucket; its calls block."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = threading.Lock()  # so that nobody writes a session that is being cancelled

    def find(self, upload_id: str, now: datetime) -> SessionRecord:
        """Return the session. Raise NotFoundError when there never was one, GoneError when it has expired."""
        session = self._read(upload_id) if _ID.fullmatch(upload_id) else None
        if session is None:
            raise NotFoundError("no such upload session; start a new one")
        if session.expires() <= now:
            raise GoneError("the upload session has expired after a week; start a new one", key=session.key)
        return session

    def find_open(self, upload_id: str, now: datetime) -> SessionRecord:
        """Return the session while it can be written. Raise ConflictError or CancelledError when it has ended."""
        session = self.find(upload_id, now)
        if session.state == "finished":
            raise ConflictError("the upload session is finished already", key=session.key)
        if session.state == "cancelled":
            raise CancelledError("the upload session was cancelled; start a new one", key=session.key)
        return session

    def save(self, session: SessionRecord) -> None:
        """Write the session, durably."""
        try:
            write_private(self._file(session.upload_id), json.dumps(asdict(session)).encode())
            self._sync()
        except OSError as exc:
            raise _full(exc) from exc

    def save_open(self, session: SessionRecord, now: datetime) -> None:
        """Write the session as long as it is open. Raise the errors of `find_open`."""
        with self._lock:
            self.find_open(session.upload_id, now)
            self.save(session)

    def cancel(self, upload_id: str, now: datetime) -> SessionRecord | None:
        """Note that the session is cancelled, and return it as it was; None for a session that has ended."""
        with self._lock:
            session = self.find(upload_id, now)
            if session.state in ("finished", "cancelled"):
                return None
            self.save(session.emptied("cancelled"))
        return session

    def find_repeat(self, repeat: str, now: datetime) -> SessionRecord | None:
        """Return the open or finished session with the repeat name; None when there is none."""
        try:
            session = self.find(self._repeat_file(repeat).read_text("ascii"), now)
        except (OSError, ValueError, StorageError):
            return None
        return None if session.state == "cancelled" else session

    def note_repeat(self, session: SessionRecord) -> None:
        """Store the id of the session under its repeat name."""
        if session.repeat is not None:
            try:
                write_private(self._repeat_file(session.repeat), session.upload_id.encode())
            except OSError as exc:
                raise _full(exc) from exc

    def append(self, upload_id: str, number: int, at: int, chunks: list[bytes]) -> None:
        """Add bytes to the file of part `number`, of which `at` bytes are kept; what is after them is dropped."""
        try:
            make_private_dir(self._path)
            descriptor = open_private(self._part_file(upload_id, number), os.O_RDWR | os.O_CREAT)
            try:
                os.ftruncate(descriptor, at)
                os.lseek(descriptor, at, os.SEEK_SET)
                for chunk in chunks:
                    write_all(descriptor, chunk)
            finally:
                os.close(descriptor)
        except OSError as exc:
            raise _full(exc) from exc

    def sync(self, upload_id: str, number: int) -> None:
        """Make the file of part `number` durable."""
        try:
            descriptor = open_private(self._part_file(upload_id, number), os.O_RDONLY)
            try:
                os.fsync(descriptor)
            finally:
                os.close(descriptor)
            self._sync()
        except OSError as exc:
            raise _full(exc) from exc

    def read(self, upload_id: str, number: int, start: int, size_bytes: int) -> bytes:
        """Return bytes out of the file of part `number`. Raise GoneError when they are not there."""
        try:
            descriptor = open_private(self._part_file(upload_id, number), os.O_RDONLY)
        except OSError as exc:
            raise _missing() from exc
        try:
            content = os.pread(descriptor, size_bytes, start)
        finally:
            os.close(descriptor)
        if len(content) != size_bytes:
            raise _missing()
        return content

    def drop(self, upload_id: str, number: int) -> None:
        """Delete the file of part `number`."""
        with suppress(OSError):
            self._part_file(upload_id, number).unlink()

    def drop_bytes(self, upload_id: str) -> None:
        """Delete the files of all parts of the session."""
        for file in self._path.glob(f"{upload_id}.*.part"):
            with suppress(OSError):
                file.unlink()

    def parts_ids(self) -> set[str]:
        """Return the engine's ids of the parts of all sessions."""
        sessions = (self._read(file.stem) for file in self._path.glob("*.json"))
        return {session.parts_id for session in sessions if session is not None and session.parts_id is not None}

    def expired(self, now: datetime) -> list[SessionRecord]:
        """Return the sessions whose time has passed."""
        sessions = (self._read(file.stem) for file in self._path.glob("*.json"))
        return [session for session in sessions if session is not None and session.expires() <= now]

    def forget(self, session: SessionRecord, now: datetime) -> None:
        """Delete the bytes of an expired session, and later the session too: until then it is told from an unknown
        one."""
        self.drop_bytes(session.upload_id)
        if session.repeat is not None:
            with suppress(OSError):
                self._repeat_file(session.repeat).unlink()
        if session.expires() + TOMBSTONE_LIFETIME <= now:
            with suppress(OSError):
                self._file(session.upload_id).unlink()

    def _read(self, upload_id: str) -> SessionRecord | None:
        try:
            content = self._file(upload_id).read_bytes()
        except OSError:
            return None
        try:
            raw = json.loads(content)
            for name in ("if_match", "if_none_match", "parts"):
                raw[name] = tuple(raw[name])
            return SessionRecord(**raw)
        except (ValueError, KeyError, TypeError, RecursionError):
            return None

    def _sync(self) -> None:
        descriptor = os.open(self._path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)

    def _file(self, upload_id: str) -> Path:
        return self._path / f"{upload_id}.json"

    def _part_file(self, upload_id: str, number: int) -> Path:
        return self._path / f"{upload_id}.{number}.part"

    def _repeat_file(self, repeat: str) -> Path:
        return self._path / f"{repeat}.repeat"


def repeat_name(key: str, repeat_key: str, size_bytes: int | None) -> str:
    """Return a name made of the values that must be the same for a session to be found again."""
    return sha256(json.dumps([key, size_bytes, repeat_key]).encode()).hexdigest()


def folder_of(state_dir: Path, endpoint: str, bucket: str, prefix: str) -> Path:
    """Return the folder with the sessions of a place."""
    return state_dir / "uploads" / sha256(json.dumps([endpoint, bucket, prefix]).encode()).hexdigest()[:32]


def _missing() -> GoneError:
    return GoneError("bytes of the upload session are missing on this machine; start a new one")


def _full(exc: OSError) -> StoreFullError:
    return StoreFullError(f"the state of the upload cannot be written on this machine: {exc.strerror or exc}")
