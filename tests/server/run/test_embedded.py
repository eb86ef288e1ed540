"""The server's half of the embedded protocol: it comes for the first client and leaves after the last."""

import fcntl
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from storage_tui.contract.errors import StorageError
from storage_tui.machine import directories
from storage_tui.server.access.issued import revoke_all
from storage_tui.server.access.keyring import forget_old_keys, rotate_keys
from storage_tui.server.run.embedded import Household
from storage_tui.server.stores.local.records import LocalRecords
from tests.server.running import RunningServer
from tests.waits import wait_until

COMMAND = (
    "import sys\nfrom pathlib import Path\nfrom storage_tui.server.run.serve import Bounds, serve_embedded\n"
    "serve_embedded(data_dir=Path(sys.argv[1]), bounds=Bounds(follow_s=0.1))\n"
)
LINGER_S = "0.3"


class Client:
    """What a client process does: be present, start a server, find it."""

    def __init__(self, data_dir: Path, runtime: Path) -> None:
        self.data_dir = data_dir
        self.runtime = runtime
        self.children: list[subprocess.Popen[bytes]] = []
        self.present = -1

    def enter(self) -> None:
        self.runtime.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.present = os.open(self.runtime / "present", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        fcntl.flock(self.present, fcntl.LOCK_SH)

    def leave(self) -> None:
        if self.present >= 0:
            os.close(self.present)
            self.present = -1

    def spawn(self) -> subprocess.Popen[bytes]:
        environment = {**os.environ, "STORAGE_TUI_LINGER": LINGER_S}
        child = subprocess.Popen(
            [sys.executable, "-c", COMMAND, str(self.data_dir)], env=environment, stderr=subprocess.PIPE
        )
        self.children.append(child)
        return child

    def get(self, path: str = "") -> httpx.Response:
        with socket.socket(socket.AF_UNIX) as probe:  # httpx leaves its socket open when nobody listens
            probe.connect(str(self.runtime / "socket"))
        token = (self.runtime / "token").read_text()
        transport = httpx.HTTPTransport(uds=str(self.runtime / "socket"))
        with httpx.Client(transport=transport, trust_env=False) as client:
            return client.get(f"http://local/storage/v1{path}", headers={"Authorization": f"Bearer {token}"})

    def wait_for_answer(self) -> httpx.Response:
        while True:
            try:
                return self.get()
            except (httpx.TransportError, OSError):
                assert any(child.poll() is None for child in self.children), "no server is left"


@pytest.fixture
def client(tmp_path: Path, runtime_base: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Client]:
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(runtime_base))
    data_dir = tmp_path / "data"
    client = Client(data_dir, directories.runtime_dir(data_dir))
    yield client
    client.leave()
    for child in client.children:
        if child.poll() is None:
            child.kill()
        child.wait()
        assert child.stderr is not None
        child.stderr.close()


def test_it_answers_over_the_socket_and_leaves_after_the_last_client(client: Client) -> None:
    client.enter()
    child = client.spawn()
    assert client.wait_for_answer().status_code == 200
    assert client.get("/data/list").json() == []
    assert client.get("/data/new_resumable_url/x").text.startswith("http://local/storage/v1/upload/")
    assert (client.runtime / "socket").stat().st_mode & 0o777 == 0o600
    assert (client.runtime / "token").stat().st_mode & 0o777 == 0o600
    assert child.poll() is None
    client.leave()
    assert child.wait(20) == 0
    assert not (client.runtime / "socket").exists()
    assert child.stderr is not None
    assert child.stderr.read() == b""


def test_it_stays_while_a_client_is_there(client: Client) -> None:
    client.enter()
    child = client.spawn()
    client.wait_for_answer()
    with pytest.raises(subprocess.TimeoutExpired):
        child.wait(float(LINGER_S) * 4)
    client.leave()
    assert child.wait(20) == 0


def test_it_leaves_when_its_data_directory_is_another(client: Client) -> None:
    client.enter()
    child = client.spawn()
    client.wait_for_answer()
    client.data_dir.rename(client.data_dir.parent / "moved")
    assert child.wait(20) == 0, "although a client is there"
    assert not (client.runtime / "socket").exists()
    client.spawn()
    assert client.wait_for_answer().status_code == 200
    client.leave()


def test_its_users_go_on_after_their_token_was_ended(client: Client) -> None:
    client.enter()
    client.spawn()
    assert client.wait_for_answer().status_code == 200
    records = LocalRecords(client.data_dir)
    for end in (lambda: forget_old_keys(records), lambda: revoke_all(records, "local")):
        before = (client.runtime / "token").read_text()
        rotate_keys(records)
        end()
        wait_until(lambda before=before: (client.runtime / "token").read_text() != before, "there is a new token")
        wait_until(lambda: client.get("/data/list").status_code == 200, "the token is younger than the end")


def test_of_two_that_start_at_once_one_serves_and_the_other_leaves_quietly(client: Client) -> None:
    client.enter()
    children = [client.spawn() for _ in range(3)]
    assert client.wait_for_answer().status_code == 200
    wait_until(lambda: sum(child.poll() is not None for child in children) == 2, "two of three have left")
    losers = [child for child in children if child.poll() is not None]
    for loser in losers:
        assert loser.returncode == 0
        assert loser.stderr is not None
        assert loser.stderr.read() == b""
    assert client.get().status_code == 200


def test_it_takes_over_from_one_that_was_killed(client: Client) -> None:
    client.enter()
    first = client.spawn()
    client.wait_for_answer()
    token = (client.runtime / "token").read_text()
    first.send_signal(signal.SIGKILL)
    first.wait(20)
    assert (client.runtime / "socket").exists()
    client.spawn()
    assert client.wait_for_answer().status_code == 200
    assert (client.runtime / "token").read_text() != "" != token


def test_a_signal_ends_it(client: Client) -> None:
    client.enter()
    child = client.spawn()
    client.wait_for_answer()
    child.send_signal(signal.SIGTERM)
    assert child.wait(20) == 0
    assert not (client.runtime / "socket").exists()


def test_a_directory_served_over_tcp_is_refused_with_its_url(server: RunningServer, tmp_path: Path) -> None:
    command = [sys.executable, "-c", COMMAND, str(server.data_dir)]
    environment = {**os.environ, "XDG_RUNTIME_DIR": str(tmp_path)}
    done = subprocess.run(command, env=environment, capture_output=True, timeout=30, check=False)
    assert done.returncode != 0
    assert server.url in done.stderr.decode()


@pytest.mark.parametrize("kind", ["open to others", "a link"])
def test_a_runtime_directory_that_is_not_ours_alone_is_refused(client: Client, tmp_path: Path, kind: str) -> None:
    client.runtime.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    if kind == "a link":
        elsewhere = tmp_path / "elsewhere"
        elsewhere.mkdir(mode=0o700)
        client.runtime.symlink_to(elsewhere)
    else:
        client.runtime.mkdir()
        client.runtime.chmod(0o755)
    with pytest.raises(StorageError, match="yours alone"):
        Household(client.data_dir, directories.runtime_dir(client.data_dir)).prepare()
