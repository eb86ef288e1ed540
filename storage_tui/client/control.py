"""The handle of one transfer: what it has done, and pause, unpause and cancel from any thread."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Literal

from storage_tui.contract.errors import CancelledError

Phase = Literal["waiting", "starting", "moving", "finishing", "verified", "unverified"]


class TransferControl:
    """Given to `set_file` or `get_file`, shows the progress of the transfer and steers it; safe from every thread.

    Read the attributes as often as you like (four to ten times a second is enough for a display): nothing is called
    back. `pause` lets go of the connection at once and keeps what was moved; `cancel` ends the transfer with
    CancelledError wherever it is, in the middle of a blocked read too.
    """

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._aborts: set[Callable[[], None]] = set()
        self._is_paused = False
        self._is_cancelled = False
        self._keeps = False
        self.done_bytes: int = 0
        self.total_bytes: int | None = None
        self.phase: Phase = "waiting"
        self.note: str = ""

    @property
    def is_paused(self) -> bool:
        """True between `pause` and `unpause`."""
        return self._is_paused

    @property
    def is_cancelled(self) -> bool:
        """True once `cancel` was called; there is no way back."""
        return self._is_cancelled

    @property
    def keeps_part(self) -> bool:
        """True when the cancelled download is to be gone on with later."""
        return self._keeps

    def pause(self) -> None:
        """Stop moving bytes until `unpause`."""
        with self._changed:
            self._is_paused = True
            self._abort()

    def unpause(self) -> None:
        """Go on after `pause`."""
        with self._changed:
            self._is_paused = False
            self._changed.notify_all()

    def cancel(self, *, keep: bool = False) -> None:
        """End the transfer now. `keep` leaves what a download has received for a later `get_file` to go on with; of
        several calls the first decides it."""
        with self._changed:
            self._keeps = self._keeps if self._is_cancelled else keep
            self._is_cancelled = True
            self._changed.notify_all()
            self._abort()

    # What follows is for the engine.

    def check(self) -> None:
        """Raise CancelledError once the transfer is cancelled."""
        if self._is_cancelled:
            raise CancelledError("the transfer was cancelled")

    def wait_while_paused(self) -> None:
        """Block until the transfer is neither paused nor cancelled; raises CancelledError when it is cancelled."""
        with self._changed:
            self._changed.wait_for(lambda: self._is_cancelled or not self._is_paused)
        self.check()

    def sleep(self, seconds: float) -> None:
        """Wait that long before another try, or until the transfer is cancelled, which raises CancelledError."""
        with self._changed:
            self._changed.wait_for(lambda: self._is_cancelled, timeout=seconds)
        self.check()

    @contextmanager
    def aborting(self, abort: Callable[[], None]) -> Iterator[None]:
        """Within the block `pause` and `cancel` call `abort`, which breaks a blocked read or write."""
        with self._changed:
            self._aborts.add(abort)
        try:
            yield
        finally:
            with self._changed:
                self._aborts.discard(abort)

    def _abort(self) -> None:
        for abort in tuple(self._aborts):
            with suppress(OSError):
                abort()
