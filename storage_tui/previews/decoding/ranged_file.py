"""The blob as a file for a library in the child: pages of it are asked for as the library reads them.

The child has no network. It asks the loop, the loop asks the preview's side, and that side reads through `Source`,
which keeps the budget.
"""

import io
from collections import OrderedDict
from collections.abc import Callable, Iterator
from time import monotonic
from typing import Any

from storage_tui.contract.sizes import size_text

PAGE_BYTES = 64 * 1024  # one round trip at 10 Mbit/s; headers that lie together come together
MOST_BYTES = 1024 * 1024  # of one request: the read-ahead of a file that is read from its start to its end
LEAST_BYTES = 128 * 1024  # a budget of few requests and many bytes makes each request no larger than this
KEPT_PAGES = 128  # 8 MiB, twice what a preview may read; far below the memory limit of the child

Ask = Callable[[int, int, int], bytes]


class RefusedError(OSError):
    """The preview's side does not read this range; the text is the reason."""


class RangedFile(io.RawIOBase):
    """A file of `size` bytes that can be read and searched.

    `ask(start, stop, most)` returns the bytes from `start` to `stop` at least, and at most those up to `most`, or
    raises RefusedError. A request takes `ahead_bytes`, within limits, where more of the file follows. `most_bytes` is
    what may be read in all: one read that needs more is refused at once. `refused` is the reason of the first refusal,
    "" without any: a library may swallow the error or put its own words on it.
    """

    def __init__(self, size: int, most_bytes: int, ask: Ask, *, ahead_bytes: int = 0) -> None:
        super().__init__()
        self.size = size
        self.refused = ""
        self.most_bytes = most_bytes
        self.waited_s = 0.0  # for ranges, which is no work
        self._ask = ask
        self._page = PAGE_BYTES
        self._least = min(max(PAGE_BYTES, ahead_bytes // PAGE_BYTES * PAGE_BYTES), LEAST_BYTES)
        self._pages: OrderedDict[int, bytes] = OrderedDict()
        self._at = 0
        self._next = -1  # the page after the last request
        self._ahead = self._least
        self._is_spent = False  # the budget, by a refusal: asking again would only take time

    def readable(self) -> bool:
        """Return true: the file can be read."""
        return True

    def seekable(self) -> bool:
        """Return true: the file can be searched by position."""
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Move to a position and return it, as `io.IOBase.seek` does."""
        at = offset + {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self.size}[whence]
        if at < 0:
            raise ValueError(f"negative position {at}")
        self._at = at
        return at

    def tell(self) -> int:
        """Return the position of the next read."""
        return self._at

    def readinto(self, buffer: Any) -> int:
        """Fill the buffer, as far as the file reaches, and return the number of bytes; raise RefusedError."""
        view = memoryview(buffer).cast("B")
        count = max(0, min(len(view), self.size - self._at))
        filled = 0
        for piece in self._pieces(self._at, self._at + count):
            view[filled : filled + len(piece)] = piece
            filled += len(piece)
        self._at += filled
        return filled

    def readall(self) -> bytes:
        """Return the rest of the file; raise RefusedError when the rest is more than a preview reads."""
        data = b"".join(self._pieces(self._at, self.size))
        self._at += len(data)
        return data

    def _pieces(self, start: int, stop: int) -> Iterator[memoryview]:
        """Yield the bytes from `start` to `stop` page by page."""
        if stop - start > self.most_bytes:
            raise self._refusal(RefusedError(f"needs more than {size_text(self.most_bytes)} to be read"))
        while start < stop:
            number, offset = divmod(start, self._page)
            if number not in self._pages:
                self._fetch(number, min(stop, number * self._page + MOST_BYTES))
            self._pages.move_to_end(number)
            piece = memoryview(self._pages[number])[offset : offset + stop - start]
            if not piece:
                raise self._refusal(RefusedError("fewer bytes came than were asked for"))
            yield piece
            start += len(piece)

    def _fetch(self, number: int, stop: int) -> None:
        """Ask for the pages from `number` on that `stop` needs, and for more of them when the file is read in order."""
        if self._is_spent:
            raise RefusedError(self.refused)
        last = number + 1
        while last * self._page < stop and last not in self._pages:
            last += 1
        self._ahead = min(2 * self._ahead, MOST_BYTES) if number == self._next else self._least
        start, stop = number * self._page, min(last * self._page, self.size)
        most = min(max(stop, start + self._ahead), self.size)
        begun = monotonic()
        try:
            data = self._ask(start, stop, most)
        except RefusedError as exc:
            self._is_spent = True
            raise self._refusal(exc) from exc
        finally:
            self.waited_s += monotonic() - begun
        if len(data) < stop - start:
            raise self._refusal(RefusedError("fewer bytes came than were asked for"))
        for at in range(0, len(data), self._page):
            if at + self._page <= len(data) or start + len(data) == self.size:
                self._pages[(start + at) // self._page] = data[at : at + self._page]
        self._next = -(-(start + len(data)) // self._page)
        while len(self._pages) > KEPT_PAGES:
            self._pages.popitem(last=False)

    def _refusal(self, reason: RefusedError) -> RefusedError:
        self.refused = self.refused or str(reason)
        return reason
