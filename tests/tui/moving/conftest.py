"""A transfer agent of the test's own for browsers under Pilot."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from storage_tui.client.agent.place import AgentPlace
from tests.agents import SOME_S, ended_at_last


@pytest.fixture
def place(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, runtime_base: Path) -> Iterator[AgentPlace]:
    monkeypatch.setenv("STORAGE_TUI_HOME", str(tmp_path / "own"))
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(runtime_base))
    monkeypatch.setenv("STORAGE_TUI_LINGER", SOME_S)
    with ended_at_last(AgentPlace.here()) as found:
        yield found
