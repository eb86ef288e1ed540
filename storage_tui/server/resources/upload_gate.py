"""One request at a time on an upload session, and never a stalled one in the way of its own retry."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from storage_tui.contract.errors import ConflictError, UnavailableError
from storage_tui.server.http.body import Body

PATIENCE_S = 5.0  # a waiting client is not read from; the published one aborts a blocked send after 9.5 s
COMMIT_S = 25.0  # it gives up on the answer 30 s after its last byte


class SupersededError(ConflictError):
    """A newer request has taken over the upload session."""


class Turn:
    """One request's hold on a session."""

    def __init__(self, body: Body) -> None:
        self.body = body
        self.is_committing = False


class _Session:
    def __init__(self) -> None:
        self.lock = asyncio.Lock()
        self.turns: list[Turn] = []  # in order of arrival


class UploadGate:
    """The sessions that have a request under way in this process."""

    def __init__(self) -> None:
        self._sessions: dict[str, _Session] = {}

    @asynccontextmanager
    async def turn(self, upload_id: str, body: Body) -> AsyncIterator[Turn]:
        """Hold the session alone.

        A request that is still receiving is cut off at what it has, as the sender of a new one has given it up; one
        that is committing is waited for, while the new one's body is kept moving. Raises UnavailableError when that
        takes too long.
        """
        session = self._sessions.setdefault(upload_id, _Session())
        for earlier in session.turns:
            if not earlier.is_committing:
                earlier.body.interrupt(SupersededError("a newer request goes on with this upload"))
        turn = Turn(body)
        session.turns.append(turn)
        try:
            await _acquire(session.lock, body)
            try:
                yield turn
            finally:
                session.lock.release()
        finally:
            session.turns.remove(turn)
            if not session.turns:
                self._sessions.pop(upload_id, None)


async def _acquire(lock: asyncio.Lock, body: Body) -> None:
    waiting = asyncio.ensure_future(lock.acquire())
    try:
        done, _ = await asyncio.wait([waiting], timeout=PATIENCE_S)
        if not done:
            draining = asyncio.ensure_future(body.discard())
            try:
                done, _ = await asyncio.wait([waiting], timeout=COMMIT_S - PATIENCE_S)
                if done:
                    await asyncio.wait([draining])  # to break it off could lose a piece that had come already
            finally:
                draining.cancel()
                await asyncio.gather(draining, return_exceptions=True)
        if not done:
            raise UnavailableError("an earlier request on this upload is still being stored; ask for its status")
    except BaseException:
        if waiting.done() and not waiting.cancelled():
            lock.release()
        waiting.cancel()
        raise


def check_intact(body: Body) -> None:
    """Raises UnavailableError when bytes were let go while waiting, so that the request cannot be carried out."""
    if body.received_bytes:
        raise UnavailableError("an earlier request on this upload has failed; send this one again")
