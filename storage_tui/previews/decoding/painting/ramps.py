"""Colour ramps as 256 colours, from a few anchors each.

The anchors of viridis and magma are those of matplotlib (CC0, van der Walt and Smith, 2015), those of RdYlGn and of the
diverging ramp are ColorBrewer's (Cynthia Brewer, Apache 2.0).
"""

from functools import lru_cache

ANCHORS: dict[str, str] = {
    "grey": "000000 ffffff",
    "viridis": "440154 482878 3e4989 31688e 26828e 1f9e89 35b779 6ece58 b5de2b fde725",
    "magma": "000004 180f3d 440f76 721f81 9e2f7f cd4071 f1605d fd9668 feca8d fcfdbf",
    "terrain": "2c6da3 6fb6d8 1f7a4a 5aa552 a6c36f e0d9a0 c9a86f 9a6b45 b9a99c ffffff",
    "RdYlGn": "a50026 d73027 f46d43 fdae61 fee08b ffffbf d9ef8b a6d96a 66bd63 1a9850 006837",
    "diverging": "053061 2166ac 4393c3 92c5de d1e5f0 f7f7f7 fddbc7 f4a582 d6604d b2182b 67001f",
}
"""The names of the ramps in the order of a key, and their colours at even steps."""
AROUND_ZERO = frozenset(("diverging",))  # their middle is 0: the limits are as far below as above


@lru_cache(maxsize=8)
def ramp_table(name: str) -> tuple[bytes, bytes, bytes]:
    """Return red, green and blue of the 256 colours of a ramp."""
    anchors = [bytes.fromhex(colour) for colour in ANCHORS[name].split()]
    steps = len(anchors) - 1
    channels: list[bytes] = []
    for part in range(3):
        values = []
        for at in range(256):
            place, share = divmod(at * steps, 255)
            low, high = anchors[place][part], anchors[min(steps, place + 1)][part]
            values.append(low + (high - low) * share // 255)
        channels.append(bytes(values))
    return channels[0], channels[1], channels[2]


def ramp_colours(name: str, count: int) -> list[tuple[int, int, int]]:
    """Return `count` colours of a ramp, evenly spread from its start to its end."""
    red, green, blue = ramp_table(name)
    places = [round(at * 255 / max(1, count - 1)) for at in range(count)]
    return [(red[at], green[at], blue[at]) for at in places]
