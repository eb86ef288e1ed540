"""The threads that work on one transfer, and how they end together."""

import threading
from collections.abc import Callable
from types import TracebackType
from typing import Self

from storage_tui.client.control import StreamControl, TransferControl
from storage_tui.client.transfer.streams.widening import Widening
from storage_tui.contract.errors import CancelledError


class Team:
    """The further streams of a transfer, each in a thread that runs `work` with a control of its own.

    The thread that enters the block is a stream too, with the control `own`. The first error of any stream ends all;
    the block raises this error after the last thread has ended.
    """

    def __init__(
        self, control: TransferControl, widening: Widening, work: Callable[[StreamControl], None],
        own: StreamControl | None = None,
    ) -> None:  # fmt: skip
        self._control, self._widening, self._work = control, widening, work
        self.own = own or StreamControl(control)
        self._lock = threading.Lock()
        self._running: dict[threading.Thread, StreamControl] = {}
        self._ended: list[threading.Thread] = []
        self._error: BaseException | None = None
        self._is_over = False

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is not None:
            self._stop()
        while self._running or self._ended:
            with self._lock:
                threads = [*self._running, *self._ended]
                self._ended = []
            for thread in threads:
                thread.join()
        if self._error is not None and (error is None or isinstance(error, CancelledError)):
            self._control.check()
            raise self._error

    def have_ended(self) -> bool:
        """Wait until all further streams have ended; return whether none of them had an error."""
        while True:
            with self._lock:  # a stream too many gives back its piece after it has left
                threads = [thread for thread in (*self._running, *self._ended) if thread.is_alive()]
            if not threads:
                return self._error is None
            for thread in threads:
                thread.join()

    def moved(self, count: int, waited_s: float, left_bytes: int) -> None:
        """Report what a stream has moved; open further streams when the rule says so."""
        self._widening.note(count, waited_s)
        with self._lock:
            wanted = 0 if self._is_over else self._widening.wanted(left_bytes)
            while len(self._running) < wanted - 1:
                control = StreamControl(self._control)
                thread = threading.Thread(target=self._run, args=(control,), name="storage-tui-stream", daemon=True)
                self._running[thread] = control
                thread.start()

    def is_surplus(self) -> bool:
        """Return whether the stream of this thread should end, as there are more than the rule says."""
        with self._lock:
            thread = threading.current_thread()
            if thread not in self._running or len(self._running) < self._widening.streams:
                return False
            self._ended.append(thread)
            del self._running[thread]
            return True

    def _run(self, control: StreamControl) -> None:
        try:
            self._work(control)
        except BaseException as exc:
            with self._lock:
                self._error = self._error or (None if control.is_cancelled and self._is_over else exc)
            self._stop()
        finally:
            with self._lock:
                thread = threading.current_thread()
                if self._running.pop(thread, None) is not None:
                    self._ended.append(thread)

    def _stop(self) -> None:
        with self._lock:
            self._is_over = True
            controls = [self.own, *self._running.values()]
        for control in controls:
            control.stop()
