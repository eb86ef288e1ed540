"""What one address and one user may have at once, and whose address counts behind a proxy."""

import socket
from contextlib import AsyncExitStack, ExitStack, closing
from dataclasses import replace
from ipaddress import ip_address
from pathlib import Path

import pytest

from storage_tui.contract.errors import BadRequestError, RateLimitError
from storage_tui.server.app import RequestBounds
from storage_tui.server.limits.addresses import MOST_HOPS, TrustedProxies, site_of
from storage_tui.server.limits.clients import UNLIMITED, ClientBounds, Clients
from storage_tui.server.limits.crowding import Crowding, peer_of
from storage_tui.server.run.listener import ListenerBounds
from storage_tui.server.run.operating import Operating
from storage_tui.server.run.serve import Bounds
from tests.server.limits.test_crowding import connect, is_open
from tests.server.running import RunningServer, put_head, read_answer, running_server

PROXIES = TrustedProxies.parse(["10.0.0.0/8", "fd00::1"])


@pytest.mark.parametrize(
    ("peer", "forwarded", "client"),
    [
        ("203.0.113.9", "198.51.100.1", "203.0.113.9"),  # no proxy of ours: anybody can write this
        ("10.0.0.1", None, "10.0.0.1"),
        ("10.0.0.1", "", "10.0.0.1"),
        ("10.0.0.1", "198.51.100.1", "198.51.100.1"),
        ("10.0.0.1", "1.2.3.4, 198.51.100.1", "198.51.100.1"),  # what the client itself has written is left of it
        ("10.0.0.1", "198.51.100.1, 10.0.0.2", "198.51.100.1"),
        ("10.0.0.1", "10.0.0.3, 10.0.0.2", "10.0.0.3"),
        ("10.0.0.1", "198.51.100.1:4711", "198.51.100.1"),
        ("10.0.0.1", '"[2001:db8::7]:4711"', "2001:db8::7"),
        ("10.0.0.1", "2001:db8::7", "2001:db8::7"),
        ("10.0.0.1", "198.51.100.1, nonsense, 10.0.0.2", "10.0.0.2"),
        ("10.0.0.1", "198.51.100.1, , 10.0.0.2", "10.0.0.2"),
        ("10.0.0.1", "\x1b[31m", "10.0.0.1"),
        ("::ffff:10.0.0.1", "198.51.100.1", "198.51.100.1"),
        ("fd00::1", "198.51.100.1", "198.51.100.1"),
        ("fd00::2", "198.51.100.1", "fd00::2"),
        ("10.0.0.1", ", ".join(["198.51.100.1"] + ["10.0.0.2"] * MOST_HOPS), "10.0.0.2"),
    ],
)
def test_a_forwarded_address_counts_as_far_as_trusted_proxies_passed_it_on(
    peer: str, forwarded: str | None, client: str
) -> None:
    assert PROXIES.client_of(ip_address(peer), forwarded) == ip_address(client)


def test_without_a_trusted_proxy_the_peer_is_the_client() -> None:
    assert TrustedProxies().client_of(ip_address("127.0.0.1"), "198.51.100.1") == ip_address("127.0.0.1")


@pytest.mark.parametrize("name", ["", "proxy.example", "10.0.0.0/33", "300.1.1.1"])
def test_a_proxy_is_named_by_its_address(name: str) -> None:
    with pytest.raises(BadRequestError, match="a trusted proxy is an address or a network"):
        TrustedProxies.parse([name])


def test_whoever_has_a_site_of_ipv6_is_one_client() -> None:
    sites = [site_of(ip_address(text)) for text in ("2001:db8::1", "2001:db8::ffff:1", "2001:db8:0:1::1")]
    assert (sites[0] == sites[1], sites[0] == sites[2]) == (True, False)
    assert site_of(ip_address("::ffff:192.0.2.1")) == "192.0.2.1"


def test_the_bounds_leave_places_to_others_and_the_operator_may_choose() -> None:
    usual = ClientBounds.of(640)
    assert (usual.address_connections, usual.address_requests, usual.user_requests) == (576, 576, 512)
    assert ClientBounds.of(640, per_address=20).address_bodies == 20
    assert ClientBounds.of(640, per_address=0).address_requests is None
    assert ClientBounds.of(1).user_bodies == 1


