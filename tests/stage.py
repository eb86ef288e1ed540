"""The stage for pictures and tours: the real app on the real demo store, driven by scenes.

A scene is a function that drives the app with keys and waits for what it wants to see; its name is the picture's.
"""

import os
import re
import subprocess
import tempfile
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import sha1
from pathlib import Path

from textual.pilot import Pilot

from storage_tui import Storage
from storage_tui.client.async_storage import AsyncStorage
from storage_tui.contract.keys import Location
from storage_tui.demo import build_demo
from storage_tui.tui.app import StorageApp
from tests.benchmarks.programs import serving
from tests.faults.proxy import Fault, FaultProxy
from tests.gallery import GALLERY

ROOT = Path(__file__).parent.parent
NAMESPACE = sha1(b"local").hexdigest()
PATIENCE = 200  # looks at the screen before a scene gives up, a tenth of a second apart
BIG_BYTES = 96 * 1024 * 1024

Act = Callable[["Stage"], Awaitable[None]]
SCENES: dict[str, "Scene"] = {}


@dataclass(frozen=True)
class Scene:
    """A look at the app: what is done to get there, the size in cells, and where it starts."""

    act: Act
    columns: int
    rows: int
    start: str
    fault: Fault


@dataclass
class Stage:
    """The running app of a scene."""

    pilot: Pilot[None]
    home: Path

    async def press(self, *keys: str) -> None:
        """Type keys by Textual's names."""
        await self.pilot.press(*keys)

    async def see(self, *wanted: str) -> None:
        """Until the screen shows every one of the words."""
        for _ in range(PATIENCE):
            await self.pilot.pause(0.1)
            text = self.text()
            if all(word in text for word in wanted):
                return
        raise AssertionError(f"{wanted} did not appear:\n{self.text()}")

    def text(self) -> str:
        """The screen as lines of text."""
        strips = self.pilot.app.screen._compositor.render_strips()
        return "\n".join(strip.text for strip in strips)


def scene(columns: int = 120, rows: int = 40, start: str = "data:", fault: Fault | None = None) -> Callable[[Act], Act]:
    """Add the function to SCENES under its name."""

    def add(act: Act) -> Act:
        SCENES[act.__name__] = Scene(act, columns, rows, start, fault or Fault())
        return act

    return add


@contextmanager
def demo_server() -> Iterator[tuple[Path, str, Path]]:
    """The demo store, with one blob large enough to watch, behind a real server; yields home, URL, token file."""
    with tempfile.TemporaryDirectory(prefix="storage-tui-pictures-") as folder:
        home = Path(folder)
        build_demo(home / "store", namespace=NAMESPACE)
        with serving(home / "store") as server:
            with Storage(server.url, token_file=server.token_file) as storage:
                big = home / "big"
                big.write_bytes(os.urandom(1024 * 1024) * (BIG_BYTES // 1024 // 1024))
                storage.set_file("big/scene.tif", big)
                for name, (file, make, _) in GALLERY.items():
                    storage.set(f"gallery/{name}/{file}", make())
            yield home, server.url, server.token_file


async def play(row: Scene, home: Path, url: str, token_file: Path) -> str:
    """Play a scene to its end; returns the screen as SVG."""
    with FaultProxy(url) as proxy:
        proxy.default = row.fault
        async with AsyncStorage(proxy.url, token_file=token_file) as storage:
            app = StorageApp(
                storage,
                location=Location.parse(row.start),
                title="demo",
                state_dir=home / "state",
                theme="storage-dark",
            )
            async with app.run_test(size=(row.columns, row.rows)) as pilot:
                await row.act(Stage(pilot, home))
                return app.export_screenshot(title="storage-tui")


FONT = "Fira Code"  # which the SVG names; Debian: fonts-firacode


def to_png(svg: str) -> bytes:
    """The SVG as a PNG, in a font of this machine."""
    import resvg_py

    known = subprocess.run(["fc-list", ":", "family"], capture_output=True, text=True, check=True).stdout
    assert FONT in known, f"install the font {FONT}: without it the pictures have no text"
    svg = re.sub(r"@font-face\s*\{[^}]*\}", "", svg)
    return bytes(resvg_py.svg_to_bytes(svg_string=svg, monospace_family=FONT, zoom=1.0))
