"""Transfer agents of tests: each has a home of its own, and is ended by the test that began it."""

import json
import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from storage_tui.client.agent.link import AgentLink
from storage_tui.client.agent.place import AgentPlace
from storage_tui.client.agent.snapshots import JobSnapshot
from tests.waits import wait_until

SOME_S = "20"  # an agent stays so long without clients: no test waits for less, or for the end of it


def pid_of(place: AgentPlace) -> int:
    """The process of the agent that lives."""
    wait_until(lambda: place.is_alive() and "pid" in place.note(), "an agent lives")
    return int(json.loads(place.lock.read_bytes())["pid"])


def kill(place: AgentPlace, number: int = signal.SIGKILL) -> None:
    """End the agent, and wait for its end."""
    os.kill(pid_of(place), number)
    wait_until(lambda: not place.is_alive(), "the agent has ended")


@contextmanager
def ended_at_last(place: AgentPlace) -> Iterator[AgentPlace]:
    """Within the block agents may begin; none is left after it."""
    try:
        yield place
    finally:
        while place.is_alive():
            with suppress(ProcessLookupError):
                kill(place, signal.SIGTERM)


def environ_of(home: Path, runtime: Path) -> dict[str, str]:
    """The environment of a user with this home folder: nothing of whoever runs the tests."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("STORAGE_TUI", "DESCARTESLABS"))}
    return {
        **kept, "HOME": str(home), "STORAGE_TUI_HOME": str(home / "own"), "XDG_RUNTIME_DIR": str(runtime),
        "STORAGE_TUI_LINGER": SOME_S, "TERM": "xterm-256color",
    }  # fmt: skip


def ended(link: AgentLink, job: int) -> JobSnapshot:
    """Wait until the job has ended."""
    found: list[JobSnapshot] = []

    def look() -> bool:
        found[:] = [row for row in link.news().jobs if row.id == job]
        return bool(found) and not found[0].is_active

    wait_until(look, f"job {job} has ended")
    return found[0]


def moved(link: AgentLink, job: int, at_least: int = 1) -> JobSnapshot:
    """Wait until so many bytes of the job have moved, and it is under way."""
    found: list[JobSnapshot] = []

    def look() -> bool:
        found[:] = [
            row for row in link.news().jobs if row.id == job and (row.done_bytes >= at_least or not row.is_active)
        ]
        return bool(found)

    wait_until(look, f"{at_least} bytes of job {job} have moved")
    assert found[0].is_active, f"it has ended too soon for this test: {found[0]}"
    return found[0]
