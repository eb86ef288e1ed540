"""The least rate of a body in either direction: drops that beat the idle deadline do not hold a request for ever."""

RATE_WINDOW_S = 60.0  # of waiting for the other side, in which …
RATE_WINDOW_BYTES = 60 * 1024  # … so much must move


class Pace:
    """How fast the other side of one body is. Time in which we made it wait is not counted."""

    def __init__(self) -> None:
        self._waited_s = 0.0
        self._moved_bytes = 0

    def is_too_slow(self, waited_s: float, moved_bytes: int) -> bool:
        """Note a piece and how long it was waited for; True when less than RATE_WINDOW_BYTES moved in a window."""
        self._waited_s += waited_s
        self._moved_bytes += moved_bytes
        if self._waited_s < RATE_WINDOW_S:
            return False
        is_slow = self._moved_bytes < RATE_WINDOW_BYTES
        self._waited_s, self._moved_bytes = 0.0, 0
        return is_slow
