"""A real server that is killed and started again, a proxy before it that cuts, and the run of a state machine."""

import contextlib
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis.stateful import RuleBasedStateMachine

from tests.effort import count
from tests.faults.proxy import FaultProxy
from tests.server.running import RunningServer


@dataclass
class Parts:
    """A real server, killed and started again at will, and a proxy before it that cuts."""

    folder: Path
    server: RunningServer = field(init=False)
    proxy: FaultProxy = field(init=False)
    restarts: int = 0

    def __enter__(self) -> "Parts":
        self.server = RunningServer(self.folder / "store")
        self.server.start()
        self.proxy = FaultProxy(self.server.url)
        self.proxy.__enter__()
        return self

    def __exit__(self, *_: object) -> None:
        self.proxy.__exit__(None, None, None)
        self.server.stop()

    def restart(self, number: int) -> None:
        """End the server by a signal and start it again."""
        self.server.stop(number)
        self.server.start()
        self.restarts += 1


@contextlib.contextmanager
def parts() -> Iterator[Parts]:
    """Both, in a folder of their own, until the end of the block."""
    folder = Path(tempfile.mkdtemp())
    try:
        with Parts(folder) as running:
            yield running
    finally:
        shutil.rmtree(folder)


def run_machine(machine: type[RuleBasedStateMachine], examples: int, steps: int) -> None:
    """Let hypothesis try so many sequences of calls, and shrink the one that breaks."""
    case: Any = machine.TestCase
    case.settings = settings(
        max_examples=examples, stateful_step_count=steps, deadline=None, suppress_health_check=list(HealthCheck),
        database=None,
        derandomize=count(1, 1, 0) == 1,
    )  # fmt: skip
    case().runTest()
