"""Pictures in pixels: what is written is what was asked for, our own bytes alone, and gone when it is left."""

import base64
import io
import os
import re
import sys
import zlib
from pathlib import Path

import pytest
from PIL import Image

from storage_tui import Storage
from storage_tui.previews.base import Pixels
from storage_tui.tui.terminal.graphics import KITTY_ID, Graphics, encode
from tests.terminal import Terminal

RED, BLUE = (220, 20, 20), (20, 20, 220)
HALVES = Pixels(80, 48, bytes([*RED] * 40 + [*BLUE] * 40) * 48, 10, 3)
CELL = (8, 16)

_COMMAND = re.compile(rb"\x1b_G([^;]*);([^\x1b]*)\x1b\\")
_SIXEL = re.compile(rb"\x1bP0;1;0q([!-~]*)\x1b\\")


def kitty_pixels(raw: bytes) -> tuple[dict[str, str], bytes]:
    """The parameters and the RGB of the first picture in a stream."""
    commands = [(keys.decode(), body) for keys, body in _COMMAND.findall(raw) if b"a=d" not in keys]
    first = next(at for at, (keys, _) in enumerate(commands) if "a=T" in keys)
    parameters = dict(pair.split("=") for pair in commands[first][0].split(","))
    payload = b""
    for keys, body in commands[first:]:
        payload += body
        if "m=0" in keys:
            break
    return parameters, zlib.decompress(base64.b64decode(payload))


def sixel_pixels(body: str) -> tuple[int, int, dict[tuple[int, int], tuple[int, int, int]]]:
    """What a terminal draws of a sixel picture: width, height, colours in percent by column and row."""
    raster = re.match(r'"1;1;(\d+);(\d+)', body)
    assert raster is not None
    colours: dict[int, tuple[int, int, int]] = {}
    drawn: dict[tuple[int, int], tuple[int, int, int]] = {}
    x = band = colour = 0
    for token in re.finditer(r"#(\d+)(?:;2;(\d+);(\d+);(\d+))?|!(\d+)([?-~])|([?-~])|([$-])", body[raster.end() :]):
        number, red, green, blue, count, repeated, single, move = token.groups()
        if number is not None:
            colour = int(number)
            if red is not None:
                colours[colour] = int(red), int(green), int(blue)
        elif move is not None:
            x, band = 0, band + (move == "-")
        else:
            bits, stop = ord(repeated or single) - 63, x + int(count or 1)
            rows = [band * 6 + bit for bit in range(6) if bits >> bit & 1]
            drawn.update({(column, row): colours[colour] for column in range(x, stop) for row in rows})
            x = stop
    return int(raster[1]), int(raster[2]), drawn


def test_kitty_takes_the_pixels_as_they_are() -> None:
    parameters, rgb = kitty_pixels(encode("kitty", HALVES, CELL).encode())
    assert rgb == HALVES.rgb
    assert (parameters["s"], parameters["v"], parameters["c"], parameters["r"]) == ("80", "48", "10", "3")
    assert parameters["q"] == "2"  # the terminal answers nothing


def test_a_sixel_picture_draws_each_pixel_once_in_its_colour() -> None:
    found = re.fullmatch(r"\x1bP0;1;0q([!-~]*)\x1b\\", encode("sixel", HALVES, CELL))
    assert found is not None
    width, height, drawn = sixel_pixels(found[1])
    assert (width, height) == (80, 48) and len(drawn) == 80 * 48
    assert drawn[5, 30][0] > 80 > drawn[5, 30][2] and drawn[75, 47][2] > 80 > drawn[75, 47][0]


@pytest.mark.parametrize(
    "foreign", ["", "\x1b]52;c;aGk=\x07", "\x1b_Ga=T;AAAA\x1b\\\x1b[2J", "\x1bP0;1;0q#0\x1b\\\n", "x"]
)
@pytest.mark.parametrize("kind", ["kitty", "sixel", "blocks"])
def test_nothing_else_goes_out_through_the_door(kind: str, foreign: str) -> None:
    written: list[str] = []
    with pytest.raises(ValueError):
        Graphics(written.append).show(kind, foreign, column=0, row=0)  # type: ignore[arg-type]
    assert not written


