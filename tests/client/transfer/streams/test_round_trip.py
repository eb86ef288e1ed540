"""Whether a server is far away, as a client finds out by a few requests; whatever else the machine does."""

from dataclasses import replace
from pathlib import Path

import pytest

from storage_tui import Storage
from storage_tui.client.access.servers import Access, Endpoint, HandedTokens, RemoteServer
from storage_tui.client.control import TransferControl
from storage_tui.client.http.pace import Pace, StreamRule
from storage_tui.client.http.retry import RetryPolicy
from storage_tui.client.http.session import Session
from storage_tui.client.requests import Request
from storage_tui.client.transfer.streams.round_trip import ASKED, RoundTrip
from storage_tui.machine.secrets import Secret
from tests.faults.proxy import Fault, FaultProxy

NEVER_BUSY = StreamRule(least_idle=0)
ALWAYS_BUSY = StreamRule(least_idle=2)


def link(
    client: Storage, rule: StreamRule, control: TransferControl | None = None, answer_s: float = 30.0
) -> RoundTrip:
    client.engine.pace.rule = rule
    return RoundTrip(client.engine.session, Request("GET"), control or TransferControl(), answer_s)


def test_a_long_link_behind_an_address_of_this_machine_is_long(behind: Storage, proxy: FaultProxy) -> None:
    proxy.default = Fault(delay_s=0.02)
    assert link(behind, NEVER_BUSY).is_long() is True
    assert proxy.connections == 1  # kept for all that were asked


def test_one_early_answer_is_enough(behind: Storage, proxy: FaultProxy) -> None:
    link_of_all = link(behind, replace(ALWAYS_BUSY, long_round_trip_s=30))
    assert link_of_all.is_long() is False
    before = proxy.bytes_up
    assert link_of_all.is_long() is False
    link_of_all = link(behind, replace(ALWAYS_BUSY, long_round_trip_s=30))
    link_of_all.saw(1.0)  # an answer to the transfer itself
    assert link_of_all.is_long() is False
    assert proxy.bytes_up == before > 0


def test_on_a_busy_machine_nobody_can_say(behind: Storage, proxy: FaultProxy) -> None:
    never_early = 1e-9
    assert link(behind, replace(ALWAYS_BUSY, long_round_trip_s=never_early)).is_long() is None
    assert link(behind, replace(NEVER_BUSY, long_round_trip_s=never_early)).is_long() is True
    assert ASKED > 1 and proxy.connections == 1


def test_a_server_that_does_not_answer_leaves_the_question_open(behind: Storage, proxy: FaultProxy) -> None:
    proxy.faults += [Fault(refuse=True), Fault(stall_up=1)]
    assert link(behind, NEVER_BUSY).is_long() is None
    assert link(behind, NEVER_BUSY, answer_s=0.1).is_long() is None
    assert proxy.connections == 2
    stopped = TransferControl()
    stopped.cancel()
    assert link(behind, NEVER_BUSY, stopped).is_long() is None


class OnSocket(RemoteServer):
    """A server whose connections are over a UNIX socket, as those to the own store are; nothing listens there."""

    has_far_bytes = False

    def ready(self) -> Access:
        return Access(Endpoint("http://localhost/storage/v1", Path("/nowhere")), Secret("t"), self.has_far_bytes)


@pytest.mark.parametrize("has_far_bytes", [False, True])
def test_the_own_store_is_near_and_the_server_of_a_bucket_may_be_far(has_far_bytes: bool) -> None:
    server = OnSocket("http://localhost/storage/v1", HandedTokens(None))
    server.has_far_bytes = has_far_bytes
    session = Session(server, RetryPolicy(), 30.0, pace=Pace(StreamRule(long_round_trip_s=0)))
    assert RoundTrip(session, Request("GET"), TransferControl()).is_long() is has_far_bytes
