"""Whether a server is far away: the shortest round trip of a few small requests."""

import math

from storage_tui.client.control import TransferControl
from storage_tui.client.http.pace import StreamRule
from storage_tui.client.http.session import Session
from storage_tui.client.requests import Request
from storage_tui.contract.errors import StorageError
from storage_tui.machine.processors import processor_time

ASKED = 4  # a busy machine makes one answer late often and four rarely; a long link pays for them once a transfer
ANSWER_S = 2.0  # the transfer stands still meanwhile; a satellite needs 0.6 s


class RoundTrip:
    """The shortest round trip between this client and what answers `request`, a small one.

    The time from the end of a request to the head of its answer is measured. So a tunnel or a proxy on this machine
    with a long link behind it counts as a long link; neither its address nor the kernel's figure for the connection
    (TCP_INFO) shows that link. A busy machine makes single answers late and none early: therefore the shortest counts.

    Where both ends are on this machine, and its processors have no time to spare, even the shortest of four may be
    late. Then nothing can be said. Measured on two processors, while a blob came over loopback at full speed: with
    a load of 17 the median was 6 to 8 ms, and the shortest of four was above 10 ms in 2 to 20 of 100; with four
    more busy processes in nine of ten. Whenever it was above, the processors were idle for less than a tenth.
    """

    def __init__(
        self, session: Session, request: Request, control: TransferControl, answer_s: float = ANSWER_S
    ) -> None:
        self._session, self._request, self._control = session, request, control
        self._rule: StreamRule = session.pace.rule
        self._shortest_s = math.inf
        self._answer_s = answer_s

    def saw(self, seconds: float) -> None:
        """Count an answer to the transfer itself."""
        self._shortest_s = min(self._shortest_s, seconds)

    def is_long(self) -> bool | None:
        """Return whether the round trip takes `long_round_trip_s` of the rule or more; None when nobody can say now.

        A UNIX socket ends on this machine, and nothing is asked, unless the server there has its bytes from a bucket or
        from the web: the answer to a request for bytes then tells how far these are. Else requests are sent until an
        answer is early enough, ASKED at most. With a rule of 0 s every link counts as long.
        """
        access = self._session.server.ready()
        if access is not None and access.endpoint.socket is not None and not access.has_far_bytes:
            return False
        long_s = self._rule.long_round_trip_s
        if not long_s:
            return True
        before, is_near, asked = processor_time(), False, 0
        while self._shortest_s >= long_s and asked < ASKED:
            try:
                with self._session.stream(self._request, control=self._control, timeout_s=self._answer_s) as (_, body):
                    self.saw(body.answered_s)
                    is_near = is_near or body.is_near
                    next(iter(body), b"")  # a short body is read to its end, and its connection used again
            except StorageError:
                return None
            asked += 1
        if self._shortest_s < long_s:
            return False
        after = processor_time()
        if is_near and before is not None and after is not None:
            return True if after.idle_share_since(before) >= self._rule.least_idle else None
        return True