@pytest.fixture
def environ(tmp_path: Path) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("STORAGE_TUI_")}
    return kept | {"HOME": str(tmp_path), "STORAGE_TUI_HOME": str(tmp_path / "home"), "TERM": "xterm-256color",
                   "COLORTERM": "truecolor", "STORAGE_TUI_LINGER": "0"}  # fmt: skip


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    output = io.BytesIO()
    image = Image.new("RGB", (80, 48), BLUE)
    image.paste(RED, (0, 0, 40, 48))
    image.save(output, "PNG")
    with Storage(data_dir=tmp_path / "home" / "data") as storage:
        storage.set("a.png", output.getvalue())
    return tmp_path


class Wire(Terminal):
    """A terminal that keeps the bytes and draws no pictures."""

    def _draw(self, chunk: bytes) -> None:
        """Nothing: the emulated screen knows neither protocol."""

    def until(self, wanted: bytes, start: int = 0) -> int:
        """Wait until the program has written this after `start`; returns where it ends."""
        with self._changed:
            assert self._changed.wait_for(lambda: wanted in self.raw[start:], 30), bytes(self.raw[-600:])
            return self.raw.index(wanted, start) + len(wanted)


def test_kitty_draws_when_the_setting_says_so_and_clears_when_it_is_left(
    picture: Path, environ: dict[str, str]
) -> None:
    command = [sys.executable, "-m", "storage_tui", "data:"]
    with Wire(command, environ=environ | {"STORAGE_TUI_GRAPHICS": "kitty"}) as terminal:
        terminal.until(b"a.png")
        terminal.until(b"48;2;220;20;20m")  # the preview beside the list stays in blocks
        terminal.send("enter")
        drawn = terminal.until(b"m=0;")
        terminal.until(b"\x1b8", drawn)
        parameters, rgb = kitty_pixels(bytes(terminal.raw))
        assert len(rgb) == int(parameters["s"]) * int(parameters["v"]) * 3
        assert rgb[:3] == bytes(RED) and rgb[-3:] == bytes(BLUE)
        place = terminal.raw.index(b"\x1b7\x1b[")
        assert re.match(rb"\x1b7\x1b\[\d+;1H\x1b_G", terminal.raw[place : place + 20])
        terminal.send("q")
        terminal.until(b"\x1b_Ga=d,d=I,i=%d,q=2;\x1b\\" % KITTY_ID, drawn)
        terminal.send("q")
        assert terminal.wait_for_exit() == 0


def test_sixel_is_painted_over_and_blocks_are_the_default(picture: Path, environ: dict[str, str]) -> None:
    with Wire([sys.executable, "-m", "storage_tui", "data:"], environ=environ) as terminal:
        terminal.until(b"a.png")
        terminal.send("enter")
        terminal.until(b"hex/text")
        first = terminal.until(b"48;2;220;20;20m", terminal.raw.index(b"hex/text"))
        assert b"\x1b_G" not in terminal.raw and b"\x1bP" not in terminal.raw
        terminal.send("X")
        kitty = terminal.until(b"m=0;", first)
        terminal.send("X")
        sixel = terminal.until(b"\x1b\\\x1b8", terminal.until(b"\x1bP0;1;0q", kitty))
        assert b"a=d,d=I" in terminal.raw[kitty:]
        assert _SIXEL.search(terminal.raw) is not None
        terminal.send("q")
        terminal.until(b"a.png", sixel)  # the list is sent whole again, over the pixels
        terminal.send("q")
        assert terminal.wait_for_exit() == 0


def test_a_graphics_that_there_is_not_is_refused_by_name(environ: dict[str, str]) -> None:
    with Terminal(
        [sys.executable, "-m", "storage_tui"], environ=environ | {"STORAGE_TUI_GRAPHICS": "vector"}
    ) as terminal:
        terminal.wait_for("STORAGE_TUI_GRAPHICS must be blocks, halves, kitty, sixel")
