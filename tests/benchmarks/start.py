"""From the command to the first painted list, beside ranger on a local folder of the same names."""

import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from storage_tui import Storage
from tests.benchmarks.programs import COMMAND, Row, compiled_environ, interleaved
from tests.terminal import Terminal

ROUNDS = 7
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

            def browser() -> float:
                with Terminal(COMMAND, environ=environ) as terminal:
                    return terminal.wait_for(NAMES[0])

            def ranger() -> float:
                with Terminal(["ranger", "--clean", str(local)], environ=environ) as terminal:
                    return terminal.wait_for(NAMES[0])

            browser()
            if shutil.which("ranger"):
                ranger()
                ours, peer = interleaved(ROUNDS, browser, ranger)
                yield Row("start to first list", f"{ours * 1000:.0f} ms", f"ranger {peer * 1000:.0f} ms",
                          f"{ours / peer:.2f} x ranger, wanted < 0.5")  # fmt: skip
            else:
                (ours,) = interleaved(ROUNDS, browser)
                yield Row("start to first list", f"{ours * 1000:.0f} ms", "ranger is not installed")

        def help_text() -> float:
            started = time.perf_counter()
            subprocess.run([*COMMAND, "--help"], env=environ, check=True, capture_output=True)
            return time.perf_counter() - started

        (seconds,) = interleaved(ROUNDS, help_text)
        yield Row("storage-tui --help", f"{seconds * 1000:.0f} ms", "", "< 150 ms")
