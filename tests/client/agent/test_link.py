"""Finding and starting the one agent of a user, and what is in the way of that."""

import fcntl
import json
import os
import signal
import socket
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from storage_tui.client.agent import link as links
from storage_tui.client.agent.frames import PROTOCOL, AgentError, AgentLostError, Frames
from storage_tui.client.agent.link import AgentLink
from storage_tui.client.agent.place import AgentPlace, may_have_work
from storage_tui.machine import interpreters
from storage_tui.machine.private_files import make_private_dir, write_private
from tests.agents import kill, pid_of
from tests.waits import wait_until


def test_the_first_program_starts_the_agent_and_the_others_join_it(place: AgentPlace) -> None:
    assert AgentLink.join(place) is None and not may_have_work(place)
    with AgentLink.open(place) as first, AgentLink.open(place) as second:
        assert first.pid == second.pid == pid_of(place) != os.getpid()
        assert may_have_work(place)
        stat = Path(f"/proc/{first.pid}/stat")
        if stat.exists():
            words = stat.read_text().rpartition(")")[2].split()
            assert int(words[3]) == first.pid and words[4] == "0", "a session of its own, without a terminal"
            assert Path(f"/proc/{first.pid}/cwd").resolve() == Path("/")
            assert b"-I" in Path(f"/proc/{first.pid}/cmdline").read_bytes().split(b"\0"), "isolated"


