"""The handle of one transfer: its progress, and pause, unpause and cancel from any thread."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Literal

from storage_tui.contract.errors import CancelledError

Phase = Literal["waiting", "starting", "moving", "finishing", "verified", "unverified"]


class TransferControl:
    """Shows the progress of one transfer and steers it. Pass it to `set_file` or `get_file`; use it from any thread.

    Attributes: `done_bytes`; `total_bytes`, None until known; `phase`, `verified` or `unverified` (without a checksum
    of the server) at the end; `note`, a remark such as `resumed at 1000 bytes`; `waits_for`, the reason while the
    transfer waits for a server that is away, else empty. Read them as often as you like; four to ten times a second is
    enough for a display. There are no callbacks. `pause` drops the connection at once and
    keeps the moved bytes. `cancel` ends the transfer with CancelledError at any point, also during a blocked read.
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
        self.waits_for: str = ""
        self.stalled_since: float | None = None  # the engine's own: the first failure after the last progress

    @property
    def is_paused(self) -> bool:
        """Return whether `pause` was called and `unpause` not yet."""
        return self._is_paused

    @property
    def is_cancelled(self) -> bool:
        """Return whether `cancel` was called; a cancelled transfer stays cancelled."""
        return self._is_cancelled

    @property
    def keeps_part(self) -> bool:
        """Return whether the moved bytes of the cancelled transfer are kept, to continue it later."""
        return self._keeps

    def pause(self) -> None:
        """Stop moving bytes until `unpause`."""
        with self._changed:
            self._is_paused = True
            self._abort()

    def unpause(self) -> None:
        """Continue after `pause`."""
        with self._changed:
            self._is_paused = False
            self._changed.notify_all()

    def cancel(self, *, keep: bool = False) -> None:
        """End the transfer now with CancelledError.

        With `keep` the moved bytes of a large file stay, and a later `get_file` or `set_file` continues from them. Of
        several calls, the first decides about `keep`.
        """
        with self._changed:
            self._keeps = self._keeps if self._is_cancelled else keep
            self._is_cancelled = True
            self._changed.notify_all()
            self._abort()

    # The engine calls the methods below.

    def check(self) -> None:
        """Raise CancelledError once the transfer is cancelled."""
        if self._is_cancelled:
            raise CancelledError("the transfer was cancelled")

    def wait_while_paused(self) -> None:
        """Block until the transfer is no longer paused; raise CancelledError once the transfer is cancelled."""
        with self._changed:
            self._changed.wait_for(lambda: self._is_cancelled or not self._is_paused)
        self.check()

    def sleep(self, seconds: float) -> None:
        """Wait so many seconds before another try; raise CancelledError once the transfer is cancelled."""
        with self._changed:
            self._changed.wait_for(lambda: self._is_cancelled, timeout=seconds)
        self.check()

    @contextmanager
    def aborting(self, abort: Callable[[], None]) -> Iterator[None]:
        """Have `pause` and `cancel` call `abort`, which breaks a blocked read or write, while the block runs."""
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


class StreamControl(TransferControl):
    """The handle of one of several streams of a transfer: stopped by itself with `stop`, else with the transfer.

    Pause and cancel of the transfer reach every stream. A stopped stream raises CancelledError.
    """

    def __init__(self, whole: TransferControl) -> None:
        self._whole: TransferControl | None = None
        super().__init__()
        self._whole = whole
        self._changed = whole._changed

    @property
    def stalled_since(self) -> float | None:
        """The first failure after the last progress of any stream."""
        return None if self._whole is None else self._whole.stalled_since

    @stalled_since.setter
    def stalled_since(self, since: float | None) -> None:
        if self._whole is not None:
            self._whole.stalled_since = since

    @property
    def waits_for(self) -> str:
        """The reason for which the transfer waits."""
        return "" if self._whole is None else self._whole.waits_for

    @waits_for.setter
    def waits_for(self, reason: str) -> None:
        if self._whole is not None:
            self._whole.waits_for = reason

    @property
    def is_paused(self) -> bool:
        """Return whether the transfer is paused; a stopped stream is not, so that it ends."""
        return self._whole is not None and self._whole.is_paused and not self._is_cancelled

    @property
    def is_cancelled(self) -> bool:
        """Return whether the stream was stopped, or the transfer cancelled."""
        return self._is_cancelled or (self._whole is not None and self._whole.is_cancelled)

    def stop(self) -> None:
        """End this stream at once, also during a blocked read; the transfer goes on."""
        self.cancel()

    def check(self) -> None:
        """Raise CancelledError once the stream is stopped or the transfer cancelled."""
        if self.is_cancelled:
            raise CancelledError("the transfer was cancelled")

    def wait_while_paused(self) -> None:
        """Block until the transfer is no longer paused; raise as `check`."""
        with self._changed:
            self._changed.wait_for(lambda: self.is_cancelled or not self.is_paused)
        self.check()

    def sleep(self, seconds: float) -> None:
        """Wait so many seconds before another try; raise as `check`."""
        with self._changed:
            self._changed.wait_for(lambda: self.is_cancelled, timeout=seconds)
        self.check()

    @contextmanager
    def aborting(self, abort: Callable[[], None]) -> Iterator[None]:
        """Have a stop of the stream, and pause and cancel of the transfer, call `abort` while the block runs."""
        assert self._whole is not None
        with super().aborting(abort), self._whole.aborting(abort):
            yield
