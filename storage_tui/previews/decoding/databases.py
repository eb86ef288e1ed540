"""The tables of an SQLite file by apsw, whose pages come through the blob's ranges.

SQLite opens the blob as a file that never changes: no lock, no journal, no write. The functions that a hostile schema
names are not trusted, the memory of SQLite is bounded, and a query that works for too long is ended.
"""

import importlib
import json
import sys
from typing import Any

from storage_tui.previews.decoding.ranged_file import RangedFile
from storage_tui.previews.vector.layer import known_bounds
from storage_tui.previews.vector.tiles.choosing import MOST_ZOOM, candidates

MODULE = "storage_tui.previews.decoding.blob_vfs"
MOST_SCHEMA = 500  # rows of the schema, of the contents, and of the metadata
CELL_CHARS = 400
MOST_STEPS = 300  # of 10,000 instructions of SQLite's machine, for all queries: half a second
STEP = 10_000
HEAP_BYTES = 256 * 1024 * 1024
MOST_VALUE_BYTES = 4 * 1024 * 1024  # of one value
GEOMETRY_BYTES = 2 * 1024 * 1024  # of all geometries that are handed back
MOST_TILES_BYTES = 6 * 1024 * 1024  # of one answer
MOST_LAYERS = 64  # of vector tiles
NAME_CHARS = 80
ANSWER_CHARS = 60_000  # of all texts that are handed back: six times as many bytes of JSON at most

SCHEMA = "SELECT type, name, sql FROM sqlite_schema"
CONTENTS = (
    "SELECT c.table_name, c.data_type, c.srs_id, c.min_x, c.min_y, c.max_x, c.max_y, "
    "s.srs_name, s.organization, s.organization_coordsys_id, s.definition "
    "FROM gpkg_contents c LEFT JOIN gpkg_spatial_ref_sys s ON s.srs_id = c.srs_id"
)
GEOMETRIES = "SELECT table_name, column_name, geometry_type_name FROM gpkg_geometry_columns"
COUNTS = "SELECT table_name, feature_count FROM gpkg_ogr_contents"
METADATA = "SELECT name, value FROM metadata"
TILE = "SELECT tile_data FROM tiles WHERE zoom_level = ? AND tile_column = ? AND tile_row = ?"
FIRST_TILE = "SELECT zoom_level, tile_column, tile_row, tile_data FROM tiles WHERE zoom_level = ? LIMIT 1"
LAYERS = "SELECT value FROM metadata WHERE name = 'json' LIMIT 1"
EXTENT = "SELECT min(tile_column), min(tile_row), max(tile_column), max(tile_row) FROM tiles WHERE zoom_level = ?"
ZOOMS = "SELECT zoom_level FROM tiles ORDER BY zoom_level {} LIMIT 1"


def prepare() -> None:
    """Import SQLite and use it once: a child cannot open the files of a library."""
    apsw = importlib.import_module("apsw")
    importlib.import_module(MODULE)
    apsw.hard_heap_limit(HEAP_BYTES)
    with apsw.Connection(":memory:") as connection:
        connection.execute("CREATE TABLE rehearsal (a TEXT)")
    content = connection.serialize("main")
    connection.close()
    decode({"rows": 1}, b"", RangedFile(len(content), len(content), lambda start, stop, most: content[start:most]))


def decode(job: dict[str, Any], content: bytes, file: RangedFile) -> tuple[dict[str, Any], bytes]:
    """Return what the database says of itself, and the geometries of its first layer as GeoPackage stores them.

    `schema` has type, name and statement; `contents`, `geometries` and `counts` are rows of a GeoPackage's tables,
    `metadata` and `zooms` are those of MBTiles, `tile` the place of the tile that is handed back instead of geometries.
    `sizes` are the bytes of each geometry. `refused` is the reason why some of this is missing, "" without one. `rows`
    of the job is the number of geometries wanted.
    """
    apsw = sys.modules["apsw"]
    told: dict[str, Any] = {"schema": [], "contents": [], "geometries": [], "counts": [], "metadata": [], "zooms": [],
                            "tile": None, "sizes": [], "refused": ""}  # fmt: skip
    pieces: list[bytes] = []
    connection, vfs = sys.modules[MODULE].connect(file)
    try:
        harden(apsw, connection)
        _read(_Queries(connection), told, pieces, job["rows"])
    except (apsw.Error, OSError) as exc:
        told["refused"] = file.refused or reason_of(exc)
        if not told["schema"]:
            raise ValueError(told["refused"]) from exc
    finally:
        connection.close(True)
        vfs.unregister()
    return told, b"".join(pieces)


