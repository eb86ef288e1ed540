"""A real server for the client's tests, and both clients behind one blocking face."""

import asyncio
import contextlib
import itertools
import random
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from storage_tui import AsyncStorage, Storage
from storage_tui.client.http import retry
from tests.client.moving import SIZE
from tests.client.published import PublishedServer
from tests.faults.proxy import FaultProxy
from tests.server.running import RunningServer, running_server

_users = itertools.count()


@pytest.fixture(autouse=True)
def _plain_environment(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """No credentials, servers or transfers of whoever runs the tests."""
    import os

    for name in os.environ:
        if name.startswith(("DESCARTESLABS_", "STORAGE_TUI_", "CLIENT_")):
            monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path_factory.mktemp("state")))


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    """One server for all; each test has a user, and so a namespace, of its own."""
    with running_server(tmp_path_factory.mktemp("server") / "store") as running:
        yield running


@pytest.fixture
def token(server: RunningServer) -> str:
    """A token of a user whom nobody was before."""
    return server.token(f"user-{next(_users)}")


@pytest.fixture
def storage(server: RunningServer, token: str) -> Iterator[Storage]:
    with Storage(server.url, token=token) as client:
        yield client


@pytest.fixture(params=["Storage", "AsyncStorage"])
def make(request: pytest.FixtureRequest) -> Iterator[Callable[..., Any]]:
    """Makes either client; both answer to the same blocking calls."""
    with contextlib.ExitStack() as stack:

        def build(*arguments: Any, **options: Any) -> Any:
            kind = Storage if request.param == "Storage" else Blocking
            return stack.enter_context(kind(*arguments, **options))

        yield build


@pytest.fixture
def both(make: Callable[..., Any], server: RunningServer, token: str) -> Any:
    """Either client on the real server."""
    return make(server.url, token=token)


@pytest.fixture
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pauses between tries are of no interest here."""
    monkeypatch.setattr(retry, "FIRST_PAUSE_S", 0.001)


@pytest.fixture(scope="module")
def content() -> bytes:
    """What is moved, where a module has nothing of its own."""
    return random.Random(7).randbytes(SIZE)


@pytest.fixture
def source(tmp_path: Path, content: bytes) -> Path:
    """A file of the module's content."""
    path = tmp_path / "source"
    path.write_bytes(content)
    return path


@pytest.fixture
def behind(proxy: FaultProxy, token: str) -> Iterator[Storage]:
    """A client behind the fault proxy."""
    with Storage(proxy.url, token=token) as client:
        yield client


@pytest.fixture
def published(server: RunningServer) -> Iterator[PublishedServer]:
    with PublishedServer(server.url) as running:
        yield running


@pytest.fixture
def proxy(server: RunningServer) -> Iterator[FaultProxy]:
    with FaultProxy(server.url) as running:
        yield running


class Waiting:
    """An object of an AsyncStorage whose calls are wrapped by `waiting`."""

    def __init__(self, wrapped: Any, waiting: Callable[[Any], Any]) -> None:
        self._wrapped = wrapped
        self._waiting = waiting

    def __getattr__(self, name: str) -> Any:
        return self._waiting(getattr(self._wrapped, name))


class Blocking:
    """An AsyncStorage on an event loop in a thread of its own, called without await."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever)
        self._wrapped = AsyncStorage(*arguments, **options)

    def __enter__(self) -> "Blocking":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._wait(self._wrapped.close())
        self._wait(self._loop.shutdown_default_executor())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def __getattr__(self, name: str) -> Any:
        return self._waiting(getattr(self._wrapped, name))

    @property
    def trash(self) -> Any:
        """The calls of the trash, without await."""
        return Waiting(self._wrapped.trash, self._waiting)

    def _waiting(self, found: Any) -> Any:
        return (lambda *given, **named: self._wait(found(*given, **named))) if callable(found) else found

    def iter_list(self, *arguments: Any) -> Iterator[str]:
        async def collect() -> list[str]:
            return [key async for key in self._wrapped.iter_list(*arguments)]

        return iter(self._wait(collect()))

    @contextlib.contextmanager
    def stream(self, *arguments: Any) -> Iterator[Iterator[bytes]]:
        async def collect() -> list[bytes]:
            async with self._wrapped.stream(*arguments) as chunks:
                return [chunk async for chunk in chunks]

        yield iter(self._wait(collect()))

    def _wait(self, coroutine: Any) -> Any:
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop).result(60)