def test_many_that_start_at_once_have_one_agent(place: AgentPlace) -> None:
    pids: list[int] = []

    def begin() -> None:
        with AgentLink.open(place) as link:
            pids.append(link.pid)

    threads = [threading.Thread(target=begin) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(pids) == 6 and len(set(pids)) == 1


def test_a_second_agent_ends_at_once_and_changes_nothing(link: AgentLink, place: AgentPlace) -> None:
    found = subprocess.run(
        interpreters.command(links.MODULE), env=interpreters.environment(), capture_output=True, timeout=30
    )
    assert found.returncode == 0 and found.stderr == b""
    assert link.ask("ping") == {} and pid_of(place) == link.pid


def test_socket_and_lock_that_are_left_over_are_replaced(place: AgentPlace) -> None:
    with AgentLink.open(place) as link:
        first = link.pid
    kill(place)
    assert place.socket.exists() and place.lock.exists() and place.note()["pid"] == str(first)
    with AgentLink.open(place) as link:
        assert link.pid != first
    kill(place, signal.SIGTERM)
    assert not place.socket.exists()


def test_the_agent_is_found_from_another_runtime_directory(
    link: AgentLink, place: AgentPlace, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    elsewhere = AgentPlace.here()
    assert elsewhere.runtime != place.runtime
    with AgentLink.open(elsewhere) as again:
        assert again.pid == link.pid


def test_a_socket_that_the_system_removed_comes_again(link: AgentLink, place: AgentPlace) -> None:
    for path in (place.socket, place.token):
        path.unlink()
    wait_until(lambda: place.socket.exists(), "the socket is there again")
    with AgentLink.open(place) as again:
        assert again.pid == link.pid


def test_only_this_user_gets_at_socket_and_token(link: AgentLink, place: AgentPlace) -> None:
    assert place.runtime.stat().st_mode & 0o777 == 0o700
    assert place.token.stat().st_mode & 0o777 == place.socket.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("mode", [0o755, 0o750, 0o777])
def test_a_directory_that_others_enter_is_refused(place: AgentPlace, mode: int) -> None:
    place.runtime.mkdir(parents=True, mode=0o700)
    place.runtime.chmod(mode)
    with pytest.raises(AgentError, match=r"others may enter .*chmod 700"):
        AgentLink.open(place)
    assert not place.is_alive()


@pytest.mark.skipif(os.getuid() != 0, reason="only root can give a directory to another user")
def test_a_directory_of_another_user_is_refused(place: AgentPlace) -> None:
    place.runtime.mkdir(parents=True, mode=0o700)
    os.chown(place.runtime, 12345, 12345)
    with pytest.raises(AgentError, match="must be a directory of your own"):
        AgentLink.open(place)


def test_a_state_folder_that_is_no_folder_is_one_line(place: AgentPlace) -> None:
    place.state.parent.mkdir(parents=True)
    place.state.write_bytes(b"")
    with pytest.raises(AgentError, match=r"cannot be started: .*state: ") as caught:
        AgentLink.open(place)
    assert "\n" not in caught.value.message and "Traceback" not in caught.value.message


def test_without_a_way_to_start_programs_it_is_one_line(place: AgentPlace, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", "/nowhere/python")
    with pytest.raises(AgentError, match="the transfer agent cannot be started: No such file"):
        AgentLink.open(place)


def test_an_agent_that_hangs_is_named(place: AgentPlace) -> None:
    with AgentLink.open(place) as link:
        os.kill(link.pid, signal.SIGSTOP)
        try:
            with pytest.raises(
                AgentError, match=rf"process {link.pid}\) does not answer; end it with: kill {link.pid}"
            ):
                AgentLink.open(place, start_s=0.5)
        finally:
            os.kill(link.pid, signal.SIGCONT)


def _connected(place: AgentPlace) -> socket.socket:
    connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    connection.settimeout(30)
    connection.connect(str(place.socket))
    return connection


@pytest.mark.parametrize(
    "line",
    [
        b'{"token":"wrong"}\n',
        b"{}\n",
        b"[]\n",
        b'{"token":7}\n',
        b"\x00\xff\n",
        b"[" * 5000 + b"\n",
        b"GET / HTTP/1.1\n",
    ],
)
def test_without_the_token_nobody_is_served(link: AgentLink, place: AgentPlace, line: bytes) -> None:
    with _connected(place) as connection:
        connection.sendall(line + b'{"op":"news","since":0}\n')
        with connection.makefile("rb") as answers:
            greeting, *rest = answers.readlines()
    assert json.loads(greeting)["agent"] == PROTOCOL
    assert all(set(json.loads(row)) == {"error"} for row in rest)
    assert link.ask("ping") == {}


FILE = {"direction": "upload", "type": "data", "key": "x", "path": "/x", "conflict": "skip"}


@pytest.mark.parametrize(
    "request_", [
        {"op": "fly"}, {}, {"op": "news"}, {"op": "news", "since": "x"}, {"op": "steer", "verb": "explode"},
        {"op": "steer", "verb": "pause", "jobs": [None]}, {"op": "files", "files": [{}]}, {"op": "files", "files": 3},
        {"op": "files", "files": [{**FILE, "key": "../x"}]}, {"op": "files", "files": [{**FILE, "path": "x"}]},
        {"op": "add", "store": {}}, {"op": "add", "store": {"url": "ftp://x"}}, {"op": "add"}, {"op": "offer"},
        {"op": "list", "job": 99}, {"op": "set_limits", "limits": 3}, {"op": "news", "since": 0, "follow": [[1]]},
    ],
)  # fmt: skip
def test_a_request_that_makes_no_sense_is_refused_and_the_next_is_served(
    link: AgentLink, request_: dict[str, object]
) -> None:
    try:
        link.ask(**request_) if "op" in request_ else link.ask("")
    except AgentError as exc:
        assert exc.message and "\n" not in exc.message
    else:
        assert request_ == {"op": "list", "job": 99}, "which has no files"
    assert link.ask("ping") == {}


def test_an_endless_line_is_cut_off(link: AgentLink, place: AgentPlace) -> None:
    with _connected(place) as connection, pytest.raises(OSError):
        while True:
            connection.sendall(b"x" * 1_000_000)
    assert link.ask("ping") == {}


class _Other(threading.Thread):
    """An agent of another version: it greets, and notes what it is asked."""

    def __init__(self, place: AgentPlace, greeting: dict[str, object]) -> None:
        super().__init__()
        make_private_dir(place.runtime)
        make_private_dir(place.state)
        write_private(place.token, b"secret")
        self.asked: list[dict[str, object]] = []
        self._greeting, self._place = greeting, place
        self._listening = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._listening.bind(str(place.socket))
        self._listening.listen()
        self._lock = os.open(place.lock, os.O_RDWR | os.O_CREAT, 0o600)
        fcntl.flock(self._lock, fcntl.LOCK_EX)

    def run(self) -> None:
        connection, _ = self._listening.accept()
        frames = Frames(connection)
        frames.send(self._greeting)
        while (request := frames.receive()) is not None:
            self.asked.append(request)
            frames.send({})
            if request.get("op") == "retire":
                self._listening.close()
                self._place.socket.unlink()
                os.close(self._lock)
                self._lock = -1
        frames.close()
        self._listening.close()
        if self._lock >= 0:
            os.close(self._lock)


@pytest.mark.parametrize("greeting", [
    {"agent": 1, "program": "0.0.9", "pid": 1}, {"agent": 0, "program": "0.1.0"}, {"program": "?"},
])  # fmt: skip
def test_an_older_agent_is_told_to_go_and_a_new_one_begins(place: AgentPlace, greeting: dict[str, object]) -> None:
    other = _Other(place, greeting)
    other.start()
    with AgentLink.open(place) as link:
        assert link.retired.count("\n") == 0 and str(greeting["program"]) in link.retired
        assert "finishes what it has" in link.retired
    other.join()
    assert other.asked[0]["token"] == "secret" and other.asked[-1] == {"op": "retire"}


def test_a_newer_agent_is_left_alone(place: AgentPlace) -> None:
    other = _Other(place, {"agent": PROTOCOL + 1, "program": "9.0.0", "pid": 7})
    other.start()
    with pytest.raises(AgentError, match=r"process 7\) is of the newer storage-tui 9.0.0; update"):
        AgentLink.open(place)
    other.join()
    assert [list(row) for row in other.asked] == [["token", "program"]]


def test_one_that_retires_takes_no_more_and_ends_when_it_has_nothing(link: AgentLink, place: AgentPlace) -> None:
    link.ask("retire")
    with AgentLink.open(place) as next_:
        assert next_.pid != link.pid
    with pytest.raises(AgentLostError):
        wait_until(lambda: link.ask("ping") is None, "the old one has gone")


def test_who_asks_it_to_retire_gets_the_answer_though_it_ends() -> None:
    """As when the agent has nothing to do, and ends before the thread of this client has sent the answer."""
    here, there = socket.socketpair()
    agent, client = Frames(here), Frames(there)
    client.send({"op": "retire"})
    assert agent.receive() == {"op": "retire"}
    agent.end_requests()
    assert agent.receive() is None
    agent.send({})
    agent.close()
    assert client.receive() == {}
    client.close()


def test_the_agent_ends_when_it_has_nothing_and_nobody(place: AgentPlace, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STORAGE_TUI_LINGER", "0.2")
    with AgentLink.open(place) as link:
        assert link.ask("ping") == {}
    wait_until(lambda: not place.is_alive(), "it has ended by itself")
    assert not place.socket.exists()