def decode_tiles(job: dict[str, Any], content: bytes, file: RangedFile) -> tuple[dict[str, Any], bytes]:
    """Return the `tiles` of the job, zoom, column and row from the north, one after the other, and their `sizes`.

    A tile that is not there has the size 0. Without tiles in the job return the `zooms`, the `bounds` in degrees or
    None, the `extent` where there are no bounds, a zoom with the first and last columns and rows, the names of the
    vector `layers`, and the first tile. Raises ValueError for no MBTiles, and RefusedError past the budget.
    """
    apsw = sys.modules["apsw"]
    connection, vfs = sys.modules[MODULE].connect(file)
    try:
        harden(apsw, connection)
        if not job["tiles"]:
            return _describe_tiles(connection)
        pieces = [_tile_of(connection, *place) for place in job["tiles"]]
    except apsw.Error as exc:
        raise ValueError(file.refused or reason_of(exc)) from exc
    finally:
        connection.close(True)
        vfs.unregister()
    if sum(map(len, pieces)) > MOST_TILES_BYTES:
        raise ValueError("its tiles are larger than a view reads")
    return {"sizes": list(map(len, pieces))}, b"".join(pieces)


def _tile_of(connection: Any, zoom: int, column: int, row: int) -> bytes:
    for (value,) in connection.execute(TILE, (zoom, column, (1 << zoom) - 1 - row)):
        if isinstance(value, bytes):
            return value
    return b""


def _describe_tiles(connection: Any) -> tuple[dict[str, Any], bytes]:
    metadata = {str(name): value for name, value in _Queries(connection).rows(METADATA)}
    stated = [_zoom_of(metadata.get(name)) for name in ("minzoom", "maxzoom")]
    zooms = [zoom for zoom in stated if zoom is not None]
    if len(zooms) < 2 or zooms[0] > zooms[1]:
        found = [row[0] for order in ("ASC", "DESC") for row in connection.execute(ZOOMS.format(order))]
        zooms = [zoom for zoom in found if type(zoom) is int and 0 <= zoom <= MOST_ZOOM]
    if len(zooms) < 2:
        raise ValueError("there is no tile in it")
    try:
        box = known_bounds([float(str(side)) for side in str(metadata.get("bounds", "")).split(",")])
    except ValueError:
        box = None
    first, extent = b"", None
    for _, _, _, value in connection.execute(FIRST_TILE, (zooms[0],)):
        first = value if isinstance(value, bytes) else b""
    for row in connection.execute(EXTENT, (zooms[0],)) if box is None else ():
        most = (1 << zooms[0]) - 1
        if all(type(place) is int and 0 <= place <= most for place in row):
            extent = [zooms[0], row[0], most - row[3], row[2], most - row[1]]
    names: list[str] = []
    for (value,) in connection.execute(LAYERS):
        names = _layers_in(value)
    return {"zooms": zooms, "bounds": box, "extent": extent, "layers": names}, first


def _zoom_of(value: Any) -> int | None:
    text = str(value)
    return int(text) if text.isascii() and text.isdigit() and len(text) < 3 and int(text) <= MOST_ZOOM else None


def _layers_in(value: Any) -> list[str]:
    """Return the names of the vector layers in the metadata `json` (MBTiles 1.3, Vector tileset metadata)."""
    try:
        rows = json.loads(value)["vector_layers"]
        return [str(row["id"])[:NAME_CHARS] for row in rows[:MOST_LAYERS]]
    except (LookupError, TypeError, ValueError, RecursionError):
        return []


