"""Transfers in the background as a person has them: handed over, seen, steered, and told in one line what is wrong."""

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from storage_tui.client.agent.link import AgentLink
from storage_tui.client.agent.place import AgentPlace
from tests.agents import ended, ended_at_last, environ_of, kill, moved
from tests.faults.proxy import NONE, Fault, FaultProxy
from tests.server.running import RunningServer, running_server

BIG = bytes(range(256)) * 60_000


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    with running_server(tmp_path_factory.mktemp("server") / "store") as running:
        yield running


@pytest.fixture
def proxy(server: RunningServer) -> Iterator[FaultProxy]:
    with FaultProxy(server.url) as running:
        yield running


@pytest.fixture
def environ(tmp_path: Path, runtime_base: Path, proxy: FaultProxy, server: RunningServer) -> dict[str, str]:
    (tmp_path / "home").mkdir()
    token = tmp_path / "token"
    token.touch(0o600)
    token.write_text(server.token(tmp_path.name))
    found = environ_of(tmp_path / "home", runtime_base)
    return {**found, "STORAGE_TUI_URL": proxy.url, "STORAGE_TUI_TOKEN_FILE": str(token)}


@pytest.fixture
def place(environ: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> Iterator[AgentPlace]:
    for name in ("STORAGE_TUI_HOME", "XDG_RUNTIME_DIR", "STORAGE_TUI_LINGER"):
        monkeypatch.setenv(name, environ[name])
    with ended_at_last(AgentPlace.here()) as found:
        yield found


@pytest.fixture
def run(
    environ: dict[str, str], place: AgentPlace, tmp_path: Path
) -> Callable[..., "subprocess.CompletedProcess[str]"]:
    def call(*words: str, code: int = 0, **more: str) -> "subprocess.CompletedProcess[str]":
        found = subprocess.run(
            [sys.executable, "-m", "storage_tui", *words], capture_output=True, text=True, cwd=tmp_path,
            env={**environ, **more}, timeout=60, stdin=subprocess.DEVNULL,
        )  # fmt: skip
        assert found.returncode == code, (found.returncode, found.stdout, found.stderr)
        assert "Traceback" not in found.stderr
        return found

    return call


Run = Callable[..., "subprocess.CompletedProcess[str]"]


def test_put_and_get_hand_over_and_return(run: Run, place: AgentPlace, tmp_path: Path) -> None:
    folder = tmp_path / "many"
    folder.mkdir()
    for number in range(5):
        (folder / str(number)).write_bytes(b"x" * 1000)
    alone = run("transfers", "--follow")
    assert (alone.stdout, alone.stderr) == ("", "nothing goes on: all transfers have ended\n")
    told = run("put", "--background", "-r", "many", "data:").stdout
    assert told == "5 files in the background, number 1; see: storage-tui transfers --follow\n"
    assert run("transfers", "--follow").returncode == 0
    assert json.loads(run("get", "--background", "--json", "-r", "data:many", "to").stdout) == {
        "job": 2, "files": 5, "bytes": 5000}  # fmt: skip
    run("transfers", "-f")
    again = run("transfers", "--follow")
    assert (again.stdout, again.stderr) == ("", "nothing goes on: all transfers have ended\n")
    assert sorted(path.name for path in (tmp_path / "to/many").iterdir()) == ["0", "1", "2", "3", "4"]
    first, second = run("transfers").stdout.splitlines()
    assert first.split() == ["1", "up", "many/", "5", "of", "5", "·", "5.0", "kB"] and "down" in second
    kill(place)
    assert len(run("transfers").stdout.splitlines()) == 2, "what has ended is told without an agent too"
    assert not place.is_alive()


def test_a_transfer_is_steered_by_its_number(run: Run, proxy: FaultProxy, place: AgentPlace, tmp_path: Path) -> None:
    (tmp_path / "big").write_bytes(BIG)
    proxy.default = Fault(rate_bytes_s=2_000_000)
    run("put", "--background", "big", "data:")
    with AgentLink.open(place) as link:
        moved(link, 1, 100_000)
        assert run("transfers", "pause", "1").stdout == "1 file paused\n"
        assert "paused" in run("transfers").stdout
        assert run("transfers", "pause", "all").returncode == 0
        assert run("transfers", "go-on", "all").returncode == 0
        moved(link, 1, 200_000)
        assert run("transfers", "cancel", "1").stdout == "1 file cancelled\n"
        proxy.default = NONE
        proxy.cut_all()
        assert run("transfers", "retry", "1").stdout == "1 file tried again\n"
        assert ended(link, 1).done == 1
    assert run("transfers", "retry", "all").stdout == "nothing to retry\n"
    assert run("transfers", "clear").stdout == "1 job cleared\n"
    assert run("transfers").stderr == "no transfers\n"


def test_a_killed_agent_goes_on_with_the_next_command_of_any_kind(
    run: Run, proxy: FaultProxy, place: AgentPlace, tmp_path: Path
) -> None:
    (tmp_path / "big").write_bytes(BIG)
    for word in ("transfers", "resume"):
        proxy.default = Fault(rate_bytes_s=4_000_000)
        number = json.loads(run("put", "--background", "--json", "big", f"data:{word}").stdout)["job"]
        with AgentLink.open(place) as link:
            moved(link, number, 500_000)
        kill(place)
        proxy.default = NONE
        run(word)
        with AgentLink.open(place) as link:
            assert ended(link, number).done == 1


def test_the_limit_of_a_command_goes_to_the_agent_with_the_files(run: Run, place: AgentPlace, tmp_path: Path) -> None:
    (tmp_path / "big").write_bytes(BIG)
    run("put", "--background", "--bwlimit", "100k:200k", "big", "data:")
    with AgentLink.open(place) as link:
        assert link.news().limits == (100_000, 200_000) and moved(link, 1).running == 1
        run("put", "--background", "big", "data:other")
        assert link.news().limits == (100_000, 200_000), "a command without a limit changes none"
        run("put", "--background", "--bwlimit", "off", "big", "data:third")
        assert link.news().limits == (None, None)
        assert [ended(link, number).done for number in (1, 2, 3)] == [1, 1, 1]


def test_a_file_that_the_agent_moves_too_comes_whole_and_one_line_says_so(
    run: Run, place: AgentPlace, tmp_path: Path
) -> None:
    (tmp_path / "big").write_bytes(BIG)
    run("put", "big", "data:")
    run("get", "--background", "--bwlimit", "100k", "data:big", "to")
    with AgentLink.open(place) as link:
        moved(link, 1)
        assert "another program moves this file too" in run("get", "data:big", "to").stdout
        assert (tmp_path / "to").read_bytes() == BIG
        link.set_limits(None, None)
        assert "meanwhile and was not overwritten" in ended(link, 1).error
    assert (tmp_path / "to").read_bytes() == BIG and not list(tmp_path.glob(".to*"))


def test_files_that_failed_are_told_with_the_reason(run: Run, place: AgentPlace, tmp_path: Path) -> None:
    (tmp_path / "many").mkdir()
    for name in ("a", "b"):
        (tmp_path / "many" / name).write_bytes(b"x")
    run("put", "-r", "many", "data:")
    (tmp_path / "to/many/a").mkdir(parents=True)
    run("get", "--background", "-f", "-r", "data:many", "to")
    with AgentLink.open(place) as link:
        ended(link, 1)
    found = run("transfers").stdout
    assert "1 of 2 · 1 failed" in found and "failed: many/a: " in found
    [told] = json.loads(run("transfers", "--json").stdout)["failures"]
    assert told["key"] == "many/a" and told["path"].endswith("to/many/a") and told["error"]
    assert "1 file failed" in run("transfers", "--follow", code=6).stderr


@pytest.mark.some(every=3)
@pytest.mark.parametrize(
    ("words", "code", "told"),
    [
        (("transfers", "fly"), 2, "is not one of pause, go-on, cancel"),
        (("transfers", "pause"), 2, "write: pause all"),
        (("transfers", "pause", "x"), 2, "a transfer has a number"),
        (("transfers", "pause", "1", "all"), 2, "a transfer has a number"),
        (("transfers", "cancel", "٣"), 2, "a transfer has a number"),
        (("transfers", "cancel", "-1"), 2, "No such option"),
        (("transfers", "cancel", "7"), 3, "there is no transfer 7"),
        (("put", "--background", "-", "data:x"), 2, "--background is for files"),
        (("get", "--background", "data:x", "-"), 2, "--background is for files"),
        (("put", "--background", "--verify", "f", "data:x"), 2, "leave out the other flag"),
        (("put", "--background", "--no-resume", "f", "data:x"), 2, "leave out the other flag"),
        (("put", "--background", "nowhere", "data:x"), 1, "nowhere"),
        (("put", "--background", "folder", "data:x"), 1, "is a folder"),
        (("get", "--background", "data:nowhere"), 3, "nowhere"),
        (("get", "--background", "-r", "data:nowhere"), 3, "nowhere"),
    ],
)
def test_what_cannot_be_is_told_at_once(run: Run, tmp_path: Path, words: tuple[str, ...], code: int, told: str) -> None:
    (tmp_path / "f").write_bytes(b"x")
    (tmp_path / "folder").mkdir()
    found = run(*words, code=code)
    assert told in found.stderr and found.stdout == ""


def test_without_an_agent_background_fails_in_one_line(run: Run, place: AgentPlace, tmp_path: Path) -> None:
    (tmp_path / "f").write_bytes(b"x")
    place.runtime.mkdir(parents=True)
    place.runtime.chmod(0o755)
    found = run("put", "--background", "f", "data:", code=1)
    assert found.stderr.count("\n") == 1 and "others may enter" in found.stderr


def test_a_token_of_the_environment_is_enough(
    run: Run, environ: dict[str, str], place: AgentPlace, tmp_path: Path, proxy: FaultProxy
) -> None:
    token = Path(environ["STORAGE_TUI_TOKEN_FILE"]).read_text()
    (tmp_path / "big").write_bytes(BIG)
    proxy.default = Fault(rate_bytes_s=4_000_000)
    with_token = {"STORAGE_TUI_TOKEN_FILE": "", "STORAGE_TUI_TOKEN": token}
    run("put", "--background", "big", "data:", **with_token)
    with AgentLink.open(place) as link:
        moved(link, 1, 500_000)
    kill(place)
    proxy.default = NONE
    without = {"STORAGE_TUI_TOKEN_FILE": "", "STORAGE_TUI_URL": ""}
    assert "waits for a token" in run("transfers", **without).stdout
    run("transfers", **with_token)
    with AgentLink.open(place) as link:
        assert ended(link, 1).done == 1
