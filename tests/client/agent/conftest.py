"""An agent of the test's own, on a real server behind a proxy that can be slow."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from storage_tui import Storage
from storage_tui.client.agent import stores
from storage_tui.client.agent.handed import Fields
from storage_tui.client.agent.link import AgentLink
from storage_tui.client.agent.place import AgentPlace
from storage_tui.client.batch.plan import BatchItem
from storage_tui.client.transfer.conflict import Conflict
from tests.agents import SOME_S, ended_at_last
from tests.faults.proxy import FaultProxy


@pytest.fixture
def place(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, runtime_base: Path) -> Iterator[AgentPlace]:
    monkeypatch.setenv("STORAGE_TUI_HOME", str(tmp_path / "own"))
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(runtime_base))
    monkeypatch.setenv("STORAGE_TUI_LINGER", SOME_S)
    with ended_at_last(AgentPlace.here()) as found:
        yield found


@pytest.fixture
def link(place: AgentPlace) -> Iterator[AgentLink]:
    with AgentLink.open(place) as found:
        yield found


@pytest.fixture
def token_file(tmp_path: Path, token: str) -> Path:
    path = tmp_path / "token"
    path.touch(0o600)
    path.write_text(token)
    return path


@pytest.fixture
def fields(proxy: FaultProxy, token_file: Path) -> Fields:
    """The server behind the proxy, as a program with a token file names it."""
    with Storage(proxy.url, token_file=token_file) as client:
        return stores.fields_of(client.engine.server)


def download(
    key: str, path: Path, *, conflict: Conflict = Conflict.OVERWRITE, size: int | None = None, root: Path | None = None
) -> BatchItem:
    return BatchItem("download", "data", key, path, size, root, conflict=conflict)


def upload(path: Path, key: str, *, conflict: Conflict = Conflict.OVERWRITE) -> BatchItem:
    return BatchItem("upload", "data", key, path, path.stat().st_size if path.exists() else None, conflict=conflict)
