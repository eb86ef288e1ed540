"""The real browser in a terminal that goes away in mid-transfer: the transfer ends whole without anybody's help."""

import os
import signal
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from storage_tui import Storage
from storage_tui.client.agent.link import AgentLink
from storage_tui.client.agent.place import AgentPlace
from tests.agents import ended, ended_at_last, environ_of, kill, moved
from tests.effort import count
from tests.faults.proxy import NONE, Fault, FaultProxy
from tests.terminal import Terminal
from tests.waits import wait_until

SIZE = 20_000_000


def _killed(terminal: Terminal) -> None:
    terminal.process.send_signal(signal.SIGKILL)


def _closed(terminal: Terminal) -> None:
    terminal.hang_up()


def _hung_up(terminal: Terminal) -> None:
    terminal.process.send_signal(signal.SIGHUP)


def _quit(terminal: Terminal) -> None:
    terminal.send("q")


ENDS = {"killed": _killed, "terminal-closed": _closed, "SIGHUP": _hung_up, "quit": _quit}


@pytest.fixture
def environ(tmp_path: Path, runtime_base: Path) -> dict[str, str]:
    (tmp_path / "home").mkdir()
    return environ_of(tmp_path / "home", runtime_base)


@pytest.fixture
def place(environ: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> Iterator[AgentPlace]:
    for name in ("STORAGE_TUI_HOME", "XDG_RUNTIME_DIR", "STORAGE_TUI_LINGER"):
        monkeypatch.setenv(name, environ[name])
    with ended_at_last(AgentPlace.here()) as found:
        yield found


@pytest.fixture
def begin(environ: dict[str, str], proxy: FaultProxy, token: str, tmp_path: Path) -> Callable[[], Terminal]:
    """Start the browser on the server behind the proxy."""
    file = tmp_path / "token"
    file.touch(0o600)
    file.write_text(token)

    def start() -> Terminal:
        command = [
            sys.executable,
            "-m",
            "storage_tui",
            "browse",
            "data:",
            "--url",
            proxy.url,
            "--token-file",
            str(file),
        ]
        return Terminal(command, environ=environ, cwd=tmp_path / "here")

    return start


def _ask_for_download(terminal: Terminal, proxy: FaultProxy, name: str) -> None:
    terminal.wait_for(name)
    proxy.default = Fault(rate_bytes_s=2_000_000)  # ten seconds: longer than the browser needs to end
    proxy.cut_all()
    terminal.send("d")
    terminal.wait_for(f"Download {name}")
    terminal.send("enter")


@pytest.mark.timeout(900)
@pytest.mark.parametrize("how", ENDS)
def test_a_transfer_ends_whole_when_the_browser_is_gone(
    store: Storage, begin: Callable[[], Terminal], place: AgentPlace, proxy: FaultProxy, tmp_path: Path, how: str
) -> None:
    value = os.urandom(SIZE)
    store.set("big", value)
    target = tmp_path / "here" / "big"
    for _ in range(count(1, 3, 50)):
        target.unlink(missing_ok=True)
        proxy.default = NONE
        with begin() as terminal:
            _ask_for_download(terminal, proxy, "big")
            parts = lambda: [row for row in target.parent.iterdir() if row.stat().st_size > 100_000]  # noqa: E731
            wait_until(parts, "the transfer is under way")
            ENDS[how](terminal)
            terminal.process.wait(30)
            assert not target.exists(), "it is over too soon for this test"
        proxy.default = NONE
        proxy.cut_all()
        wait_until(target.exists, "the transfer has ended by itself")
        assert target.read_bytes() == value


def test_quitting_says_that_transfers_go_on_and_the_next_browser_shows_them(
    store: Storage, begin: Callable[[], Terminal], place: AgentPlace, proxy: FaultProxy, tmp_path: Path
) -> None:
    store.set("big", os.urandom(SIZE))
    with begin() as terminal:
        _ask_for_download(terminal, proxy, "big")
        with AgentLink.open(place) as link:
            moved(link, 1)
            proxy.default = Fault(rate_bytes_s=500_000)
            proxy.cut_all()
            terminal.send("q")
            assert terminal.wait_for_exit() == 0
            assert b"1 transfer goes on; see: storage-tui transfers" in terminal.raw
            with begin() as again:
                again.send("w")
                again.wait_for("data:big")
                again.wait_for("running")
                again.send("x")
                again.wait_for("cancelled")
                assert ended(link, 1).cancelled == 1


def test_a_killed_agent_is_started_again_by_the_open_browser(
    store: Storage, begin: Callable[[], Terminal], place: AgentPlace, proxy: FaultProxy, tmp_path: Path
) -> None:
    value = os.urandom(SIZE)
    store.set("big", value)
    with begin() as terminal:
        _ask_for_download(terminal, proxy, "big")
        with AgentLink.open(place) as link:
            moved(link, 1, 500_000)
        kill(place)
        proxy.default = NONE
        wait_until((tmp_path / "here" / "big").exists, "the next agent has ended the transfer")
        terminal.wait_for("1 done")
    assert (tmp_path / "here" / "big").read_bytes() == value


def test_nothing_of_the_agent_is_begun_before_the_first_transfer(
    store: Storage, begin: Callable[[], Terminal], place: AgentPlace
) -> None:
    store.set("big", b"x")
    with begin() as terminal:
        terminal.wait_for("1/1")
        terminal.send("q")
        assert terminal.wait_for_exit() == 0
    assert not place.lock.exists() and not place.socket.exists()
