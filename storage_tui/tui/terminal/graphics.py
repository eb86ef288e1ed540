"""Pictures in pixels, on terminals that draw pixels, for users who ask for them.

Nothing here asks the terminal for its abilities. The output is made here from RGB values alone, and is checked to be no
more than that (kitty graphics protocol; DEC STD 070 chapter 9, sixel).
"""

import base64
import fcntl
import re
import struct
import sys
import termios
import zlib
from collections.abc import Callable, Iterator
from typing import Literal

from storage_tui.previews.base import Pixels

Kind = Literal["blocks", "kitty", "sixel"]
KINDS: tuple[Kind, ...] = ("blocks", "kitty", "sixel")

CELL = 8, 16  # pixels, when the driver of the terminal does not know the size
KITTY_ID = 19_861  # of our one picture: pictures of other programs are not touched
KITTY_CHARS = 4096  # of one command, the limit of the protocol
COLOURS = 128  # of a sixel picture: every terminal has 256 registers, some draw slowly with all

_KITTY = re.compile(r"(?:\x1b_G[a-zA-Z0-9=,]*;[A-Za-z0-9+/=]*\x1b\\)+")
_SIXEL = re.compile(r"\x1bP0;1;0q[!-~]*\x1b\\")
_RUN = re.compile(r"(.)\1{3,}")


class Graphics:
    """At most one picture on the screen, at one cell."""

    def __init__(self, write: Callable[[str], None]) -> None:
        self._write = write
        self._shown: Kind = "blocks"

    @property
    def is_shown(self) -> bool:
        """Whether there is a picture."""
        return self._shown != "blocks"

    def show(self, kind: Kind, encoded: str, *, column: int, row: int) -> None:
        """Put what `encode` returned at a cell, counted from 0; the cursor stays where it is."""
        form = {"kitty": _KITTY, "sixel": _SIXEL}.get(kind)
        if form is None or form.fullmatch(encoded) is None:
            raise ValueError(f"this is no {kind} picture of ours")
        self.clear()
        self._shown = kind
        self._write(f"\x1b7\x1b[{row + 1};{column + 1}H{encoded}\x1b8")

    def clear(self) -> bool:
        """Remove the picture. Return true when the cells under the picture must be painted again."""
        kind, self._shown = self._shown, "blocks"
        if kind == "kitty":
            self._write(f"\x1b_Ga=d,d=I,i={KITTY_ID},q=2;\x1b\\")
        return kind == "sixel"


def encode(kind: Kind, pixels: Pixels, cell: tuple[int, int]) -> str:
    """Return the control sequence that draws the pixels at the cursor. This takes some tens of milliseconds."""
    return _kitty(pixels) if kind == "kitty" else _sixel(pixels, cell)


def cell_size() -> tuple[int, int]:
    """Return the width and height of a cell in pixels from the kernel; CELL when it does not know them."""
    try:
        raw = fcntl.ioctl(sys.__stdout__.fileno() if sys.__stdout__ else 1, termios.TIOCGWINSZ, bytes(8))
    except (OSError, ValueError):
        return CELL
    rows, columns, width, height = struct.unpack("HHHH", raw)
    if not (rows and columns and width >= columns and height >= rows):
        return CELL
    return width // columns, height // rows


def _kitty(pixels: Pixels) -> str:
    payload = base64.b64encode(zlib.compress(pixels.rgb, 6)).decode("ascii")
    pieces = [payload[at : at + KITTY_CHARS] for at in range(0, len(payload), KITTY_CHARS)]
    head = (
        f"a=T,f=24,o=z,t=d,i={KITTY_ID},p=1,q=2,C=1,s={pixels.width},v={pixels.height},"
        f"c={pixels.columns},r={pixels.rows},"
    )
    return "".join(
        f"\x1b_G{'' if at else head}m={int(at + 1 < len(pieces))};{piece}\x1b\\" for at, piece in enumerate(pieces)
    )


def _sixel(pixels: Pixels, cell: tuple[int, int]) -> str:
    from PIL import Image  # loaded only when sixel is used

    source = Image.frombytes("RGB", (pixels.width, pixels.height), pixels.rgb)
    scale = min(pixels.columns * cell[0] / pixels.width, pixels.rows * cell[1] / pixels.height)
    width, height = max(1, int(pixels.width * scale)), max(1, int(pixels.height * scale))
    picture = source.resize((width, height), Image.Resampling.BILINEAR).quantize(COLOURS)
    palette, places = picture.getpalette() or [], picture.tobytes()
    colours = "".join(
        f"#{number};2;" + ";".join(str(round(level * 100 / 255)) for level in palette[number * 3 : number * 3 + 3])
        for number in sorted(set(places))
    )
    bands = (places[at : at + 6 * width] for at in range(0, len(places), 6 * width))
    body = "-".join("$".join(_band(band, width)) for band in bands)
    return f'\x1bP0;1;0q"1;1;{width};{height}{colours}{body}\x1b\\'


def _band(band: bytes, width: int) -> Iterator[str]:
    """Encode six rows of pixels, colour by colour. The bits of a character are the pixels of one column."""
    rows = [band[at : at + width] for at in range(0, len(band), width)]
    for colour in sorted(set(band)):
        bits = 0
        for number, row in enumerate(rows):
            table = bytes(1 << number if value == colour else 0 for value in range(256))
            bits |= int.from_bytes(row.translate(table), "big")
        drawn = bits.to_bytes(width, "big").translate(_SHIFTED).decode("ascii").rstrip("?")
        yield f"#{colour}" + _RUN.sub(lambda match: f"!{len(match[0])}{match[1]}", drawn)


_SHIFTED = bytes((value + 63) & 255 for value in range(256))
