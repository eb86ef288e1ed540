"""The first useful preview of every format and of blobs of gigabytes, and the cursor held down over 500 blobs."""

import asyncio
import statistics
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from storage_tui import AsyncStorage, Storage
from storage_tui.contract.models import Blob
from storage_tui.contract.sizes import size_text
from storage_tui.previews import Source, close, preview
from storage_tui.previews.base import HEADER_BUDGET, THUMBNAIL_BUDGET
from tests.benchmarks.large_blobs import LARGE, seed_large
from tests.benchmarks.link import Link
from tests.benchmarks.programs import COMMAND, Row, compiled_environ, serving
from tests.gallery import parquet
from tests.previews.samples import SAMPLES
from tests.terminal import Terminal

ROUNDS = 9
ROUND_TRIP_S = 0.08
HELD = 500
KEYS_PER_S = (30, 14)  # what a held key repeats at: by default, and set slow
PICTURES = frozenset({"PNG", "JPEG", "WebP", "GIF", "BMP", "TIFF", "GeoTIFF", "Parquet", "Arrow"})


@dataclass(frozen=True)
class Cost:
    """Of one first preview."""

    kind: str
    requests: int
    size_bytes: int
    seconds: float
    is_damaged: bool


class Wire(Terminal):
    """A terminal that tells when a key has painted."""

    def press(self, key: str) -> float:
        """The seconds from a key to the first bytes that it has painted."""
        with self._changed:
            mark, begun = len(self.raw), time.perf_counter()
            self.send(key)
            while len(self.raw) == mark:
                if not self._changed.wait(5):
                    raise AssertionError(f"{key} paints nothing")
            return time.perf_counter() - begun


def rows() -> Iterator[Row]:
    """Seed, serve, look."""
    with tempfile.TemporaryDirectory(prefix="storage-tui-benchmark-") as folder:
        home = Path(folder)
        data_dir = home / "store" / "data"
        data_dir.parent.mkdir()
        seed_large(data_dir)
        with serving(data_dir) as server:
            with Storage(server.url, token_file=server.token_file) as storage:
                for kind, (make, _) in SAMPLES.items():
                    storage.set(f"samples/{kind}", make())
                storage.set("samples/Parquet with rows", parquet())
                contents = [make() for make, _ in SAMPLES.values()]
                for number in range(HELD):
                    storage.set(f"mixed/{number:03}", contents[number % len(contents)])
            with Link(server.url, ROUND_TRIP_S) as link:
                near = asyncio.run(_costs(server.url, server.token_file))
                far = asyncio.run(_costs(link.url, server.token_file))
            yield from _table(near, far)
        for rate in KEYS_PER_S:
            yield _held(home, data_dir, rate)


async def _costs(url: str, token_file: Path) -> dict[str, Cost]:
    keys = [*(f"samples/{kind}" for kind in SAMPLES), "samples/Parquet with rows", *LARGE]
    found: dict[str, list[Cost]] = {key: [] for key in keys}
    try:
        async with AsyncStorage(url, token_file=token_file) as storage:
            for number in range(ROUNDS + 1):
                for key in keys:
                    cost = await _cost(storage, await storage.stat(key))
                    if number:  # the first round starts the decoder and opens the connection
                        found[key].append(cost)
    finally:
        await close()
    return {key: sorted(costs, key=lambda cost: cost.seconds)[len(costs) // 2] for key, costs in found.items()}


async def _cost(storage: AsyncStorage, blob: Blob) -> Cost:
    source = Source(storage, blob)
    begun = time.perf_counter()
    shown = await preview(source, width=60, height=30)
    return Cost(shown.kind, source.requests, source.bytes_read, time.perf_counter() - begun, shown.is_damaged)


def _table(near: dict[str, Cost], far: dict[str, Cost]) -> Iterator[Row]:
    for key, cost in near.items():
        is_picture = cost.kind in PICTURES
        budget = (
            f"4 requests, {size_text(THUMBNAIL_BUDGET.size_bytes)}"
            if is_picture
            else f"2 requests, {size_text(HEADER_BUDGET.size_bytes)}"
        )
        limit = 3 * ROUND_TRIP_S + 0.06
        target = f"{budget}, < 60 ms, < {limit * 1000:.0f} ms"
        slow = far[key].seconds
        name = f"{cost.kind}, {key}" if key in LARGE else cost.kind
        damaged = ", DAMAGED" if cost.is_damaged else ""
        told = f"{cost.requests}, {size_text(cost.size_bytes)}, {cost.seconds * 1000:.1f} ms, {slow * 1000:.0f} ms"
        yield Row(f"first preview of {name}", told + damaged, "", target)
    worst, worst_far = max(cost.seconds for cost in near.values()), max(cost.seconds for cost in far.values())
    yield Row("slowest first preview", f"{worst * 1000:.0f} ms, {worst_far * 1000:.0f} ms", "", "< 60 ms, < 300 ms")


def _held(home: Path, data_dir: Path, rate: int) -> Row:
    environ = {**compiled_environ(home), "COLORTERM": "truecolor"}
    waits: list[float] = []
    with Wire([*COMMAND, "--data-dir", str(data_dir), "data:mixed/"], environ=environ) as terminal:
        terminal.wait_for("? help")  # of the browser; the list before it has no footer
        terminal.wait_for(f"1/{HELD}")
        time.sleep(1)  # the first preview and the counters of the types are painted by then
        terminal.is_drawing = False
        for _ in range(2, HELD + 1):
            took = terminal.press("down")
            waits.append(took)
            time.sleep(max(0.0, 1 / rate - took))
        terminal.is_drawing = True
        terminal.send("R")  # the whole screen: what was not drawn is drawn now
        terminal.wait_for(f"{HELD}/{HELD}")
    ninety_nine = statistics.quantiles(waits, n=100)[98]
    return Row(f"cursor held over {HELD} mixed blobs, {rate} keys a second, key to paint, median and p99",
              f"{statistics.median(waits) * 1000:.1f} ms, {ninety_nine * 1000:.1f} ms", "", "p99 < 35 ms")  # fmt: skip
