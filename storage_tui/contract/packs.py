"""Many small blobs in one body: a pack is frames, one after the other.

A frame is four bytes, big-endian, with the length of its head; the head, a JSON object; and as many bytes as `size` in
the head says, none where it is not there. What a head tells beside that is the business of the call.
"""

import json
from collections.abc import Iterator, Mapping
from typing import Any

PACK_TYPE = "application/vnd.storage-tui.pack"
HEAD_BYTES = 16 * 1024  # the longest head: a key of 1024 bytes with its type and checksum needs less than half

Frame = tuple[dict[str, Any], bytes]
"""A head and its bytes."""


class PackError(ValueError):
    """The bytes are no pack; the text says where they stop to be one."""


def frame(head: Mapping[str, Any], content: bytes = b"") -> bytes:
    """One frame; `size` is put into its head."""
    text = json.dumps({**head, "size": len(content)}, ensure_ascii=False, separators=(",", ":")).encode("utf-8")
    return b"".join((len(text).to_bytes(4, "big"), text, content))


class PackReader:
    """Takes the bytes of a pack as they come and gives its frames as they are whole. Keeps less than one frame, which
    is refused from its head on when it is longer than `max_bytes`."""

    def __init__(self, max_bytes: int) -> None:
        self._max_bytes = max_bytes
        self._pending = bytearray()
        self._head: dict[str, Any] | None = None
        self._needed = 4

    def feed(self, chunk: bytes | memoryview) -> Iterator[Frame]:
        """The frames that end in the chunk. Raises PackError."""
        self._pending += chunk
        at = 0
        try:
            while len(self._pending) - at >= self._needed:
                if self._head is None:
                    start = at + 4
                    length = int.from_bytes(self._pending[at:start], "big")
                    if length > HEAD_BYTES:
                        raise PackError(f"the head of a frame is at most {HEAD_BYTES} bytes, not {length}")
                    if len(self._pending) < start + length:
                        self._needed = 4 + length
                        return
                    self._head, at = _head(bytes(self._pending[start : start + length])), start + length
                    self._needed = _size(self._head, self._max_bytes)
                    continue
                head, stop = self._head, at + self._needed
                content = bytes(self._pending[at:stop])
                at, self._head, self._needed = stop, None, 4
                yield head, content
        finally:
            del self._pending[:at]

    def end(self) -> None:
        """Raise PackError unless the last frame is whole."""
        if self._pending or self._head is not None:
            raise PackError("the pack ends within a frame")


def _head(raw: bytes) -> dict[str, Any]:
    try:
        head = json.loads(raw)
    except (ValueError, RecursionError) as exc:
        raise PackError("the head of a frame is not JSON") from exc
    if not isinstance(head, dict):
        raise PackError("the head of a frame must be a JSON object")
    return head


def _size(head: dict[str, Any], max_bytes: int) -> int:
    size = head.get("size", 0)
    if not isinstance(size, int) or isinstance(size, bool) or size < 0:
        raise PackError("the size in the head of a frame must be a whole number")
    if size > max_bytes:
        raise PackError(f"a blob in a pack is at most {max_bytes} bytes, not {size}")
    return size
