"""`TransferRunner`: hands queued transfers to the transfer agent, or moves them in the browser where there is none."""

import asyncio
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from storage_tui.client.async_storage import AsyncStorage
from storage_tui.client.http.rates import Rates
from storage_tui.client.transfer.unfinished import Unfinished
from storage_tui.client.undoing.undo import UndoLog
from storage_tui.tui.moving.in_program import ProgramTransfers
from storage_tui.tui.moving.written import Uploads
from storage_tui.tui.state.messages import MessageLog
from storage_tui.tui.state.transfers import Transfer, TransferJob, TransferQueue

if TYPE_CHECKING:
    from storage_tui.tui.moving.through_agent import AgentTransfers


class TransferRunner:
    """Moves the queued transfers and records the result of each. `touch` gets the types that uploads changed.

    With `uses_agent` the transfers go on after the browser has ended. `say` shows one line to the user.
    `undo` gets the blobs that uploads wrote, once all of a job have ended.
    """

    def __init__(
        self, storage: AsyncStorage, queue: TransferQueue, log: MessageLog, touch: Callable[[str], None], *,
        say: Callable[[str], None] = lambda _: None, undo: UndoLog | None = None,
    ) -> None:  # fmt: skip
        self._storage, self._queue, self._log, self._touch, self._say = storage, queue, log, touch, say
        self._uploads = Uploads(undo if undo is not None else UndoLog())
        self._program = ProgramTransfers(storage, queue, log, touch, self._uploads.end)
        self._agent: AgentTransfers | None = None
        self.uses_agent = False
        self._said_why = ""
        self._looking: asyncio.Task[None] | None = None

    def pump(self) -> None:
        """Hand over the newly queued transfers; call this after every change of the queue."""
        fresh = self._queue.take_fresh()
        if not fresh:
            return
        here = [row for row in fresh if not self.uses_agent and not row.is_remote]
        there = [row for row in fresh if self.uses_agent or row.is_remote]
        if here:
            self._program.take(here)
        if there:
            self._through_agent().take(there)

    async def pump_and_keep(self) -> None:
        """Hand over the newly queued transfers, and wait until they are in the journal."""
        self.pump()
        if self._agent is not None:
            await self._agent.flushed()
        await self._program.kept()

    def look(self) -> None:
        """Hear the news of an agent that lives, or has left work behind. Cheap; call this now and then."""
        self._uploads.look()
        is_looking = self._looking is not None and not self._looking.done()
        if self.uses_agent and not is_looking and (self._agent is None or not self._agent.is_listening):
            self._looking = asyncio.create_task(self._look_for_agent())

    async def _look_for_agent(self) -> None:
        if await asyncio.to_thread(_may_have_work):  # reads files
            self._through_agent().listen()

    def pause(self, transfer: Transfer) -> None:
        """Pause a running transfer; another transfer takes its place."""
        if not transfer.is_remote:
            self._program.pause(transfer)
        elif self._queue.pause(transfer):
            self._through_agent().steer_files("pause", [transfer])

    def unpause(self, transfer: Transfer) -> None:
        """Continue a paused transfer from where it stopped."""
        if not transfer.is_remote:
            self._program.unpause(transfer)
        elif self._queue.unpause(transfer):
            self._through_agent().steer_files("go-on", [transfer])

    def cancel(self, transfer: Transfer) -> None:
        """Stop a transfer for good, begun or waiting; the server drops the parts of an upload."""
        if not transfer.is_remote and not transfer.is_handed:
            self._program.cancel(transfer)
        elif self._queue.cancel(transfer):
            self._through_agent().steer_files("cancel", [transfer])

    def steer(self, verb: str, job: TransferJob) -> None:
        """Steer all files of a job: `pause`, `go-on`, `cancel`, `retry`, or `retry-failed` without the cancelled."""
        if job.remote_id is not None:
            self._through_agent().steer(verb, [job])
            return
        for transfer in job.transfers:
            if verb == "pause":
                self.pause(transfer)
            elif verb == "go-on":
                self.unpause(transfer)
            elif verb == "cancel":
                self.cancel(transfer)
            elif verb == "retry" or transfer.state == "failed":
                self._queue.retry(transfer)
        self.pump()

    def pause_all(self, is_paused: bool) -> None:
        """Pause everything, or continue it."""
        self._queue.is_paused = is_paused
        self._program.pause_all(is_paused)
        if self._agent is not None:
            self._agent.steer("pause" if is_paused else "go-on")

    def clear(self) -> None:
        """Forget the transfers that have ended."""
        self._queue.clear_finished()
        if self._agent is not None:
            self._agent.steer("clear")

    def open(self, job: TransferJob) -> None:
        """Read the files of a job that another program asked for."""
        if job.remote_id is not None:
            self._through_agent().open(job)

    @property
    def stops_at_quit(self) -> bool:
        """Whether transfers would stop when the browser ends: those that run in it."""
        return self._program.is_active

    @property
    def rates(self) -> Rates:
        """Return the limits of the rate in bytes per second, up and down; None for no limit."""
        if self._queue.limits is not None:
            return self._queue.limits
        pace = self._storage.engine.pace
        return pace.up.bytes_per_s, pace.down.bytes_per_s

    def limit(self, up: float | None, down: float | None) -> None:
        """Hold all transfers together back to so many bytes per second, at once; None for no limit."""
        self._storage.engine.pace.set(up=up, down=down)
        if self._agent is not None:
            self._queue.limits = (up, down)
            self._agent.limit(up, down)

    async def left(self) -> Unfinished:
        """Return the unfinished work of earlier, ended sessions on this server."""
        return await asyncio.to_thread(Unfinished, self._storage.engine)

    async def stop(self, *, keep: bool = False) -> None:
        """Cancel the transfers of this program and wait until none moves; leave the agent, whose transfers go on.

        With `keep` the next session can continue the begun and the waiting transfers.
        """
        if self._looking is not None:
            self._looking.cancel()
        if self._agent is not None:
            await self._agent.close()
            self._agent = None
        await self._program.stop(keep=keep)

    def _through_agent(self) -> "AgentTransfers":
        if self._agent is None:
            from storage_tui.tui.moving.through_agent import AgentTransfers  # not before the first transfer

            self._agent = AgentTransfers(
                self._storage, self._queue, ended=self._heard, tell=self._say, refused=self._take_back
            )
        return self._agent

    def _take_back(self, transfers: Sequence[Transfer], why: str) -> None:
        """Move transfers here that the agent cannot take, and say so once."""
        if why != self._said_why:
            self._said_why = why
            self._say(f"{why}; the transfers run in this program")
        self.uses_agent = False
        for transfer in transfers:
            transfer.is_handed = False
        self._program.take([row for row in transfers if row.state == "waiting"])

    def _heard(self, ended: Sequence[Transfer]) -> None:
        self._uploads.end(ended)
        for transfer in ended:
            if transfer.state == "failed":
                self._log.error(f"{transfer.direction} of {transfer.key!a} failed: {transfer.error}")
            elif transfer.state == "done" and transfer.direction == "upload":
                self._touch(transfer.storage_type)


def _may_have_work() -> bool:
    from storage_tui.client.agent.place import AgentPlace, may_have_work

    return may_have_work(AgentPlace.here())
