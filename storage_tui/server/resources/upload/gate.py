"""One request at a time on an upload session or on a part of one; a stalled request never blocks its own retry.

Requests on different parts run beside each other. A request on the session itself and one on a part of it exclude each
other, so that a part never writes while its session is joined, cancelled or started over.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass

from storage_tui.contract.errors import ConflictError, UnavailableError
from storage_tui.server.http.body import Body, ClientGoneError


@dataclass(frozen=True, slots=True)
class GateBounds:
    """How long a request waits while an earlier one on the same session is committing."""

    patience_s: float = 5.0  # nothing is read from the client so long; the published one aborts a send after 9.5 s
    commit_s: float = 25.0  # in all; the published client stops waiting for the answer 30 s after its last byte
    lost_s: float = 2.0  # until a later request has turned out to be what is left of a cut connection, or not


DEFAULTS = GateBounds()


class SupersededError(ConflictError):
    """A newer request has taken over the upload session."""


class Turn:
    """The turn of one request on a session, or on its part that begins at `part`."""

    def __init__(self, body: Body, part: int | None = None) -> None:
        self.body = body
        self.part = part
        self.is_committing = False
        self.is_lost = False  # its sender is gone
        self.ended = asyncio.Event()

    def excludes(self, part: int | None) -> bool:
        """Return whether a request on `part`, or without one on the session, must not run beside this one."""
        return self.part is None or part is None or self.part == part


class _Session:
    def __init__(self) -> None:
        self.turns: list[Turn] = []  # in order of arrival, those that run and those that wait

    async def wait_for(self, turn: Turn) -> None:
        """Wait until all earlier turns have ended that exclude this one."""
        while earlier := [other for other in self.turns[: self.turns.index(turn)] if other.excludes(turn.part)]:
            await earlier[0].ended.wait()


class UploadGate:
    """The sessions that have a request under way in this process."""

    def __init__(self, bounds: GateBounds = DEFAULTS) -> None:
        self._bounds = bounds
        self._sessions: dict[str, _Session] = {}

    @asynccontextmanager
    async def turn(self, upload_id: str, body: Body, part: int | None = None) -> AsyncIterator[Turn]:
        """Hold the session alone while the block runs; with `part`, the part of it that begins there.

        An earlier request that is still receiving is interrupted and keeps the bytes received so far, because its
        sender has abandoned it. For an earlier request that has received all, such as one that asks for the status or
        one that is committing, this waits, and meanwhile reads the body of the new request. Raise UnavailableError when
        that takes too long, and SupersededError when a request that came later was faster: this one may be what is left
        of a connection that was cut. But the later one may be that, as connections are not taken in the order in which
        they are opened; then this one has its turn.
        """
        await self._let_later_ones_be_lost(upload_id, body, part)
        session = self._sessions.setdefault(upload_id, _Session())
        for earlier in session.turns:
            if earlier.excludes(part) and not earlier.is_committing and not earlier.body.is_done:  # others end soon
                earlier.body.interrupt(SupersededError("a newer request continues this upload"))
        turn = Turn(body, part)
        session.turns.append(turn)
        try:
            await _wait(session, turn, self._bounds)
            yield turn
        except (ClientGoneError, asyncio.CancelledError):  # the listener cancels the request of a lost connection
            turn.is_lost = True
            raise
        finally:
            session.turns.remove(turn)
            turn.ended.set()
            if not session.turns:
                self._sessions.pop(upload_id, None)

    async def _let_later_ones_be_lost(self, upload_id: str, body: Body, part: int | None) -> None:
        """Return when no request under way came later than this one. Raise SupersededError when one is no lost one."""
        while (session := self._sessions.get(upload_id)) is not None:
            rivals = [turn for turn in session.turns if turn.excludes(part)]
            later = next((turn for turn in rivals if turn.body.arrival > body.arrival), None)
            if later is None:
                return
            with suppress(TimeoutError):
                await asyncio.wait_for(later.ended.wait(), self._bounds.lost_s)
            if not later.is_lost:
                raise SupersededError("a newer request continues this upload")


async def _wait(session: _Session, turn: Turn, bounds: GateBounds) -> None:
    body = turn.body
    waiting = asyncio.ensure_future(session.wait_for(turn))
    try:
        done, _ = await asyncio.wait([waiting], timeout=bounds.patience_s)
        if not done:
            draining = asyncio.ensure_future(body.discard())
            try:
                done, _ = await asyncio.wait([waiting], timeout=bounds.commit_s - bounds.patience_s)
                if done:
                    await asyncio.wait([draining])  # cancelling the read could lose a piece that had already arrived
            finally:
                draining.cancel()
                await asyncio.gather(draining, return_exceptions=True)
        if not done:
            raise UnavailableError("an earlier request on this upload is still being stored; ask for its status")
    finally:
        waiting.cancel()


def check_intact(body: Body) -> None:
    """Raise UnavailableError when bytes of the body were discarded during the wait: the request cannot be carried
    out."""
    if body.received_bytes:
        raise UnavailableError("an earlier request on this upload has failed; send this one again")
