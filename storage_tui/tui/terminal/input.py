"""The bytes of a terminal as messages: Textual's parser, changed in two ways.

No input ends the parser, and nothing in a paste counts as keys.
"""

import re
from codecs import getincrementaldecoder
from collections.abc import Iterator

from textual import events
from textual.message import Message

from storage_tui.tui.terminal.textual_private import BRACKETED_PASTE_END, BRACKETED_PASTE_START, OpenParser

MOST_CELLS = 1_000_000  # a 4K screen in the smallest letters has a fifth of that; each cell costs memory
_ESC = "\x1b"
_SEQUENCES = re.compile("(?=\x1b)")  # keys and replies, each with the text after it
_STRING = re.compile("\x1b[]P_^X][^\x07\x1b]*(\x07|\x1b\\\\)")  # answers to queries of other programs, such as colours
_CONTROL = re.compile("\x1b\\[[0-?]*[ -/]*[@-~]")  # ECMA-48 5.4
_END_BEGUN = re.compile("\x1b(\\[(2(0(1)?)?)?)?\\Z")


class TerminalInput:
    """A parser that takes bytes as they arrive, also parts of a character or of a sequence."""

    def __init__(self, *, debug: bool = False) -> None:
        self._debug = debug
        self._parser = OpenParser(debug)
        self._decode = getincrementaldecoder("utf-8")("replace").decode
        self._is_pasting = False
        self._before = ""  # the last typed characters, or the possible beginning of the end of a paste

    def feed(self, content: bytes) -> Iterator[Message]:
        """Yield the messages that are complete with these bytes."""
        text = self._decode(content)
        while text:
            typed, text = self._pasted(text) if self._is_pasting else self._typed(text)
            for piece in _SEQUENCES.split(_STRING.sub("", typed)):
                if piece:  # the parser takes an empty text for the end of all input
                    yield from self._parsed(piece)

    def tick(self) -> Iterator[Message]:
        """Yield the keys of a sequence that did not end in time: Esc, and the text after it."""
        yield from self._parser.tick()
        if not self.is_waiting and not self._is_pasting:
            self._before = ""

    @property
    def is_waiting(self) -> bool:
        """Whether `tick` may have to end a sequence that has begun."""
        return self._parser.is_waiting

    def _typed(self, text: str) -> tuple[str, str]:
        """Split a text after the sequence that begins a paste."""
        found, begin, _ = (self._before + text).partition(BRACKETED_PASTE_START)
        if not begin:
            self._before = found[1 - len(BRACKETED_PASTE_START) :]
            return text, ""
        stop = len(found) + len(begin) - len(self._before)
        self._is_pasting, self._before = True, ""
        return text[:stop], text[stop:]

    def _pasted(self, text: str) -> tuple[str, str]:
        """Split a text after the sequence that ends a paste.

        The pasted part loses the character after which the parser would see keys.
        """
        pasted, end, rest = (self._before + text).partition(BRACKETED_PASTE_END)
        self._is_pasting, self._before = not end, ""
        if not end and (begun := _END_BEGUN.search(pasted)):
            pasted, self._before = pasted[: begun.start()], begun[0]
        return pasted.replace(_ESC, "") + end, rest

    def _parsed(self, text: str) -> Iterator[Message]:
        """Parse a text. Leave out numbers that the parser cannot handle, and sizes that no screen has."""
        try:
            for message in self._parser.feed(text):
                if not isinstance(message, events.Resize) or 0 < message.size.area <= MOST_CELLS:
                    yield message
        except (ArithmeticError, ValueError):
            known, self._parser = self._parser, OpenParser(self._debug)
            self._parser.mouse_pixels = known.mouse_pixels
            self._parser.terminal_size, self._parser.terminal_pixel_size = (
                known.terminal_size,
                known.terminal_pixel_size,
            )
            sequence = _CONTROL.match(text)
            if sequence is not None and sequence.end() < len(text):
                yield from self._parsed(text[sequence.end() :])
