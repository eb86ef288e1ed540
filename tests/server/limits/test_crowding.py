"""Connections without a token, more than the listener takes: they keep nobody out."""

import os
import socket
import struct
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

from storage_tui.server.app import RequestBounds
from storage_tui.server.http.body import BodyBounds
from storage_tui.server.limits.crowding import Crowding, peer_of
from storage_tui.server.run.listener import ListenerBounds
from storage_tui.server.run.serve import Bounds
from tests.server.preludes import few_files
from tests.server.running import RunningServer, put_head, read_answer, running_server

PLACES, OLDER = 32, 8
TCP_LAST_DATA_RECV = struct.Struct("=52xI")  # milliseconds, in the struct tcp_info of Linux
# The listener would close idle connections by itself, so late that only what is tested here can have done it.
PATIENT = ListenerBounds(header_read_ms=600_000)
PATIENT_REQUESTS = RequestBounds(body=BodyBounds(idle_s=600.0, linger_s=600.0))
LARGE = Bounds(listener=PATIENT, requests=PATIENT_REQUESTS)
SMALL = Bounds(listener=replace(PATIENT, connections=PLACES, spare=0), requests=PATIENT_REQUESTS)


def connect(server: RunningServer, address: str = "127.0.0.1") -> socket.socket:
    connection = socket.create_connection(("127.0.0.1", server.port), 30, source_address=(address, 0))
    connection.settimeout(30)
    return connection


def ask(connection: socket.socket, server: RunningServer, path: str = "/data/list") -> int:
    head = f"GET /storage/v1{path} HTTP/1.1\r\nHost: x\r\nAuthorization: {server.token()}\r\n\r\n"
    connection.sendall(head.encode())
    return read_answer(connection)[0]


def wait_until_idle(connection: socket.socket) -> None:
    """Until the clock of the kernel tells it from connections to come."""
    while TCP_LAST_DATA_RECV.unpack(connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 56))[0] < 50:
        os.sched_yield()


def is_open(connection: socket.socket) -> bool:
    connection.setblocking(False)
    try:
        return connection.recv(1) != b""
    except BlockingIOError:
        return True
    except OSError:
        return False


def test_a_crowd_keeps_out_neither_new_connections_nor_those_at_work(tmp_path: Path) -> None:
    with running_server(tmp_path / "store", bounds=SMALL) as server, ExitStack() as stack:
        friend = stack.enter_context(connect(server))
        assert ask(friend, server) == 200  # idle before all the others
        uploading = stack.enter_context(connect(server, "127.0.0.2"))
        with server.client() as ann:
            url = ann.get("/data/new_resumable_url/k").text
        uploading.sendall(put_head(url, "Content-Length: 10") + b"12345")
        crowd = [stack.enter_context(connect(server, "127.0.0.2")) for _ in range(PLACES - 2)]
        for _ in range(4):
            assert ask(stack.enter_context(connect(server)), server) == 200
        assert ask(friend, server) == 200
        uploading.sendall(b"67890")
        assert read_answer(uploading)[0] == 200
        assert not all(map(is_open, crowd))


def test_the_longest_idle_connections_of_the_most_crowded_address_make_room_first() -> None:
    with ExitStack() as opened:
        listening = opened.enter_context(socket.create_server(("127.0.0.1", 0)))

        def join(count: int, address: str) -> list[socket.socket]:
            """The clients' ends of new connections, which the listener has taken."""
            clients = []
            for _ in range(count):
                place = listening.getsockname()
                clients.append(opened.enter_context(socket.create_connection(place, 30, source_address=(address, 0))))
                opened.enter_context(listening.accept()[0])
            return clients

        friend, *busy = join(1, "127.0.0.1") + join(2, "127.0.0.2")  # idle before all the others
        older = join(OLDER, "127.0.0.2")
        wait_until_idle(older[-1])
        younger = join(OLDER, "127.0.0.2")
        crowding = Crowding(listening, list, most=3 + 2 * OLDER)
        at_work = {peer for client in busy if (peer := peer_of(client.getsockname())) is not None}
        assert crowding.make_room(OLDER - 1, at_work) == OLDER - 1
        assert sum(map(is_open, older)) == 1
        assert all(map(is_open, [friend, *busy, *younger]))


def test_bodies_that_no_token_stands_behind_make_room_too(tmp_path: Path) -> None:
    with running_server(tmp_path / "store", bounds=SMALL) as server, ExitStack() as stack:
        for path in ("token", "data/set/k"):
            for _ in range(PLACES):
                body = f"POST /storage/v1/{path} HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n{{"
                stack.enter_context(connect(server, "127.0.0.2")).sendall(body.encode())
        assert ask(stack.enter_context(connect(server)), server) == 200


def test_connections_leave_files_to_those_that_need_them(tmp_path: Path) -> None:
    with running_server(tmp_path / "store", bounds=LARGE, prelude=few_files) as server, ExitStack() as stack:
        crowd = [stack.enter_context(connect(server, "127.0.0.2")) for _ in range(300)]
        with server.client() as ann:
            assert ann.put("/data/set/k", content=b"v" * 300_000).status_code == 200
            assert len(ann.get("/data/get/k").content) == 300_000
        assert is_open(crowd[-1])
        assert server.log_text() == ""


def test_nobody_is_closed_for_connections_that_wait_for_a_busy_server() -> None:
    with ExitStack() as opened:
        listening = opened.enter_context(socket.create_server(("127.0.0.1", 0), backlog=8))
        address = listening.getsockname()
        clients = [opened.enter_context(socket.create_connection(address, 30)) for _ in range(5)]
        taken = [opened.enter_context(listening.accept()[0]) for _ in range(3)]
        assert Crowding(listening, list, most=10).waiting() == 2
        assert Crowding(listening, list, most=10).make_room(2, []) == 0
        assert Crowding(listening, list, most=len(taken)).make_room(2, []) == 2
        assert sum(not is_open(client) for client in clients) == 2
