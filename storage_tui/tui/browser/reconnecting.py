"""The way back to a server that is away: the open place is read again by itself, less and less often."""

import random
from collections.abc import Callable
from time import monotonic

from storage_tui.client.http.retry import AWAY, FIRST_WAIT_S, LONGEST_WAIT_S
from storage_tui.contract.errors import CredentialsError, UnauthorizedError
from storage_tui.tui.browser.reader import PlaceReader
from storage_tui.tui.desk import Desk

SIGNED_OUT = (CredentialsError, UnauthorizedError)  # until there is a new token in the token file


class Reconnecting:
    """Watches the last reading of the place, and the waits of the transfers. `again` reads the place again; `back` is
    called when the server answers again."""

    def __init__(self, desk: Desk, reader: PlaceReader, *, again: Callable[[], None], back: Callable[[], None]) -> None:
        self._desk = desk
        self._reader = reader
        self._again = again
        self._back = back
        self._seen: Exception | None = None
        self._tries = 0
        self._next_try = 0.0

    @property
    def remedy(self) -> str:
        """Return what happens next, and what the user can do, as a sentence."""
        again = self.words
        return f"{again[:1].upper()}{again[1:]}; R tries now." if again else "R tries again."

    @property
    def words(self) -> str:
        """The state and the time of the next try; empty while the server answers."""
        failure = self._seen
        if failure is None:
            waiting = self._desk.storage.engine.outage.waiting  # of a transfer: lists may still be shown from memory
            return "" if waiting is None else _words("offline", waiting.next_try_s)
        if self._reader.is_reading:
            return "offline · trying" if isinstance(failure, AWAY) else "signed out · trying"
        return _words("offline" if isinstance(failure, AWAY) else "signed out", self._next_try - monotonic())

    def tick(self) -> None:
        """Look at the last reading; read the place again when it is time."""
        if self._reader.is_reading:
            return
        failure = self._reader.failure
        if not isinstance(failure, AWAY + SIGNED_OUT):
            was_away, self._seen, self._tries = self._seen is not None, None, 0
            if was_away and failure is None:
                self._back()
            return
        if failure is not self._seen:
            self._seen = failure
            self._tries += 1
            ceiling = min(FIRST_WAIT_S * 2.0 ** (self._tries - 1), LONGEST_WAIT_S)
            self._next_try = monotonic() + random.uniform(ceiling / 2, ceiling)
        elif monotonic() >= self._next_try:
            self._again()


def _words(state: str, left_s: float) -> str:
    return f"{state} · next try in {max(1, round(left_s))} s"
