"""All transfers that earlier processes left unfinished with one server, for the programs that continue them."""

from types import TracebackType
from typing import Self

from storage_tui.client.transfer.engine import TransferEngine
from storage_tui.client.transfer.queue_file import not_begun, not_queued, queued_by_agents
from storage_tui.client.transfer.records import UnfinishedTransfer
from storage_tui.machine import directories


class Unfinished:
    """The transfers that have `begun`, oldest first, and those still `waiting`, in their order. Each is listed once.

    The waiting transfers are held for this process until `take` or `release`, or the end of a `with` block. The
    constructor reads files, and the token where it must be read; where nothing may block, call it in a thread. The
    transfers of a transfer agent are not among them: the agent continues them by itself.
    """

    def __init__(self, engine: TransferEngine) -> None:
        self._engine = engine
        account = engine.account()
        self.begun: list[UnfinishedTransfer] = engine.unfinished()
        if self.begun:
            self.begun = not_queued(self.begun, queued_by_agents(directories.state_dir(), account))
        self._left = engine.journal.left_waiting(account)
        self.waiting = not_begun(self._left.items, self.begun)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.release()

    @property
    def rows(self) -> list[UnfinishedTransfer]:
        """Return all transfers, in the order in which they are continued."""
        return [*self.begun, *self.waiting]

    def take(self) -> None:
        """Drop the waiting transfers here: another list keeps them now, or they are given up."""
        self._left.take()

    def release(self) -> None:
        """Leave the waiting transfers to a later process."""
        self._left.release()