async def test_an_address_and_a_user_are_refused_past_their_bounds_and_no_others() -> None:
    clients = Clients(ClientBounds(address_requests=3, address_bodies=1, user_requests=2, user_bodies=1))
    async with AsyncExitStack() as stack:
        clients.admit_address("a", stack, has_body=True)
        with pytest.raises(RateLimitError, match="your address has 1 upload under way"):
            clients.admit_address("a", stack, has_body=True)
        clients.admit_address("b", stack, has_body=True)
        clients.admit_user("ann", stack, has_body=False)
        with pytest.raises(RateLimitError, match="you have 1 request under way") as refused:
            clients.admit_user("ann", stack, has_body=False, most=1)
        assert refused.value.retry_after_s
        clients.admit_user("ann", stack, has_body=True)
        clients.admit_user("bob", stack, has_body=True)
    assert not clients._counts
    async with AsyncExitStack() as stack:
        for _ in range(1000):
            Clients(UNLIMITED).admit_address("a", stack, has_body=True)


def half_upload(server: RunningServer, stack: ExitStack, name: str, address: str, *headers: str) -> socket.socket:
    """A connection whose upload has begun and does not end."""
    with server.client(name) as client:
        url = client.get("/data/new_resumable_url/k").text
    connection = stack.enter_context(connect(server, address))
    connection.sendall(put_head(url, "Content-Length: 10", *headers) + b"12345")
    return connection


def status_of(server: RunningServer, name: str, address: str, *headers: str) -> int:
    lines = ["GET /storage/v1/data/list HTTP/1.1", "Host: x", f"Authorization: Bearer {server.token(name)}", *headers]
    with connect(server, address) as connection:
        connection.sendall("\r\n".join([*lines, "", ""]).encode())
        return read_answer(connection)[0]


def test_one_address_and_one_user_leave_a_server_to_the_others(tmp_path: Path) -> None:
    most = ClientBounds(address_requests=3, user_requests=2)
    bounds = Bounds(requests=RequestBounds(clients=most))
    with running_server(tmp_path / "store", bounds=bounds) as server, ExitStack() as stack:
        for name, address in (("ann", "127.0.0.2"), ("ann", "127.0.0.3"), ("bob", "127.0.0.2"), ("carl", "127.0.0.2")):
            half_upload(server, stack, name, address)
        while status_of(server, "ann", "127.0.0.4") != 429:  # until those uploads have arrived
            pass
        while status_of(server, "dora", "127.0.0.2") != 429:
            pass
        assert status_of(server, "dora", "127.0.0.2", "X-Forwarded-For: 127.0.0.9") == 429, "nobody is trusted"
        assert status_of(server, "bob", "127.0.0.4") == status_of(server, "dora", "127.0.0.3") == 200


def test_the_connections_of_an_address_are_bounded_but_not_those_of_a_trusted_proxy() -> None:
    with ExitStack() as opened:
        listening = opened.enter_context(socket.create_server(("127.0.0.1", 0)))

        def join(count: int, address: str) -> list[socket.socket]:
            place, clients = listening.getsockname(), []
            for _ in range(count):
                clients.append(opened.enter_context(socket.create_connection(place, 30, source_address=(address, 0))))
                opened.enter_context(closing(listening.accept()[0]))
            return clients

        many, few, proxied = join(9, "127.0.0.2"), join(3, "127.0.0.3"), join(9, "127.0.0.4")
        proxies = TrustedProxies.parse(["127.0.0.4"])
        crowding = Crowding(listening, list, most=1000, most_of_address=5, proxies=proxies)
        at_work = {peer for client in many[:7] if (peer := peer_of(client.getsockname())) is not None}
        assert crowding.bound_addresses(at_work) == 2, "those at work stay"
        assert sum(map(is_open, many)) == 7
        assert all(map(is_open, [*many[:7], *few, *proxied]))
        assert Crowding(listening, list, most=1000).bound_addresses(()) == 0


def test_a_server_closes_the_idle_connections_of_an_address_that_has_too_many(tmp_path: Path) -> None:
    patient = ListenerBounds(header_read_ms=600_000)
    bounds = Bounds(listener=patient, requests=RequestBounds(clients=ClientBounds(address_connections=5)))
    with running_server(tmp_path / "store", bounds=bounds) as server, ExitStack() as stack:
        crowd = [stack.enter_context(connect(server, "127.0.0.2")) for _ in range(40)]
        friend = stack.enter_context(connect(server, "127.0.0.3"))
        while sum(map(is_open, crowd)) > 5:
            pass
        assert is_open(friend)
        assert status_of(server, "ann", "127.0.0.2") == 200


def test_a_listener_has_bounds_without_being_told_and_a_choice_of_the_operator_is_kept() -> None:
    assert Bounds().requests.clients == UNLIMITED, "the embedded server, whose socket has no addresses"
    assert replace(Operating(), per_address=7).per_address == 7