def harden(apsw: Any, connection: Any) -> None:
    """Bound what a hostile schema can do on this connection: time, memory, triggers, functions, other files."""
    steps = [0]

    def is_over() -> bool:
        steps[0] += 1
        return steps[0] > MOST_STEPS

    connection.set_progress_handler(is_over, STEP)
    connection.config(apsw.SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0)
    connection.config(apsw.SQLITE_DBCONFIG_DEFENSIVE, 1)
    connection.config(apsw.SQLITE_DBCONFIG_ENABLE_TRIGGER, 0)
    connection.limit(apsw.SQLITE_LIMIT_LENGTH, MOST_VALUE_BYTES)
    connection.limit(apsw.SQLITE_LIMIT_ATTACHED, 0)
    connection.execute("PRAGMA temp_store = 2")
    connection.execute("PRAGMA query_only = 1")
    connection.execute("PRAGMA cell_size_check = 1")


class _Queries:
    """Queries whose rows are texts, with one limit of characters for all of them."""

    def __init__(self, connection: Any) -> None:
        self.connection = connection
        self._left = ANSWER_CHARS

    def rows(self, statement: str, most: int = MOST_SCHEMA) -> list[list[str | float | None]]:
        """Return the first rows; a text is cut, and bytes are counted."""
        found: list[list[str | float | None]] = []
        for row in self.connection.execute(statement):
            cells = [_cell(value) for value in row]
            self._left -= sum(len(cell) if isinstance(cell, str) else 12 for cell in cells)
            if len(found) >= most or self._left < 0:
                break
            found.append(cells)
        return found


def _read(queries: _Queries, told: dict[str, Any], pieces: list[bytes], most: int) -> None:
    told["schema"] = queries.rows(SCHEMA)
    names = {row[1] for row in told["schema"] if row[0] == "table"}
    if "gpkg_contents" in names and "gpkg_spatial_ref_sys" in names:
        told["contents"] = queries.rows(CONTENTS)
        if "gpkg_geometry_columns" in names:
            told["geometries"] = queries.rows(GEOMETRIES)
        if "gpkg_ogr_contents" in names:
            told["counts"] = queries.rows(COUNTS)
        layer = next((row for row in told["geometries"] if row[0] in names), None)
        if layer is not None:
            table, column = (str(name).replace('"', '""') for name in layer[:2])
            left = GEOMETRY_BYTES
            for (value,) in queries.connection.execute(f'SELECT "{column}" FROM "{table}" LIMIT {int(most)}'):
                if isinstance(value, bytes) and len(value) <= left:
                    pieces.append(value)
                    told["sizes"].append(len(value))
                    left -= len(value)
    every = {row[1] for row in told["schema"]}
    if "metadata" in names | every and "tiles" in every:
        told["metadata"] = queries.rows(METADATA)
        for order in ("ASC", "DESC"):
            told["zooms"] += [row[0] for row in queries.rows(ZOOMS.format(order))]
        _read_tile(queries, told, pieces)


def _read_tile(queries: _Queries, told: dict[str, Any], pieces: list[bytes]) -> None:
    """Hand back the tile that shows most of the bounds, or the first one; rows count from the south in MBTiles."""
    if len(told["zooms"]) != 2 or not all(type(zoom) is int and 0 <= zoom <= MOST_ZOOM for zoom in told["zooms"]):
        return
    bounds = next((str(value).split(",") for name, value in told["metadata"] if name == "bounds"), [])
    try:
        box = known_bounds([float(side) for side in bounds])
    except ValueError:
        box = None
    for zoom, column, row in candidates(box, *told["zooms"]):
        places = zoom, column, (1 << zoom) - 1 - row
        for (value,) in queries.connection.execute(TILE, places):
            if isinstance(value, bytes) and value:
                pieces.append(value)
                told["tile"] = [zoom, column, row]
                return
    for zoom, column, row, value in queries.connection.execute(FIRST_TILE, (told["zooms"][0],)):
        places_are_known = all(type(place) is int and 0 <= place < 1 << zoom for place in (column, row))
        if places_are_known and isinstance(value, bytes) and value:
            pieces.append(value)
            told["tile"] = [zoom, column, (1 << zoom) - 1 - row]


def _cell(value: Any) -> str | float | None:
    if isinstance(value, bytes):
        return f"{len(value):,} bytes"
    return value[:CELL_CHARS] if isinstance(value, str) else value


def reason_of(exc: Exception) -> str:
    """Return an error of SQLite in its own words."""
    name = type(exc).__name__
    return "a query takes too long" if name == "InterruptError" else str(exc).partition(": ")[2] or str(exc) or name
