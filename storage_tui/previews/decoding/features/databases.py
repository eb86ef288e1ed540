"""The layers of a GeoPackage, through its R-tree where a box is asked for (OGC 12-128r19, GeoPackage, F.3)."""

import sys
from typing import Any

from storage_tui.previews.decoding import databases
from storage_tui.previews.decoding.children import Told
from storage_tui.previews.decoding.features.packing import Packer
from storage_tui.previews.decoding.features.placing import Placing
from storage_tui.previews.decoding.ranged_file import RangedFile
from storage_tui.previews.formats.sqlite import known_box, reference_of, well_known
from storage_tui.previews.vector.wkb import read_geometry
from storage_tui.previews.vector.wkt_text import add_to

MOST_LAYERS = 24
LAYERS = (
    "SELECT g.table_name, g.column_name, c.min_x, c.min_y, c.max_x, c.max_y, c.srs_id, "
    "s.srs_name, s.organization, s.organization_coordsys_id, s.definition "
    "FROM gpkg_geometry_columns g JOIN gpkg_contents c ON c.table_name = g.table_name "
    "LEFT JOIN gpkg_spatial_ref_sys s ON s.srs_id = c.srs_id"
)
TABLES = "SELECT name FROM sqlite_schema WHERE type = 'table'"
COUNT = "SELECT feature_count FROM gpkg_ogr_contents WHERE table_name = ?"


def decode(job: dict[str, Any], content: bytes, file: RangedFile) -> Told:
    """Return the features of the layer number `layer` of the job, of its `box` in degrees where there is one.

    `layers` of the answer are the names of all layers.
    """
    apsw = sys.modules["apsw"]
    connection, vfs = sys.modules[databases.MODULE].connect(file)
    try:
        databases.harden(apsw, connection)
        return _read(connection, job, file, apsw.Error)
    except apsw.Error as exc:
        raise ValueError(file.refused or str(exc).partition(": ")[2] or str(exc)) from exc
    finally:
        connection.close(True)
        vfs.unregister()


def _read(connection: Any, job: dict[str, Any], file: RangedFile, failure: type[Exception]) -> Told:
    tables = {str(name) for (name,) in connection.execute(TABLES)}
    if not {"gpkg_geometry_columns", "gpkg_contents", "gpkg_spatial_ref_sys"} <= tables:
        raise ValueError("it is no GeoPackage with features")
    rows = [row for row in connection.execute(f"{LAYERS} LIMIT {MOST_LAYERS}") if row[0] in tables]
    if not 0 <= job["layer"] < len(rows):
        raise ValueError("it has no layer of features")
    name, column, west, south, east, north, *srs = rows[job["layer"]]
    packer = Packer(Placing.of(reference_of(*srs)), file)
    total = None
    if "gpkg_ogr_contents" in tables:
        counts = [count for (count,) in connection.execute(COUNT, (name,)) if isinstance(count, int)]
        total = counts[0] if counts else None
    bounds = known_box([west, south, east, north])
    tree = f"rtree_{name}_{column}"
    more = {
        "layers": [str(row[0])[:80] for row in rows], "can_window": tree in tables,
        "bounds": None if bounds is None else list(packer.placing.degrees_box(bounds) or bounds),
    }  # fmt: skip
    box = job["box"]
    plane = None if box is None else packer.placing.plane_box((box[0], box[1], box[2], box[3]))
    is_windowed = plane is not None and tree in tables
    statement = f"SELECT * FROM {_quoted(name)}"
    if is_windowed:
        found = f"SELECT id FROM {_quoted(tree)} WHERE maxx >= ? AND minx <= ? AND maxy >= ? AND miny <= ?"
        statement += f" WHERE rowid IN ({found})"
    values = () if plane is None or not is_windowed else (plane[0], plane[2], plane[1], plane[3])
    is_all = True
    try:
        cursor = connection.execute(statement, values)
        names: list[str] = []
        for row in cursor:
            names = names or [str(found[0]) for found in cursor.get_description()]
            told = dict(zip(names, row, strict=False))
            geometry = told.pop(column, None)
            taken = packer.begin()
            if isinstance(geometry, bytes):
                try:
                    add_to(taken, read_geometry(well_known(geometry)))
                except (ValueError, RecursionError):
                    packer.problem = "some geometries are damaged"
            if not packer.add(taken, told):
                break
    except failure:
        if not packer.count:
            raise
        is_all = False  # the budget is spent: what was read is shown
    return packer.answer(total=total, is_all=is_all, more=more)


def _quoted(name: str) -> str:
    return '"' + str(name).replace('"', '""') + '"'
