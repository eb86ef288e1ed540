"""Commands that move bytes while the server is killed and started again."""

import random
import subprocess
import sys

import pytest

from tests.faults.proxy import Fault, FaultProxy
from tests.server.running import RunningServer

SIZE = 24 * 1024 * 1024 + 5
STOP = 20 * 1024 * 1024
COMMANDS = {
    "put": ["put", "source", "k"],
    "put from a pipe": ["put", "-", "k"],
    "put of a folder": ["put", "-r", "folder/", "k/"],
    "get": ["get", "there", "target"],
    "get to a pipe": ["get", "there", "-"],
}


@pytest.fixture(scope="module")
def content():
    return random.Random(5).randbytes(SIZE)


@pytest.fixture
def server(tmp_path):
    running = RunningServer(tmp_path / "data")
    running.start()
    yield running
    running.stop()


@pytest.fixture
def access(server, tmp_path):
    path = tmp_path / "token"
    path.touch(mode=0o600)
    path.write_text(server.token())
    return ["--token-file", str(path)]


@pytest.mark.parametrize("name", COMMANDS)
def test_a_command_waits_for_a_server_that_is_killed(run, home, server, access, tmp_path, content, name):
    (tmp_path / "folder").mkdir()
    for path in (tmp_path / "source", tmp_path / "folder" / "a", tmp_path / "folder" / "b"):
        path.write_bytes(content)
    is_up = name.startswith("put")
    with FaultProxy(server.url) as proxy:
        if not is_up:
            run("put", "source", "there", "--url", server.url, *access)
        proxy.default = Fault(stall_up=STOP) if is_up else Fault(stall_down=STOP)
        command = [sys.executable, "-m", "storage_tui", *COMMANDS[name], "--url", proxy.url, *access]
        with (tmp_path / "source").open("rb") as source, (tmp_path / "out").open("wb") as out:
            process = subprocess.Popen(
                command, cwd=tmp_path, env=home, stdin=source, stdout=out,
                stderr=subprocess.PIPE, text=True,
            )  # fmt: skip
        with process:
            proxy.stalled.get(timeout=60)
            server.process.kill()
            proxy.default = Fault()
            proxy.cut_all()
            assert process.stderr is not None
            first = process.stderr.readline()
            safe = "" if "pipe" in name else ", Ctrl-C loses nothing"  # the bytes of a pipe are gone
            assert first.endswith(f"; waiting up to 5:00 for the server{safe}\n"), first
            server.stop()
            server.start()
            rest = process.stderr.read()
        assert (process.returncode, rest) == (0, f"storage-tui: {proxy.url} answers again\n")
    moved = {"get": tmp_path / "target", "get to a pipe": tmp_path / "out"}
    if is_up:
        for key in ("k/a", "k/b") if "folder" in name else ("k",):
            run("get", key, "back", "-f", "--url", server.url, *access)
            assert (tmp_path / "back").read_bytes() == content
    else:
        assert moved[name].read_bytes() == content


def test_without_a_wait_a_command_fails_as_soon_as_its_tries_are_used_up(run, server, access, tmp_path, content):
    (tmp_path / "source").write_bytes(content)
    with FaultProxy(server.url) as proxy:
        run("put", "source", "k", "--url", server.url, *access)
        proxy.faults.append(Fault(cut_down=STOP))
        proxy.default = Fault(refuse=True)
        said = run("get", "k", "target", "--wait", "0", "--url", proxy.url, *access, code=5).stderr
    assert b"waiting" not in said
    assert not (tmp_path / "target").exists()


def test_a_wait_that_was_asked_for_holds_for_a_server_that_is_not_there_yet(run, home, server, access, tmp_path):
    (tmp_path / "source").write_bytes(b"early")
    url = server.url
    server.stop()
    command = [sys.executable, "-m", "storage_tui", "put", "source", "k", "--wait", "10m", "--url", url, *access]
    process = subprocess.Popen(command, cwd=tmp_path, env=home, stderr=subprocess.PIPE, text=True)
    with process:
        assert process.stderr is not None
        assert "waiting up to 10:00" in process.stderr.readline()
        server.start()
        process.stderr.read()
    assert process.returncode == 0
    assert run("cat", "k", "--url", url, *access).stdout == b"early"


def test_a_wait_that_is_no_time_is_refused(run):
    assert b"write it as 90s" in run("get", "k", "--wait", "soon", code=2).stderr


def test_a_folder_that_skips_what_is_there_waits_before_it_looks(server, home, access, tmp_path):
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "a").write_bytes(b"a")
    command = [sys.executable, "-m", "storage_tui", "put", "-r", "folder/", "k/", "--on-conflict", "different"]
    with FaultProxy(server.url) as proxy:
        proxy.default = Fault(refuse=True)
        process = subprocess.Popen(
            [*command, "--wait", "5m", "--url", proxy.url, *access], cwd=tmp_path, env=home, stderr=subprocess.PIPE,
        )  # fmt: skip
        with process:
            assert process.stderr is not None
            assert b"waiting up to 5:00" in process.stderr.readline()
            proxy.default = Fault()
            assert process.stderr.read().endswith(b" answers again\n")
        assert process.returncode == 0
