"""All that earlier processes left to do with one server: the one reader of the journal for people who go on with it."""

from types import TracebackType
from typing import Self

from storage_tui.client.transfer.engine import TransferEngine
from storage_tui.client.transfer.queue_file import not_begun
from storage_tui.client.transfer.records import UnfinishedTransfer


class Unfinished:
    """The transfers that were `begun`, oldest first, and those still `waiting` in their order, each once.

    What waits is held for this process until `take` or `release`, or the end of a `with` block. Reads files, and the
    token where it must be read; call it in a thread where nothing may block.
    """

    def __init__(self, engine: TransferEngine) -> None:
        self._engine = engine
        self.begun: list[UnfinishedTransfer] = engine.unfinished()
        self._left = engine.journal.left_waiting(engine.account())
        self.waiting = not_begun(self._left.items, self.begun)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.release()

    @property
    def rows(self) -> list[UnfinishedTransfer]:
        """All of them, in the order in which they are gone on with."""
        return [*self.begun, *self.waiting]

    def take(self) -> None:
        """What waited is kept elsewhere now, or given up: drop it here."""
        self._left.take()

    def release(self) -> None:
        """Leave what waits to a later process."""
        self._left.release()
