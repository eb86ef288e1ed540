"""The process that matches the lines of blobs: frames from standard input, an answer to each on standard output.

| message | bytes | answer |
|---|---|---|
| `query` | none | `ready`: what is searched for from now on |
| `name` | none | none: another blob begins |
| `last` | the next bytes of the blob; `last` is true for the last ones | matches; `more` when the work is not done |
| `more` | none | the next matches |

An answer has `matches`, `more`, `state`, `reason`, `count` and `is_over`; then no more bytes of the blob are wanted.
"""

import contextlib
import os
import re
import resource
import signal
import sys
from collections.abc import Iterator
from dataclasses import astuple
from typing import Any

from storage_tui.previews.decoding import frames
from storage_tui.previews.searching.lines import BlobLines
from storage_tui.previews.searching.query import Match, Query

MEMORY_BYTES = 1024**3  # a dictionary of xz, a window of zstd, a long line, and the program itself
MATCHES_AT_ONCE = 100  # of SHOWN_CHARS characters: an answer is far smaller than a frame may be
STEPS_AT_ONCE = 16  # pieces of 256 KiB that are searched before an answer
ALONE_S = 60  # of work on one question, after which this process ends: whoever asked would have ended it before
READ_BYTES = 1024 * 1024
LIMITS = ((resource.RLIMIT_AS, MEMORY_BYTES), (resource.RLIMIT_FSIZE, 0), (resource.RLIMIT_CORE, 0))


class _Matcher:
    """The query, the blob that is searched, and the matches that were found and not sent yet."""

    def __init__(self) -> None:
        self._query = Query("")
        self._pattern: re.Pattern[str] = re.compile("")
        self._lines = BlobLines(self._query, self._pattern, "")
        self._found: Iterator[Match | None] = iter(())

    def obey(self, message: dict[str, Any], payload: bytes) -> dict[str, Any] | None:
        """Act on a message; return the answer, None for a message without one."""
        if "query" in message:
            self._query = Query(**message["query"])
            self._pattern = self._query.compiled()
            return {"ready": True}
        if "name" in message:
            self._lines = BlobLines(self._query, self._pattern, message["name"])
            return None
        if "last" in message:
            self._found = self._lines.feed(payload, is_last=message["last"])
        return self._answer()

    def _answer(self) -> dict[str, Any]:
        matches: list[tuple[Any, ...]] = []
        steps, is_more = 0, False
        for match in self._found:
            steps += match is None
            if match is not None:
                matches.append(astuple(match))
            if len(matches) >= MATCHES_AT_ONCE or steps >= STEPS_AT_ONCE:
                is_more = True
                break
        lines = self._lines
        return {"matches": matches, "more": is_more, "state": lines.state, "reason": lines.reason, "count": lines.count,
                "is_over": lines.is_over}  # fmt: skip


def main() -> None:
    """Answer frames until standard input ends."""
    for what, most in LIMITS:
        with contextlib.suppress(ValueError, OSError):
            resource.setrlimit(what, (most, most))
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the program that started this one ends it
    matcher, incoming = _Matcher(), bytearray()
    while True:
        data = os.read(0, READ_BYTES)
        if not data:
            return
        incoming += data
        while (frame := frames.take(incoming)) is not None:
            number, message, payload = frame
            signal.alarm(ALONE_S)
            answer = matcher.obey(message, payload)
            signal.alarm(0)
            if answer is not None:
                sys.stdout.buffer.write(frames.pack(number, answer, b""))
                sys.stdout.buffer.flush()


if __name__ == "__main__":
    with contextlib.suppress(BrokenPipeError, ValueError):
        main()
