"""The lines of one blob that comes in pieces: unpacked, decoded as the previews guess, and matched."""

import re
from collections.abc import Iterator

from storage_tui.previews.base import PreviewError
from storage_tui.previews.containers.streams import Unstream
from storage_tui.previews.formats.compressed import find_method
from storage_tui.previews.searching.query import Match, Query, State
from storage_tui.previews.text.encoding import SAMPLE_BYTES, Encoding, any_encoding, find_encoding
from storage_tui.previews.text.lines import last_aligned, whole_characters

UNPACKED_BYTES = 1024**3  # of one blob: a bomb ends here, and a log of a gigabyte is read through
LINE_BYTES = 1024 * 1024  # of a line that is matched as a whole; a longer one is matched in parts
SHOWN_CHARS = 500  # of a line around its match
MAGIC_BYTES = 16  # show a compression


class BlobLines:
    """Takes the bytes of one blob in order, and gives the lines that match.

    `state` says how the search ended so far, `reason` why it ended early: then no more bytes are wanted. `count` counts
    the lines that match, `unpacked_bytes` the bytes that were searched.
    """

    def __init__(
        self, query: Query, pattern: re.Pattern[str], name: str, *, most_unpacked: int = UNPACKED_BYTES
    ) -> None:
        self._most_unpacked = most_unpacked
        self._query = query
        self._pattern = pattern
        self._name = name
        self._head = b""
        self._unstream: Unstream | None = None
        self._is_packed: bool | None = None
        self._encoding: Encoding | None = None
        self._text = bytearray()  # bytes of lines that are not complete
        self._offset = 0  # of the first of these bytes
        self._number = 0
        self._is_open = False  # the last line continues
        self._matched = 0  # the number of the last line that matched
        self.state: State = "whole"
        self.reason = ""
        self.count = 0
        self.unpacked_bytes = 0

    @property
    def is_over(self) -> bool:
        """Whether no more bytes are wanted."""
        return self.state != "whole" or (self._query.wanted == "first" and self.count > 0)

    def feed(self, data: bytes, *, is_last: bool) -> Iterator[Match | None]:
        """Yield the matches in some more bytes, and None now and then while there are none."""
        try:
            for piece in self._contents(data, is_last=is_last):
                self.unpacked_bytes += len(piece)
                if self._is_packed and self.unpacked_bytes > self._most_unpacked:
                    self.state, self.reason = (
                        "cut",
                        f"only the first {self._most_unpacked:,} unpacked bytes were searched",
                    )
                    return
                yield from self._lines(piece, is_last=False)
                if self.is_over:
                    return
                yield None
            if is_last:
                yield from self._lines(b"", is_last=True)
                if self._unstream is not None and not self._unstream.has_end:
                    self.state, self.reason = "damaged", "its packed stream is cut: it has no end"
        except PreviewError as exc:
            yield from self._lines(b"", is_last=True)
            self.state, self.reason = "damaged", str(exc)

    def _contents(self, data: bytes, *, is_last: bool) -> Iterator[bytes]:
        """Yield the bytes, unpacked if they are packed."""
        if self._is_packed is None:
            self._head += data
            if len(self._head) < MAGIC_BYTES and not is_last:
                return
            method = find_method(self._head, self._name.lower())
            data, self._head = self._head, b""
            self._is_packed = method is not None
            self._unstream = None if method is None else Unstream(method)
        if self._unstream is None:
            yield data
        else:
            yield from self._unstream.feed(data)

    def _lines(self, piece: bytes, *, is_last: bool) -> Iterator[Match | None]:
        """Yield the matches in the lines that are complete with these bytes."""
        self._text += piece
        if self._encoding is None:
            if len(self._text) < SAMPLE_BYTES and not is_last:
                return
            head = bytes(self._text[:SAMPLE_BYTES])
            if not head:
                return
            found = any_encoding(head) if self._query.with_binary else find_encoding(head)
            if found is None:
                self.state = "binary"
                return
            self._encoding = found
            self._offset = found.bom_bytes
            del self._text[: found.bom_bytes]
        encoding = self._encoding
        unit, newline = encoding.unit_bytes, encoding.newline
        stop = len(self._text)
        if not is_last:
            stop = last_aligned(self._text, newline, stop, unit) + unit  # type: ignore[arg-type]  # also of a bytearray
            if stop == 0 and len(self._text) > LINE_BYTES:
                stop = whole_characters(bytes(self._text[:LINE_BYTES]), encoding)
        whole = bytes(self._text[:stop])
        del self._text[:stop]
        yield from self._matches(whole, encoding)
        self._offset += len(whole)

    def _matches(self, whole: bytes, encoding: Encoding) -> Iterator[Match | None]:
        unit, newline, at = encoding.unit_bytes, encoding.newline, 0
        codec, search, wanted = encoding.codec, self._pattern.search, self._query.wanted
        while at < len(whole):
            end = whole.find(newline, at)
            while end != -1 and end % unit:
                end = whole.find(newline, end + 1)
            is_ended = end != -1
            stop = min(end if is_ended else len(whole), at + LINE_BYTES)
            self._number += not self._is_open
            self._is_open = not is_ended or stop < end
            if is_ended and self._is_open:  # a long line
                stop = at + whole_characters(whole[at:stop], encoding) or stop
            following = stop if self._is_open else stop + unit
            line = whole[at:stop].decode(codec, "replace").removesuffix("\r")
            found = search(line)
            if found is not None and self._matched != self._number:
                self.count += 1
                self._matched = self._number
                if wanted == "lines":
                    yield _match(self._number, line, found, None if self._is_packed else self._offset + at)
                elif wanted == "first":
                    return
            at = following


def _match(number: int, line: str, found: re.Match[str], offset: int | None) -> Match:
    start, stop = found.span()
    if len(line) <= SHOWN_CHARS:
        return Match(number, line, start, stop, offset=offset)
    first = max(0, min(start - SHOWN_CHARS // 4, len(line) - SHOWN_CHARS))
    text = line[first : first + SHOWN_CHARS]
    lead, tail = "…" if first else "", "…" if first + SHOWN_CHARS < len(line) else ""
    start, stop = start - first + len(lead), min(stop - first, len(text)) + len(lead)
    return Match(number, f"{lead}{text}{tail}", start, stop, is_cut=True, offset=offset)
