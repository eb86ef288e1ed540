"""Many small blobs in one body: a pack is frames, one after the other.

A frame has three parts: the length of its head as four bytes, big-endian; the head, a JSON object; and the bytes of the
blob. The field `size` of the head is the number of these bytes; without the field there are none. Each call defines the
other fields of its heads.
"""

import json
from collections.abc import Iterator, Mapping
from typing import Any

PACK_TYPE = "application/vnd.storage-tui.pack"
HEAD_BYTES = 16 * 1024  # the longest head: a key of 1024 bytes with its type and checksum needs less than half

Frame = tuple[dict[str, Any], bytes]
"""A head and its bytes."""


class PackError(ValueError):
    """The bytes are not a pack; the text names the first thing that is wrong."""


def frame(head: Mapping[str, Any], content: bytes = b"") -> bytes:
    """Return one frame; the length of `content` is added to the head as `size`."""
    text = json.dumps({**head, "size": len(content)}, ensure_ascii=False, separators=(",", ":")).encode("utf-8")
    return b"".join((len(text).to_bytes(4, "big"), text, content))


class PackReader:
    """Reader of a pack: takes the bytes in chunks of any length and yields each frame once the frame is whole.

    At most one unfinished frame is kept in memory. A frame with a blob of more than `max_bytes` bytes is refused as
    soon as its head has arrived.
    """

    def __init__(self, max_bytes: int) -> None:
        self._max_bytes = max_bytes
        self._pending = bytearray()
        self._head: dict[str, Any] | None = None
        self._needed = 4

    def feed(self, chunk: bytes | memoryview) -> Iterator[Frame]:
        """Yield the frames that end in the chunk. Raise PackError for bytes that are not a pack."""
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
        """Raise PackError when the last frame is incomplete."""
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
