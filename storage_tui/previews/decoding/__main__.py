"""The loop of the decoding process: the newest job wins, and an older one that still runs is killed.

A job in JOBS decodes the content that came with it. A job in READERS reads the blob itself, through the preview's side,
and can open no file of this machine.
"""

import codecs
import contextlib
import gc
import os
import selectors
import sys
from typing import Any

from storage_tui.previews.decoding import (
    children,
    database_rows,
    databases,
    frames,
    pictures,
    tiles,
    vector_tiles,
    xml_maps,
)
from storage_tui.previews.decoding.features import databases as features_of_databases
from storage_tui.previews.decoding.features import flatgeobuf, parquet, texts
from storage_tui.previews.decoding.features import tiles as features_of_tiles
from storage_tui.previews.decoding.geo import rasters as geo_rasters
from storage_tui.previews.decoding.geo import vectors as geo_vectors
from storage_tui.previews.decoding.hdf5 import arrays, datasets, objects
from storage_tui.previews.decoding.sheets import first_sheet
from storage_tui.previews.decoding.tables import avro, blocks, checkpoint, first_rows, lines, records
from storage_tui.previews.decoding.tiff import rasters, windows
from storage_tui.previews.decoding.zarr import values

JOBS: dict[str, children.Job] = {
    "picture": pictures.decode, "raster": rasters.decode, "sheets": first_sheet.decode, "table": first_rows.decode,
    "map": xml_maps.decode, "lines": lines.read_lines, "records": records.read_records, "tiles": tiles.decode,
    "window": windows.decode, "pixel": windows.read_pixel, "values": windows.read_values, "zarr": values.decode,
    "zarr by numcodecs": values.decode, "features": texts.decode, "vector tile": vector_tiles.decode,
    "tile features": features_of_tiles.decode, "avro": avro.decode,
    "window of zarr": windows.decode, "pixel of zarr": windows.read_pixel, "values of zarr": windows.read_values,
}  # fmt: skip
READERS: dict[str, children.Reader] = {
    "hdf5": children.Reader(objects.decode, objects.prepare),
    "array": children.Reader(arrays.read_array, arrays.prepare),
    "chunks": children.Reader(arrays.find_chunks, arrays.prepare),
    "database": children.Reader(databases.decode, databases.prepare),
    "database tiles": children.Reader(databases.decode_tiles, databases.prepare),
    "geo": children.Reader(geo_rasters.decode, geo_rasters.prepare, geo_rasters.begin),
    "vectors": children.Reader(geo_vectors.decode, geo_vectors.prepare, geo_vectors.begin),
    "vector_features": children.Reader(geo_vectors.decode_features, geo_vectors.prepare, geo_vectors.begin),
    "block": children.Reader(blocks.read_block, blocks.prepare),
    "delta checkpoint": children.Reader(checkpoint.decode, blocks.prepare),
    "database_rows": children.Reader(database_rows.decode, databases.prepare),
    "dataset_rows": children.Reader(datasets.decode, objects.prepare),
    "flatgeobuf": children.Reader(flatgeobuf.decode, lambda: None),
    "geopackage": children.Reader(features_of_databases.decode, databases.prepare),
    "geoparquet": children.Reader(parquet.decode, blocks.prepare),
}
PREPARE = dict.fromkeys(
    ("zarr by numcodecs", "window of zarr", "pixel of zarr", "values of zarr"), values.prepare
)  # of jobs that read no blob themselves
ENCODINGS = ("ascii", "latin-1", "cp437", "utf-16", "utf-32")  # those of libraries; a child can open no module's file
READ_BYTES = 1024 * 1024


def main() -> None:
    """Take frames from standard input until it ends, and answer each on standard output."""
    pictures.prepare()
    for name in ENCODINGS:
        codecs.lookup(name)
    gc.freeze()  # keeps the pages shared with the children
    with selectors.DefaultSelector() as selector:
        selector.register(0, selectors.EVENT_READ)
        loop = _Loop(selector)
        try:
            while loop.turn():
                pass
        finally:
            loop.end()


class _Loop:
    """The running child, and the frames between it and the preview's side."""

    def __init__(self, selector: selectors.BaseSelector) -> None:
        self._selector = selector
        self._incoming = bytearray()
        self._child: children.Child | None = None
        self._prepared: set[str] = set()

    def turn(self) -> bool:
        """Wait for the next event and act on it; return false when the preview's side has ended."""
        child = self._child
        timeout = None if child is None else max(0.0, child.seconds_left)
        ready = {key.fd for key, _ in self._selector.select(timeout)}
        if child is not None:
            self._serve(child, ready)
        if 0 not in ready:
            return True
        data = os.read(0, READ_BYTES)
        self._incoming += data
        while (frame := frames.take(self._incoming)) is not None:
            self._obey(*frame)
        return bool(data)

    def end(self) -> None:
        """Kill the child that still runs; nobody waits for its result any more."""
        if self._child is not None:
            self._forget().kill()

    def _serve(self, child: children.Child, ready: set[int]) -> None:
        """Pass on what the child says, and end a child that has ended or is late."""
        if child.feed in ready:
            child.push()
        has_ended = child.pipe in ready and child.drain()
        try:
            while (said := child.take()) is not None:
                _answer(child.number, *said)
                if "need" not in said[0]:
                    self._forget().kill()
                    return
        except ValueError:
            self._forget().kill()
            _answer(child.number, children.ENDED, b"")
            return
        if has_ended:
            _answer(child.number, self._forget().ended(), b"")
        elif child.seconds_left <= 0:
            self._forget().kill()
            _answer(child.number, child.late(), b"")
        else:
            self._watch(child)

    def _obey(self, number: int, message: dict[str, Any], payload: bytes) -> None:
        """Act on one frame of the preview's side."""
        child = self._child
        if "part" in message:
            if child is not None and child.number == number:
                child.give(message, payload)
                self._watch(child)
            return
        name = str(message.get("job"))
        job = READERS.get(name) or JOBS.get(name)
        if job is None:
            if child is not None and child.number == number:
                self.end()
            return
        if child is not None:
            self.end()
            _answer(child.number, {"error": frames.SUPERSEDED}, b"")
        prepare = job.prepare if isinstance(job, children.Reader) else PREPARE.get(name)
        if prepare is not None and name not in self._prepared:
            _answer(number, {"preparing": True}, b"")
            try:
                prepare()
            except Exception as exc:  # the boundary of a library that is not as it should be on this machine
                reason = f"the library for this format does not work here: {exc!s:.120}"
                _answer(number, {"error": reason, "is_limit": True}, b"")
                return
            gc.freeze()
            self._prepared.add(name)
        self._child = child = children.start(number, message, payload, job)
        self._selector.register(child.pipe, selectors.EVENT_READ)

    def _watch(self, child: children.Child) -> None:
        """Watch the pipe to the child exactly while there are bytes for it."""
        is_watched = child.feed in self._selector.get_map()
        if child.pending and not is_watched:
            self._selector.register(child.feed, selectors.EVENT_WRITE)
        elif is_watched and not child.pending:
            self._selector.unregister(child.feed)

    def _forget(self) -> children.Child:
        child, self._child = self._child, None
        assert child is not None
        self._selector.unregister(child.pipe)
        if child.feed in self._selector.get_map():
            self._selector.unregister(child.feed)
        return child


def _answer(number: int, told: dict[str, Any], pixels: bytes) -> None:
    sys.stdout.buffer.write(frames.pack(number, told, pixels))
    sys.stdout.buffer.flush()


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt, BrokenPipeError, ValueError):
        main()
