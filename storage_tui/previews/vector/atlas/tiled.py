"""The layers of vector tiles, of PMTiles and MBTiles: the tiles of the zoom that fits what is in view."""

from typing import Any

from storage_tui.previews.base import PreviewError, Source
from storage_tui.previews.decoding.decoder import DECODER
from storage_tui.previews.projections import Bounds
from storage_tui.previews.vector.tiles.archive import open_archive
from storage_tui.previews.vector.tiles.choosing import EDGE, tiles_in

WORLD = (-180.0, -EDGE, 180.0, EDGE)
MOST_TILES = 9  # of one view: what a job of the decoder takes in its time


async def read_tiles(source: Source, box: Bounds | None, number: int) -> tuple[dict[str, Any], bytes]:
    """Return the features of a layer in a box in degrees, of all of the bounds for None, as `Packer.answer` does.

    Raises PreviewError for tiles that are no shapes, and errors of the client.
    """
    archive = await open_archive(source)
    facts = archive.facts
    if not facts.is_vector:
        raise PreviewError("its tiles are pictures")
    bounds = facts.bounds or WORLD
    wanted = tiles_in(_common(box or bounds, bounds), facts.low, facts.high, MOST_TILES)
    found = await archive.fetch(wanted)
    job = {
        "job": "tile features", "tiles": [[*tile, len(content)] for tile, content in found.items()],
        "layers": list(facts.layers), "layer": number, "bounds": bounds, "is_finest": wanted[0][0] >= facts.high,
    }  # fmt: skip
    told, raw = await DECODER.decode(job, b"".join(found.values()))
    detail = f"zoom {wanted[0][0]} of {facts.high}"
    return told | {"can_window": box is not None or not job["is_finest"], "detail": detail}, raw


def _common(first: Bounds, second: Bounds) -> Bounds:
    """Return what two boxes have in common; the first where they do not meet."""
    found = (max(first[0], second[0]), max(first[1], second[1]), min(first[2], second[2]), min(first[3], second[3]))
    return found if found[0] <= found[2] and found[1] <= found[3] else first
