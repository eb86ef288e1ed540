"""The batch that moves the files of one server and account, and the secret that it may have to wait for."""

import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial

from storage_tui.client.agent import stores
from storage_tui.client.agent.handed import Fields, Handed
from storage_tui.client.batch.plan import BatchItem
from storage_tui.client.batch.results import BatchResult
from storage_tui.client.batch.scheduler import Batch
from storage_tui.client.control import TransferControl
from storage_tui.client.transfer.conflict import Conflict
from storage_tui.client.transfer.engine import TransferEngine
from storage_tui.contract.errors import StorageError

Begun = Callable[["Lane", Sequence[tuple[int, TransferControl]]], None]
Ended = Callable[["Lane", Sequence[tuple[int, BatchResult]]], None]
Stopped = Callable[["Lane", BaseException | None], None]


class Lane:
    """A batch without an end, run in a thread of its own. A defect ends the batch, which `on_stop` hears."""

    def __init__(
        self, account: str, fields: Fields, engine: TransferEngine, handed: Handed | None, *,
        on_begin: Begun, on_end: Ended, on_stop: Stopped,
    ) -> None:  # fmt: skip
        self.account, self.fields = account, stores.for_journal(fields)
        self.engine, self._handed = engine, handed
        self.rows: dict[int, object] = {}  # the book's, by the numbers of the batch
        self._on_stop = on_stop
        self._is_closed = False
        self._batch = Batch(
            engine, conflict=Conflict.OVERWRITE, on_begin=partial(on_begin, self), on_end=partial(on_end, self)
        )
        self._thread = threading.Thread(target=self._run, name="storage-tui-lane", daemon=True)
        self._thread.start()

    @property
    def server(self) -> str:
        """The name of the server for people."""
        return self.engine.display_url

    @property
    def holds_for(self) -> str:
        """The reason why nothing can move yet; empty in general."""
        return "" if self._handed is None else self._handed.holds_for()

    def is_for_a_secret(self, error: StorageError | None) -> bool:
        """Return whether a transfer with this error can go on once somebody hands over another secret."""
        return self._handed is not None and self._handed.is_for_another(error)

    def give(self, fields: Fields) -> None:
        """Use the secret in these fields from now on, where secrets are handed over."""
        if self._handed is not None:
            self._handed.give(fields)

    def reopened(self) -> Fields:
        """Return the fields for another lane like this one; they may hold the secret."""
        return self.fields if self._handed is None else {**self.fields, **self._handed.reveal()}

    def add(self, items: Sequence[BatchItem], total_bytes: int) -> range:
        """Move these items too; return their numbers. Raise ValueError once the batch has ended."""
        return self._batch.add(items, total_bytes=total_bytes)

    def pause(self, number: int | None = None) -> None:
        """Pause one item, or all."""
        self._batch.pause(number)

    def unpause(self, number: int | None = None) -> None:
        """Continue one item, or all."""
        self._batch.unpause(number)

    def cancel(self, number: int) -> None:
        """End an item."""
        self._batch.cancel(number)

    def forget_part(self, item: BatchItem) -> None:
        """Delete what an earlier process has moved of an item that never began here; blocks, and never fails."""
        same = (item.direction, item.storage_type, item.key, str(item.path))
        with suppress(StorageError, OSError):
            for row in self.engine.unfinished():
                if (row.direction, row.storage_type, row.key, row.path) == same:
                    self.engine.forget(row)
        if self._is_closed:
            self.engine.close()

    def close(self, *, keep: bool) -> None:
        """End the batch, and wait until nothing moves; with `keep` another process can continue all of it."""
        self._batch.leave_waiting()
        self._batch.cancel(keep=keep)
        self._thread.join()
        self._is_closed = True
        self.engine.close()

    def _run(self) -> None:
        cause: BaseException | None = None
        try:
            self._batch.run()
        except BaseException as exc:
            cause = exc
        self._on_stop(self, cause)
