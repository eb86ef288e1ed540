"""From the command to the first painted list, beside lf and ranger on a local folder of the same names; and from the
command to the first key obeyed."""

import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path

from storage_tui import Storage
from tests.benchmarks.programs import COMMAND, Row, compiled_environ, interleaved
from tests.benchmarks.terminal import OWN_TERMINAL
from tests.terminal import Terminal

ROUNDS = 7
PEERS = {"lf": [*OWN_TERMINAL, "lf"], "ranger": ["ranger", "--clean"]}
NAMES = [f"sample-{number:03}.csv" for number in range(60)]


def rows() -> Iterator[Row]:
    """Warm start: the embedded server runs, the byte code is compiled, the disk cache is warm."""
    with tempfile.TemporaryDirectory(prefix="storage-tui-benchmark-") as folder:
        home = Path(folder)
        environ = compiled_environ(home)
        local = home / "files"
        local.mkdir()
        with Storage(data_dir=home / "store" / "data") as storage:
            for name in NAMES:
                storage.set(name, name)
                (local / name).write_text(name)

            def start(command: Sequence[str]) -> float:
                with Terminal(command, environ=environ) as terminal:
                    return terminal.wait_for(NAMES[0])

            def first_key() -> float:
                with Terminal(COMMAND, environ=environ) as terminal:
                    terminal.wait_for(NAMES[0])
                    terminal.send("j")
                    return terminal.wait_for(f" 2/{len(NAMES)}")

            def first_command() -> float:
                with Terminal(COMMAND, environ=environ) as terminal:
                    terminal.wait_for(NAMES[0])
                    terminal.send("?")
                    return terminal.wait_for("In the main list")

            peers = {name: [*line, str(local)] for name, line in PEERS.items() if shutil.which(name)}
            runs = [partial(start, command) for command in (COMMAND, *peers.values())]
            for run in runs:
                run()
            ours, *theirs = interleaved(ROUNDS, *runs)
            key, command = interleaved(ROUNDS, first_key, first_command)
            yield Row("start to first list", f"{ours * 1000:.0f} ms",
                      ", ".join(f"{name} {peer * 1000:.0f} ms" for name, peer in zip(peers, theirs, strict=True)),
                      "under lf's, half of ranger's")  # fmt: skip
            yield Row("start to the first `j` obeyed; to `?`", f"{key * 1000:.0f} ms; {command * 1000:.0f} ms", "",
                      "< 300 ms; < 1 s")  # fmt: skip

        def help_text() -> float:
            started = time.perf_counter()
            subprocess.run([*COMMAND, "--help"], env=environ, check=True, capture_output=True)
            return time.perf_counter() - started

        (seconds,) = interleaved(ROUNDS, help_text)
        yield Row("storage-tui --help", f"{seconds * 1000:.0f} ms", "", "< 150 ms")
