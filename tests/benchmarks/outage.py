"""Large blobs each way while their server is killed for 20 seconds: how many arrive whole without anybody's help."""

import hashlib
import os
import random
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path

from storage_tui import Storage
from storage_tui.client.agent.place import AgentPlace
from storage_tui.contract.sizes import size_text
from storage_tui.machine import directories
from tests.agents import ended_at_last
from tests.benchmarks.programs import COMMAND, Row, compiled_environ
from tests.server.running import RunningServer
from tests.terminal import Terminal

SIZE_BYTES = int(os.environ.get("BENCHMARK_BYTES", 1024**3))
ROUNDS = int(os.environ.get("BENCHMARK_ROUNDS", 50))
AWAY_S = 20.0
LONGEST_S = 600.0
LOOK_S = 0.05
BLOCK_BYTES = 16 * 1024 * 1024
_PYTHON = """
import sys
from storage_tui import Storage
verb, url, token, path = sys.argv[1:]
with Storage(url, token_file=token) as storage:
    getattr(storage, verb)("big", path)
"""


@dataclass(frozen=True)
class _Place:
    """Where one transfer takes place: its server, a token for it, a folder of its own, and the file to send or make."""

    server: RunningServer
    token_file: Path
    home: Path
    path: Path

    def access(self) -> list[str]:
        return ["--url", self.server.url, "--token-file", str(self.token_file)]

    def storage(self) -> Storage:
        return Storage(self.server.url, token_file=self.token_file)

    def bytes_moved(self) -> int:
        """Return the bytes that lie on the disk by now, at whichever end they arrive."""
        return sum(
            path.stat().st_blocks * 512
            for folder in (self.server.data_dir, self.home)
            for path in folder.rglob("*")
            if path.is_file()
        )

    def has_arrived(self) -> bool:
        """Return whether the blob has its name at the end where it goes to."""
        if self.path.parent == self.home:
            return self.path.exists()
        with self.storage() as storage:
            return storage.exists("big")


HasEnded = Callable[[], bool]
Begin = Callable[[_Place], AbstractContextManager[HasEnded]]


@contextmanager
def _program(place: _Place, words: list[str]) -> Iterator[HasEnded]:
    with subprocess.Popen(
        words, env=compiled_environ(place.home), cwd=place.home, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as process:
        yield lambda: process.poll() is not None
        process.kill()


def _command(*words: str) -> Begin:
    return lambda place: _program(
        place, [*COMMAND, *(word.format(path=place.path) for word in words), *place.access()]
    )  # fmt: skip


def _call(verb: str) -> Begin:
    return lambda place: _program(
        place, [sys.executable, "-c", _PYTHON, verb, place.server.url, str(place.token_file), str(place.path)]
    )


def _browser(*keys: str, shown: str) -> Begin:
    """Press the keys in the real browser once it shows a text; it has ended when the blob has arrived."""

    @contextmanager
    def begin(place: _Place) -> Iterator[HasEnded]:
        environ = compiled_environ(place.home)
        state = place.home / "store" / "state"
        agent = AgentPlace(state, directories.runtime_dir(state))
        with ended_at_last(agent), Terminal(
            [*COMMAND, "browse", "data:", *place.access()], environ=environ, cwd=place.home
        ) as terminal:  # fmt: skip
            terminal.wait_for("? help")
            terminal.wait_for(shown)
            for key in keys:
                terminal.send(key.format(path=place.path))
                if said := {"d": "Download", "u": "Upload", "{path}": str(place.path)}.get(key):
                    terminal.wait_for(said)
            yield place.has_arrived

    return begin


UP: dict[str, Begin] = {
    "put": _command("put", "{path}", "big"),
    "set_file": _call("set_file"),
    "uploaded by the browser": _browser("u", "{path}", "enter", shown="Empty"),
}
DOWN: dict[str, Begin] = {
    "get": _command("get", "big", "{path}"),
    "get_file": _call("get_file"),
    "downloaded by the browser": _browser("d", "enter", shown="big"),
}


def rows() -> Iterator[Row]:
    """A row for each way to move a blob, up and down."""
    with tempfile.TemporaryDirectory(prefix="storage-tui-benchmark-") as folder:
        home = Path(folder)
        source = home / "big"
        block = random.Random(1).randbytes(BLOCK_BYTES)
        with source.open("wb") as file:
            for start in range(0, SIZE_BYTES, len(block)):
                file.write(block[: SIZE_BYTES - start])
        digest = _digest(source)
        for name, begin in (UP | DOWN).items():
            results = [_one(home / f"round-{number}", source, digest, begin) for number in range(ROUNDS)]
            times = [seconds for is_whole, seconds in results if is_whole]
            what = f"{size_text(SIZE_BYTES)}, {name}, the server killed for {AWAY_S:.0f} s meanwhile"
            took = f", median {statistics.median(times):.1f} s" if times else ""
            yield Row(what, f"{len(times)} of {ROUNDS} whole{took}", "", f"{ROUNDS} of {ROUNDS}")


def _one(home: Path, source: Path, digest: str, begin: Begin) -> tuple[bool, float]:
    """Move the blob once; return whether it arrived whole, and the seconds."""
    is_up = begin in UP.values()
    server = RunningServer(home / "data")
    (home / "home").mkdir(parents=True)
    server.start()
    try:
        token_file = home / "token"
        token_file.touch(0o600)
        token_file.write_text(server.token(valid_for=timedelta(hours=4)))
        place = _Place(server, token_file, home / "home", source if is_up else home / "home" / "big")
        if not is_up:
            with place.storage() as storage:
                storage.set_file("big", source)
        started, before = time.perf_counter(), place.bytes_moved()
        with begin(place) as has_ended:
            _wait(lambda: place.bytes_moved() - before >= SIZE_BYTES * random.uniform(0.2, 0.6))
            server.stop(signal.SIGKILL)
            time.sleep(AWAY_S)
            server.start()
            _wait(has_ended)
        seconds = time.perf_counter() - started
        if is_up:
            place = replace(place, path=home / "home" / "big")
            with place.storage() as storage:
                storage.get_file("big", place.path)
        return place.path.exists() and _digest(place.path) == digest, seconds
    finally:
        server.stop()
        shutil.rmtree(home)


def _wait(is_so: Callable[[], bool]) -> None:
    """Look until it is so, at most LONGEST_S."""
    until = time.monotonic() + LONGEST_S
    while not is_so():
        if time.monotonic() > until:
            raise TimeoutError("the transfer neither went on nor ended")
        time.sleep(LOOK_S)


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
