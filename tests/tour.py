"""The animated tour, screenshots/tour.gif, from the real app on the demo store: `python -m tests.tour`.

A tour is a list of steps: keys, what is to be seen after them, and how long one looks at it. Each step is one picture;
all share a palette, so that the file stays small.
"""

import asyncio
import io
import os
from dataclasses import dataclass
from typing import Any

from PIL import Image

from storage_tui.client.async_storage import AsyncStorage
from storage_tui.contract.keys import Location
from storage_tui.tui.app import StorageApp
from tests.stage import ROOT, Stage, demo_server, to_png

COLUMNS, ROWS = 110, 32
WIDTH = 880  # pixels; a README shows no more
COLOURS = 255
EXACT = 100  # of these: the most frequent ones, those of the screen and its words, stay as they are
MOST_BYTES = 1_500_000


@dataclass(frozen=True)
class Step:
    """Keys by Textual's names, words to wait for, seconds to look."""

    keys: tuple[str, ...]
    sees: tuple[str, ...]
    looks_s: float = 1.5


TOUR = (
    Step((), ("rasters", "types"), 2.0),
    Step(("slash", *"region"), ("regions",), 0.8),
    Step(("enter", "enter"), ("footprints", "⣀"), 2.0),
    Step(("space", "j", "j", "space", "M"), ("2 layers", "84 areas", "8 areas"), 1.5),
    Step(("n", "n", "n"), ("feature 3",), 2.0),
    Step(("q", "escape", "backspace", "slash", *"rast"), ("rasters",), 0.8),
    Step(("enter", "enter"), ("ndvi_", "GeoTIFF"), 1.0),
    Step(("j",), ("GeoTIFF", "nodata", "shades"), 2.5),
    Step(("enter",), ("reference", "zoom in", "pixels"), 1.5),
    Step(("plus", "plus"), ("zoom in", "pixels of 1:2"), 1.2),
    Step(("c", "right", "right"), ("band 1   ",), 2.0),
    Step(("q", "backspace", "slash", *"tabl"), ("tables",), 0.8),
    Step(("enter", "enter"), ("CSV", "columns"), 1.2),
    Step(("enter",), ("all rows",), 1.0),
    Step(("enter",), ("row 1 of",), 1.2),
    Step(("slash", *"moisture > 30", "enter"), ("where", "of 180 rows"), 2.0),
    Step((*"llllll", "right_square_bracket"), ("moisture: number",), 2.0),
    Step(("q", "q", "2"), ("expires",), 1.2),
    Step(("t",), ("clean-up", "expires on"), 2.0),
    Step(("space",), ("●",), 1.5),
    Step(("escape", "escape", "1", "backspace", "U"), ("usage", "━━━"), 2.5),
    Step(("escape", "question_mark"), ("Half a page",), 2.5),
)


async def film() -> list[tuple[bytes, float]]:
    """A PNG for each step, and how long it stays."""
    pictures = []
    with demo_server() as (home, url, token_file):
        async with AsyncStorage(url, token_file=token_file) as storage:
            app = StorageApp(
                storage, location=Location("data"), title="demo", state_dir=home / "state", theme="storage-dark"
            )
            async with app.run_test(size=(COLUMNS, ROWS)) as pilot:
                stage = Stage(pilot, home)
                for step in TOUR:
                    await stage.press(*step.keys)
                    await stage.see(*step.sees)
                    pictures.append((to_png(app.export_screenshot(title="storage-tui")), step.looks_s))
    return pictures


def animate(pictures: list[tuple[bytes, float]]) -> bytes:
    """The pictures as one GIF that begins again."""
    frames = []
    for png, _ in pictures:
        image = Image.open(io.BytesIO(png)).convert("RGB")
        frames.append(image.resize((WIDTH, round(image.height * WIDTH / image.width)), Image.Resampling.LANCZOS))
    strip = Image.new("RGB", (frames[0].width, sum(frame.height for frame in frames)))
    top = 0
    for frame in frames:
        strip.paste(frame, (0, top))
        top += frame.height
    counted: list[tuple[int, Any]] = strip.getcolors(strip.width * strip.height) or []
    frequent = [channel for _, colour in sorted(counted, reverse=True)[:EXACT] for channel in colour]
    others = strip.quantize(COLOURS - EXACT, method=Image.Quantize.MAXCOVERAGE, dither=Image.Dither.NONE)
    palette = Image.new("P", (1, 1))
    palette.putpalette(frequent + (others.getpalette() or [])[: 3 * (COLOURS - EXACT)])
    flat = [frame.quantize(palette=palette, dither=Image.Dither.NONE) for frame in frames]
    made = io.BytesIO()
    flat[0].save(
        made, "GIF", save_all=True, append_images=flat[1:], loop=0, optimize=True, disposal=1,
        duration=[round(looks_s * 1000) for _, looks_s in pictures],
    )  # fmt: skip
    return made.getvalue()


def main() -> None:
    """Write the tour."""
    os.environ["COLORTERM"] = "truecolor"
    made = animate(asyncio.run(film()))
    if len(made) > MOST_BYTES:
        raise SystemExit(f"the tour has {len(made):,} bytes, more than {MOST_BYTES:,}: fewer steps or colours")
    (ROOT / "screenshots" / "tour.gif").write_bytes(made)
    print(f"screenshots/tour.gif: {len(made):,} bytes, {len(TOUR)} pictures")


if __name__ == "__main__":
    main()
