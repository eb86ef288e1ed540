"""Frames on a pipe: a number, a JSON object and bytes, each with its length in front."""

import json
import struct
from typing import Any

HEADER = struct.Struct(">III")  # job number, bytes of JSON, bytes of payload
SUPERSEDED = "another picture was asked for"  # the error of a job that a newer one ended
MAX_JSON_BYTES = 512 * 1024  # the places of 4096 blocks, twice over; a larger frame is not ours
MAX_PAYLOAD_BYTES = 4 * 1024 * 1024  # a job carries at most the 1 MiB a thumbnail may read, a result one screen of RGB


def pack(number: int, message: dict[str, Any], payload: bytes) -> bytes:
    """Return one frame."""
    body = json.dumps(message).encode()
    return HEADER.pack(number, len(body), len(payload)) + body + payload


def frame_size(header: bytes) -> int:
    """Return the bytes of a frame after its header; raise ValueError for an invalid header."""
    _, json_bytes, payload_bytes = HEADER.unpack(header)
    if json_bytes > MAX_JSON_BYTES or payload_bytes > MAX_PAYLOAD_BYTES:
        raise ValueError("a frame is larger than frames are")
    return int(json_bytes + payload_bytes)


def unpack(header: bytes, body: bytes) -> tuple[int, dict[str, Any], bytes]:
    """Return number, message and payload of a frame; raise ValueError when it is no frame."""
    number, json_bytes, _ = HEADER.unpack(header)
    message = json.loads(body[:json_bytes])
    if not isinstance(message, dict):
        raise ValueError("a frame without a message")
    return number, message, body[json_bytes:]
