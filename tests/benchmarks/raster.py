"""The raster viewer on a COG of 14.5 GB: first picture, zoom and pan steps, near and far; keys while tiles arrive."""

import asyncio
import statistics
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from storage_tui import AsyncStorage
from storage_tui.contract.sizes import size_text
from storage_tui.previews import Source, close
from storage_tui.previews.raster.opening import open_raster
from storage_tui.previews.raster.windows.shown import Picture, Style
from storage_tui.previews.raster.windows.view import View
from tests.benchmarks.large_blobs import seed_large
from tests.benchmarks.link import Link
from tests.benchmarks.previews import Wire
from tests.benchmarks.programs import COMMAND, Row, compiled_environ, serving
from tests.previews.raster.test_windows import large_cog

ROUNDS = 7
ROUND_TRIP_S = 0.1
COLUMNS, ROWS = 164, 56  # the room of a picture in a terminal of 200 by 60 cells
PRESSES = 200
PAUSE_S = 0.04
KEY = "large/cog.tif"
STYLE = Style((0,), "range", "viridis")
GROUND = bytes(3)
STEPS = ("first picture", "sharp picture of the whole", "zoom step", "pan step", "step back (kept)")
TARGETS = ("4 requests, 1 MiB, < 100 ms near", "", "< 150 ms near, 3 round trips far",
           "< 150 ms near, 3 round trips far", "no request")  # fmt: skip


@dataclass(frozen=True)
class Cost:
    """Of one picture."""

    seconds: float
    requests: int
    size_bytes: int


def write_cog(path: Path) -> None:
    """The directories of the COG, and a hole for its tiles."""
    head, size = large_cog()
    with path.open("wb") as file:
        file.write(head)
        file.truncate(size)


def rows() -> Iterator[Row]:
    """Seed, serve, look around."""
    with tempfile.TemporaryDirectory(prefix="storage-tui-benchmark-") as folder:
        home = Path(folder)
        data_dir = home / "store" / "data"
        data_dir.parent.mkdir()
        seed_large(data_dir, {KEY: write_cog})
        with serving(data_dir) as server:
            near = asyncio.run(_walks(server.url, server.token_file))
            with Link(server.url, ROUND_TRIP_S) as link:
                far = asyncio.run(_walks(link.url, server.token_file))
        for step, target in zip(STEPS, TARGETS, strict=True):
            close_by, away = near[step], far[step]
            cost = (
                f"{close_by.requests} requests, {size_text(close_by.size_bytes)}, {close_by.seconds * 1000:.0f} ms near"
            )
            told = f"{cost}, {away.seconds * 1000:.0f} ms at {ROUND_TRIP_S * 1000:.0f} ms"
            yield Row(f"a COG of 14.5 GB in {COLUMNS} × {ROWS} cells: {step}", told, "", target)
        yield _keys(home, data_dir)


async def _walks(url: str, token_file: Path) -> dict[str, Cost]:
    found: dict[str, list[Cost]] = {step: [] for step in STEPS}
    try:
        async with AsyncStorage(url, token_file=token_file) as storage:
            for number in range(ROUNDS + 1):
                costs = await _walk(storage)
                if number:  # the first round starts the decoder and opens the connection
                    for step, cost in zip(STEPS, costs, strict=True):
                        found[step].append(cost)
    finally:
        await close()
    return {step: sorted(costs, key=lambda cost: cost.seconds)[len(costs) // 2] for step, costs in found.items()}


async def _walk(storage: AsyncStorage) -> list[Cost]:
    source = Source(storage, await storage.stat(KEY))
    costs = []

    async def measured(read: Callable[[], Awaitable[Picture]]) -> None:
        begun, requests, size = time.perf_counter(), source.requests, source.bytes_read
        await read()
        costs.append(Cost(time.perf_counter() - begun, source.requests - requests, source.bytes_read - size))

    view = View(73_728, 73_728, COLUMNS, ROWS).fit()

    async def first() -> Picture:
        nonlocal reader
        reader = await open_raster(source)
        return await reader.picture(view, STYLE, across=2, ground=GROUND, is_first=True)

    reader = None
    await measured(first)
    assert reader is not None
    closer = view.zoomed(1 / 32)
    for seen in (view, closer, closer.moved(COLUMNS // 8, 0), closer):
        await measured(lambda seen=seen: reader.picture(seen, STYLE, across=2, ground=GROUND))
    return costs


def _keys(home: Path, data_dir: Path) -> Row:
    """Press pan and zoom keys in the real program while tiles arrive, and take the time until something is painted."""
    environ = {**compiled_environ(home), "COLORTERM": "truecolor"}
    waits: list[float] = []
    with Wire([*COMMAND, "--data-dir", str(data_dir), "data:large/"], environ=environ) as terminal:
        terminal.wait_for("? help")
        terminal.wait_for("overviews")  # the preview: the list has a cursor now
        terminal.send("enter")
        terminal.wait_for("zoom in")
        terminal.wait_for("least")
        for _ in range(5):
            terminal.send("plus")
            time.sleep(0.3)
        terminal.is_drawing = False
        for number in range(PRESSES):
            took = terminal.press("ljhk"[number // 8 % 4])
            waits.append(took)
            time.sleep(max(0.0, PAUSE_S - took))
    parts = statistics.quantiles(waits, n=100)
    return Row(f"key to paint in the raster viewer while tiles arrive, {PRESSES} steps, median and p99",
               f"{parts[49] * 1000:.1f} ms, {parts[98] * 1000:.1f} ms", "", "p99 < 35 ms")  # fmt: skip
