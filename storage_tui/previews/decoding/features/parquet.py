"""The geometries and values of some row groups of a GeoParquet, through arro3."""

import importlib
from typing import Any

from storage_tui.previews.decoding.children import Told
from storage_tui.previews.decoding.features.packing import Packer
from storage_tui.previews.decoding.features.placing import Placing
from storage_tui.previews.decoding.ranged_file import RangedFile
from storage_tui.previews.decoding.tables.blocks import Spliced, plain_errors
from storage_tui.previews.decoding.tables.native_shapes import ENCODINGS, shapes_of
from storage_tui.previews.vector.reference import Reference
from storage_tui.previews.vector.wkb import read_geometry
from storage_tui.previews.vector.wkt_text import add_to

BATCH_ROWS = 512


def decode(job: dict[str, Any], content: bytes, file: RangedFile) -> Told:
    """Return the features of the row groups in the footer `content`, which stands behind the file.

    `geometry` is the name of the column, in well-known binary or another `encoding`, `reference` the members of its
    reference system. With a `box` in the coordinates of the file only shapes that touch the box are taken.
    """
    arrow = importlib.import_module("arro3.io")
    packer = Packer(Placing.of(None if job["reference"] is None else Reference(*job["reference"])), file)
    name, box = job["geometry"], job["box"]
    plane = None if box is None else packer.placing.plane_box((box[0], box[1], box[2], box[3]))
    is_all = True
    with plain_errors():
        reader = arrow.read_parquet(Spliced(file, [[0, file.size]], content), batch_size=BATCH_ROWS)
        for batch in reader:
            columns = {field.name: batch.column(field.name).to_pylist() for field in batch.schema if field.name != name}
            if job["encoding"].lower() in ENCODINGS:
                values = shapes_of(batch, name, job["encoding"])
            else:
                values = batch.column(name).to_pylist()
            for at, value in enumerate(values):
                if not _add(packer, value, {key: cells[at] for key, cells in columns.items()}, plane):
                    is_all = False
                    break
            if not is_all:
                break
    bounds = None if job["bounds"] is None else tuple(job["bounds"])
    shown = None if bounds is None else packer.placing.degrees_box(bounds)
    return packer.answer(
        total=job["total"], is_all=is_all and job["is_whole"],
        more={"can_window": job["can_window"], "bounds": None if bounds is None else list(shown or bounds)},
    )  # fmt: skip


def _add(packer: Packer, value: Any, values: dict[str, Any], plane: Any) -> bool:
    taken = packer.begin()
    if isinstance(value, bytes):
        try:
            geometry = read_geometry(value)
        except (ValueError, RecursionError):
            packer.problem = "some geometries are damaged"
            return packer.add(taken, values)
        if plane is not None and not _touches(geometry, plane):
            return True
        add_to(taken, geometry)
    return packer.add(taken, values)


def _touches(geometry: Any, box: tuple[float, float, float, float]) -> bool:
    points = [point for line in geometry.lines for point in line]
    xs, ys = [x for x, _ in points], [y for _, y in points]
    inside = bool(points) and min(xs) <= box[2] and max(xs) >= box[0] and min(ys) <= box[3] and max(ys) >= box[1]
    return inside or any(_touches(part, box) for part in geometry.parts)
