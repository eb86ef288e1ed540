"""The real browser under Pilot on a real server in a process of its own."""

import itertools
import unicodedata
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from textual.events import Key
from textual.keys import REPLACED_KEYS, _character_to_key, _get_unicode_name_from_key
from textual.pilot import Pilot

from storage_tui import AsyncStorage, Storage
from storage_tui.client.agent.place import AgentPlace
from storage_tui.contract.keys import Location
from storage_tui.tui.app import StorageApp
from storage_tui.tui.browser.screen import BrowserScreen
from storage_tui.tui.desk import JOB
from storage_tui.tui.state.listing import DEFAULTS, ListBounds
from tests.agents import SOME_S, ended_at_last
from tests.client.published import PublishedServer
from tests.faults.proxy import FaultProxy
from tests.server.running import RunningServer, running_server

PAUSES = 2400  # times 25 ms: far longer than anything here takes, also on a machine that is busy with other tests
BOTH_WIRES = ("full", "published")
"""As `WIRES` of a module: its tests run on our server and on one that has the published calls only."""
_users = itertools.count()


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Each test that browses runs on the wires its module names."""
    wires = getattr(metafunc.module, "WIRES", None)
    if wires is not None and "wire" in metafunc.fixturenames:
        metafunc.parametrize("wire", wires, indirect=True)


class Browser:
    """A running browser: press keys, wait for what must become true, read the screen."""

    def __init__(self, app: StorageApp, pilot: Pilot[None]) -> None:
        self.app = app
        self.pilot = pilot

    @property
    def main(self) -> BrowserScreen:
        """The main screen, also below a dialog."""
        return next(screen for screen in self.app.screen_stack if isinstance(screen, BrowserScreen))

    @property
    def names(self) -> list[str]:
        """What the list shows, without its prefix."""
        listing = self.main.keys.listing
        return [row.key[len(listing.prefix) :] for row in listing.rows()]

    @property
    def current(self) -> str:
        """The key under the cursor."""
        row = self.main.keys.current
        return row.key if row is not None else ""

    @property
    def text(self) -> str:
        """The whole screen as text."""
        width, height = self.app.size
        strips = self.app.screen._compositor.render_strips()
        if len(strips) != height or not width:
            return ""  # a screen that was pushed, or resized, this moment and is not laid out yet
        return "\n".join(strip.text for strip in strips)

    async def press(self, *keys: str) -> None:
        """Press keys, each when the one before was worked off."""
        for key in keys:
            self._send(key)
            await self.pilot.pause()

    async def type(self, text: str) -> None:
        """Type text into the field that has the keys, faster than the field shows the letters."""
        for letter in text:
            self._send(letter)
        await self.pilot.pause()

    def _send(self, key: str) -> None:
        """Send a key as a terminal does. Pilot's own `press` waits for a twelfth of a second after each."""
        name = key if len(key) > 1 or key.isalnum() else _character_to_key(key)
        try:
            character = unicodedata.lookup(_get_unicode_name_from_key(REPLACED_KEYS.get(name, name)))
        except KeyError:
            character = key if len(key) == 1 else None
        self.app.post_message(Key(name, character))

    async def until(self, condition: Callable[[], Any]) -> None:
        """Wait until `condition()` is true; fails with the screen's text."""
        for _ in range(PAUSES):
            if condition():
                return
            await self.pilot.pause(0.025)
        raise AssertionError(f"never became true; the screen:\n{self.text}")

    async def shows(self, words: str) -> None:
        """Wait until these words are on the screen."""
        await self.until(lambda: words in self.text)

    async def rests(self) -> None:
        """Wait until no action runs: until then another action is refused."""
        await self.until(lambda: not any(worker.group == JOB and not worker.is_finished for worker in self.app.workers))


@pytest.fixture(autouse=True)
def _plain_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A terminal with colours, no multiplexer, no SSH, a folder of one's own to stand in."""
    for name in ("TMUX", "SSH_CONNECTION", "NO_COLOR"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    """One server for all; each test has a user, and so a namespace, of its own."""
    with running_server(tmp_path_factory.mktemp("tui") / "store") as running:
        yield running


@pytest.fixture
def token(server: RunningServer) -> str:
    return server.token(f"browser-{next(_users)}")


@pytest.fixture
def store(server: RunningServer, token: str) -> Iterator[Storage]:
    """The same blobs, for a test to fill and look at."""
    with Storage(server.url, token=token) as storage:
        yield storage


@pytest.fixture
def place(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, runtime_base: Path) -> Iterator[AgentPlace]:
    """Where the transfer agents of a test run; none is left after it."""
    monkeypatch.setenv("STORAGE_TUI_HOME", str(tmp_path / "own"))
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(runtime_base))
    monkeypatch.setenv("STORAGE_TUI_LINGER", SOME_S)
    with ended_at_last(AgentPlace.here()) as found:
        yield found


@pytest.fixture
def proxy(server: RunningServer) -> Iterator[FaultProxy]:
    with FaultProxy(server.url) as running:
        yield running


@pytest.fixture
def wire(request: pytest.FixtureRequest, server: RunningServer) -> Iterator[str]:
    """The base URL to browse: of the server itself, or for `published` of a layer that lets only the published calls
    through. A test marked `additions` is of what those cannot do, and says so."""
    if getattr(request, "param", "full") == "full":
        yield server.url
        return
    marker = request.node.get_closest_marker("additions")
    if marker is not None:
        pytest.skip(f"not on the published wire: {marker.args[0]}")
    with PublishedServer(server.url, page=1000) as running:
        yield running.url


@pytest.fixture
def browse(wire: str, token: str, tmp_path: Path) -> Any:
    """`async with browse("tmp:a/") as browser`."""

    @asynccontextmanager
    async def start(
        location: str = "data:", *, size: tuple[int, int] = (120, 40), url: str | None = None, retries: int = 3,
        token: str = token, bounds: ListBounds = DEFAULTS, uses_agent: bool = False, notify: str = "off",
    ) -> AsyncIterator[Browser]:  # fmt: skip
        storage = AsyncStorage(url or wire, token=token, retries=retries)
        app = StorageApp(
            storage, location=Location.parse(location), title="test", state_dir=tmp_path / "state", bounds=bounds,
            uses_agent=uses_agent, notify=notify,
        )  # fmt: skip
        async with app.run_test(size=size) as pilot:
            browser = Browser(app, pilot)
            await browser.until(lambda: any(isinstance(screen, BrowserScreen) for screen in app.screen_stack))
            yield browser

    return start
