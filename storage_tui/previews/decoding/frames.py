"""Frames on a pipe: a number, a JSON object and bytes, each with its length in front.

| from | to | message | bytes |
|---|---|---|---|
| preview's side | loop | `job` and its parameters; `none` ends the job of this number | content |
| child, then loop | loop, then preview's side | `need`: start, stop, most | none |
| loop | preview's side | `preparing`: a library is imported for the first job that needs it | none |
| preview's side, then loop | loop, then child | `part`: true, or false and `error` | the range |
| child, then loop | loop, then preview's side | facts, or `error` | pixels |

An `error` is about the blob; with `is_limit` about a limit of the process, with `is_refused` about the budget.
"""

import json
import struct
from collections.abc import Iterable, Sequence
from typing import Any

HEADER = struct.Struct(">III")  # job number, bytes of JSON, bytes of payload
SUPERSEDED = "another picture was asked for"  # the error of a job that a newer one ended
MAX_JSON_BYTES = 512 * 1024  # the places of 4096 blocks, twice over; a larger frame is not ours
ROWS_BYTES = MAX_JSON_BYTES * 3 // 4  # of an answer, for rows of text; names and facts take at most the rest
MAX_PAYLOAD_BYTES = 12 * 1024 * 1024  # a job carries at most what a view on the whole screen may read, and its mask


def pack(number: int, message: dict[str, Any], payload: bytes) -> bytes:
    """Return one frame."""
    body = json.dumps(message).encode()
    return HEADER.pack(number, len(body), len(payload)) + body + payload


def fitting_rows(rows: Iterable[Sequence[str]], cell_chars: int) -> list[list[str]]:
    """Return as many of the first rows as fit an answer; each cell has at most `cell_chars` characters."""
    found, left = [], ROWS_BYTES
    for row in rows:
        cells = [cell[:cell_chars] for cell in row]
        left -= len(json.dumps(cells)) + 2
        if left < 0:
            break
        found.append(cells)
    return found


def frame_size(header: bytes) -> int:
    """Return the bytes of a frame after its header; raise ValueError for an invalid header."""
    _, json_bytes, payload_bytes = HEADER.unpack(header)
    if json_bytes > MAX_JSON_BYTES or payload_bytes > MAX_PAYLOAD_BYTES:
        raise ValueError("a frame is larger than frames are")
    return int(json_bytes + payload_bytes)


def unpack(header: bytes, body: bytes) -> tuple[int, dict[str, Any], bytes]:
    """Return number, message and payload of a frame; raise ValueError when it is no frame."""
    number, json_bytes, _ = HEADER.unpack(header)
    try:
        message = json.loads(body[:json_bytes])
    except RecursionError as exc:
        raise ValueError("a frame is nested too deep") from exc
    if not isinstance(message, dict):
        raise ValueError("a frame without a message")
    return number, message, body[json_bytes:]


def take(incoming: bytearray) -> tuple[int, dict[str, Any], bytes] | None:
    """Remove the first frame from the bytes and return it; None when it is not complete; raise ValueError as above."""
    size = HEADER.size
    if len(incoming) < size:
        return None
    header = bytes(incoming[:size])
    stop = size + frame_size(header)
    if len(incoming) < stop:
        return None
    body = bytes(incoming[size:stop])
    del incoming[:stop]
    return unpack(header, body)
