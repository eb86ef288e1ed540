"""The jobs `zarr` and `zarr by numcodecs`: chunks of Zarr arrays in, the values at some places of each out."""

import contextlib
import importlib
import os
from typing import Any

from storage_tui.previews.decoding.zarr.codecs import undo

MOST_UNPACKED = 64 * 1024 * 1024  # of one chunk; chunks are meant to have 1 to 100 MB
MOST_VALUES = 600_000  # of one job: two pixels a cell of the largest terminal
MOST_TEXTS = 64
TEXT_CHARS = 200


def prepare() -> None:
    """Import numcodecs before the first fork, where it is installed: that takes longer than most chunks do."""
    os.environ["OPENBLAS_NUM_THREADS"] = "1"  # a child starts no thread
    with contextlib.suppress(ImportError):
        vars(importlib.import_module("numcodecs.blosc"))["use_threads"] = False


def decode(job: dict[str, Any], content: bytes) -> tuple[dict[str, Any], bytes]:
    """Return the values of each of `pieces`, one after the other, as bytes.

    A piece has `bytes` of the content, `codecs` in the order of packing, the `size` of the unpacked chunk in bytes,
    `item` bytes of a value, and the values wanted: at the sum of one of `rows` and one of `columns`, counted in values.
    The answer has `pieces`: for each the bytes of its values, or its `texts`, or its `error`.
    """
    told: list[dict[str, Any]] = []
    found: list[bytes] = []
    at = 0
    for piece in job["pieces"]:
        packed = content[at : at + piece["bytes"]]
        at += piece["bytes"]
        try:
            answer, values = _of_piece(piece, packed)
        except (ValueError, OverflowError, EOFError) as exc:
            answer, values = {"error": str(exc)[:120]}, b""
        told.append(answer)
        found.append(values)
    return {"pieces": told}, b"".join(found)


def _of_piece(piece: dict[str, Any], packed: bytes) -> tuple[dict[str, Any], bytes]:
    codecs = [(str(name), dict(setting)) for name, setting in piece["codecs"]]
    if piece["size"] > MOST_UNPACKED:
        raise ValueError(
            f"has {piece['size'] // 1_000_000:,} MB unpacked, and {MOST_UNPACKED // 1_000_000} are unpacked"
        )
    if any(name == "vlen-utf8" for name, _ in codecs):
        return {"texts": _texts(undo(packed, codecs, MOST_UNPACKED))}, b""
    raw = undo(packed, codecs, piece["size"])
    if len(raw) < piece["size"]:
        raise ValueError("is cut: it has fewer bytes than a chunk")
    rows, columns, item = piece["rows"], piece["columns"], piece["item"]
    if len(rows) * len(columns) > MOST_VALUES:
        raise ValueError("has more values than are drawn")
    values = b"".join([
        raw[(row + column) * item : (row + column + 1) * item] for row in rows for column in columns
    ])  # fmt: skip
    return {"bytes": len(values)}, values


def _texts(raw: bytes) -> list[str]:
    """Return the first texts: their number, and for each its length and its bytes (numcodecs, vlen-utf8)."""
    count, at, found = int.from_bytes(raw[:4], "little"), 4, []
    for _ in range(min(count, MOST_TEXTS)):
        size = int.from_bytes(raw[at : at + 4], "little")
        if at + 4 + size > len(raw):
            raise ValueError("is damaged: a text is longer than the chunk")
        found.append(raw[at + 4 : at + 4 + size].decode("utf-8", "replace")[:TEXT_CHARS])
        at += 4 + size
    return found
