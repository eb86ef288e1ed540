"""The hashes of upload sessions besides crc32c: computed while the bytes arrive, compared before the blob appears.

The state of such a hash cannot be stored. It is held in the process that receives the bytes, from one request to the
next. When another process continues a session, or a hash is first promised at the end, the stored bytes are read again,
on an engine that can read them.
"""

from collections import OrderedDict
from collections.abc import Collection, Mapping

from storage_tui.contract.checksum import to_text
from storage_tui.contract.errors import ChecksumError, ConflictError
from storage_tui.contract.models import Blob
from storage_tui.server.http.hashing import Hashing, check_hashes
from storage_tui.server.http.request import Request
from storage_tui.server.stores.base import UploadSession, UploadWriter

SESSIONS = 1024  # whose hashes are held, about 1 kB each; for the one used longest ago, the bytes are read again
OURS = "storage-tui/"  # our client compares the crc32c, and needs no md5 of the server


def wants_md5(request: Request) -> bool:
    """Return whether the sender of a piece may read `md5Hash` in the last answer: Google's libraries do not say."""
    return not (request.headers.one("user-agent") or "").startswith(OURS)


class UploadHashes:
    """The hashes of the sessions whose bytes come to this process."""

    def __init__(self) -> None:
        self._held: OrderedDict[str, Hashing] = OrderedDict()

    def take(self, session: UploadSession, names: Collection[str]) -> Hashing | None:
        """Return the hashes with these names of the bytes that are kept; None when they are not known or none."""
        held = self._held.pop(session.upload_id, None)
        if held is not None and held.size_bytes == session.offset and held.names >= set(names):
            return held
        return Hashing(names) if names and session.offset == 0 else None

    async def hold(self, session: UploadSession, hashing: Hashing) -> None:
        """Hold the hashes for the next request of the session."""
        await hashing.settle()
        self._held[session.upload_id] = hashing
        while len(self._held) > SESSIONS:
            self._held.popitem(last=False)

    def forget(self, upload_id: str) -> None:
        """Forget the hashes of a session that has ended or starts over."""
        self._held.pop(upload_id, None)


async def checked_md5(
    writer: UploadWriter, session: UploadSession, hashing: Hashing | None, promised: Mapping[str, bytes], *,
    wants_md5: bool,
) -> str | None:  # fmt: skip
    """Return the md5 of all bytes of the session in base64, if it is known or wanted.

    Raise ChecksumError when the bytes do not have all hashes that the session or the request promised. The session then
    starts over. Raise ConflictError when the engine can no longer compare them.
    """
    key = session.address.key
    found = {} if hashing is None else await hashing.digests()
    for asked in (session.promised, promised):
        missing = (asked.keys() | ({"md5"} if wants_md5 else set())) - found.keys()
        if missing:
            found |= await _read_back(writer, missing, is_needed=bool(missing & asked.keys()), key=key)
        try:
            check_hashes(asked, found, f"the blob {key!r}", key)
        except ChecksumError:
            await writer.restart()
            raise
    return to_text(found["md5"]) if "md5" in found else None


async def _read_back(writer: UploadWriter, names: Collection[str], *, is_needed: bool, key: str) -> dict[str, bytes]:
    pieces = writer.kept()
    if pieces is None:
        if is_needed:
            what = " and ".join(sorted(names))
            raise ConflictError(f"the {what} cannot be compared now; promise it when you begin an upload", key=key)
        return {}
    hashing = Hashing(names)
    async for piece in pieces:
        await hashing.extend(piece)
    return await hashing.digests()


def check_stored(blob: Blob, promised: Mapping[str, bytes]) -> None:
    """Raise ChecksumError unless the blob of a finished session has the promised hashes; ConflictError for hashes that
    nobody knows of it."""
    known = {"crc32c": blob.crc32c, "md5": blob.md5}
    for name, digest in promised.items():
        stored = known.get(name)
        if stored is None:
            raise ConflictError(f"this upload has ended, and the {name} of its blob is not known", key=blob.key)
        if stored != to_text(digest):
            raise ChecksumError(
                f"this upload has ended: its blob has the {name} {stored}, not {to_text(digest)}", key=blob.key
            )
