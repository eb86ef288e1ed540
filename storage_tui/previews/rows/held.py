"""The pages of a blob that a table reads again and again: more of them than a preview keeps."""

from collections import OrderedDict

from storage_tui.previews.base import MIB
from storage_tui.previews.decoding.ranged_file import PAGE_BYTES

HELD_PAGES = 32 * MIB // PAGE_BYTES  # one column of a row group of the usual size: rows deep in it follow all others


class HeldPages:
    """Pages of one blob by number, those that were used last; a page is whole, or the last of the blob."""

    def __init__(self, size_bytes: int) -> None:
        self._size = size_bytes
        self._pages: OrderedDict[int, bytes] = OrderedDict()

    def keep(self, start: int, data: bytes) -> None:
        """Hold the whole pages in some bytes."""
        skip = -start % PAGE_BYTES
        for at in range(skip, len(data), PAGE_BYTES):
            page = data[at : at + PAGE_BYTES]
            if len(page) == PAGE_BYTES or start + at + len(page) == self._size:
                self._pages[(start + at) // PAGE_BYTES] = page
        while len(self._pages) > HELD_PAGES:
            self._pages.popitem(last=False)

    def held(self, start: int, stop: int) -> bytes:
        """Return the bytes of a range that are held, from its start on."""
        pieces = []
        while start < stop:
            number, offset = divmod(start, PAGE_BYTES)
            page = self._pages.get(number, b"")[offset : offset + stop - start]
            if not page:
                break
            self._pages.move_to_end(number)
            pieces.append(page)
            start += len(page)
        return b"".join(pieces)
