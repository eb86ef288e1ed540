"""The least rate of a body in either direction: a trickle that meets the idle deadline cannot hold a request for
ever."""

RATE_WINDOW_S = 60.0  # of waiting for the other side; in this time …
RATE_WINDOW_BYTES = 60 * 1024  # … at least so much must move


class Pace:
    """The speed of the other side of one body. Time in which that side waited for us is not counted."""

    def __init__(self) -> None:
        self._waited_s = 0.0
        self._moved_bytes = 0

    def is_too_slow(self, waited_s: float, moved_bytes: int) -> bool:
        """Add a piece and the time waited for it; return True when less than RATE_WINDOW_BYTES moved in a window."""
        self._waited_s += waited_s
        self._moved_bytes += moved_bytes
        if self._waited_s < RATE_WINDOW_S:
            return False
        is_slow = self._moved_bytes < RATE_WINDOW_BYTES
        self._waited_s, self._moved_bytes = 0.0, 0
        return is_slow
