"""One query: starts the process, reads the ranges that it asks for, and returns the rows as they come."""

import importlib.util
import json
import socket
import subprocess
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from storage_tui.contract.sizes import size_text
from storage_tui.machine import interpreters
from storage_tui.previews.base import BudgetError, LimitError, PreviewError
from storage_tui.previews.decoding import frames
from storage_tui.previews.querying.statement import renamed

MODULE = "storage_tui.previews.querying.process"
NEEDS = ("duckdb", "fsspec")
MISSING = "SQL needs DuckDB: pip install 'storage-tui[sql]'"


@dataclass(frozen=True, slots=True)
class File:
    """One blob that a statement may read: its name, whose ending shows the format, and its size in bytes."""

    name: str
    size_bytes: int


ReadFile = Callable[[int, int, int], bytes]
"""`read(number, start, stop)` returns the bytes of a file from `start` to `stop`; it may raise errors of the client."""


class Query:
    """One query over some files.

    `meant` has the numbers of the files that each text of the statement means. `most_bytes` is how much may be read;
    None for no limit. `columns` are the names and types once the rows have begun; `requests` and `bytes_read` are what
    was read so far.
    """

    def __init__(
        self, statement: str, files: Sequence[File], meant: Mapping[str, Sequence[int]], *, read: ReadFile,
        most_bytes: int | None = None,
    ) -> None:  # fmt: skip
        self.columns: list[tuple[str, str]] = []
        self.requests = 0
        self.bytes_read = 0
        self._statement = statement
        self._files = files
        self._meant = meant
        self._read = read
        self._most = most_bytes
        self._is_over = False
        self._pipe: socket.socket | None = None  # to the process, while there is one

    def end(self) -> None:
        """End the query now, also while it waits for the process; another thread may call this."""
        self._is_over = True
        if self._pipe is not None:
            with suppress(OSError):  # it has ended by itself
                self._pipe.shutdown(socket.SHUT_RDWR)

    def rows(self) -> Generator[list[list[Any]], None, None]:
        """Yield the rows in pieces; the values are those of JSON. The process ends with the iterator.

        Raise PreviewError with one line for a statement that DuckDB refuses, BudgetError past `most_bytes`, LimitError
        without DuckDB, and the errors of `read`.
        """
        if any(importlib.util.find_spec(name) is None for name in NEEDS):
            raise LimitError(MISSING)
        ours, theirs = socket.socketpair()
        with ours:
            with theirs:
                process = subprocess.Popen(
                    interpreters.command(MODULE), stdin=theirs.fileno(), stdout=theirs.fileno(),
                    stderr=subprocess.DEVNULL, env=interpreters.environment(), start_new_session=True,
                )  # fmt: skip
            self._pipe = ours
            try:
                yield from self._talk(ours)
            except (LimitError, OSError):
                if not self._is_over:
                    raise
            finally:
                self._pipe = None
                process.kill()
                process.wait()

    def _talk(self, ours: socket.socket) -> Generator[list[list[Any]], None, None]:
        globs = {f"{at}/{name}": list(numbers) for at, (name, numbers) in enumerate(self._meant.items())}
        names = {name: f"blob://{at}/{name}" for at, name in enumerate(self._meant)}
        job = {
            "statement": renamed(self._statement, lambda name: names.get(name, name)),
            "files": [[file.name, file.size_bytes] for file in self._files], "globs": globs,
        }  # fmt: skip
        ours.sendall(frames.pack(0, job, b""))
        while not self._is_over:
            told, payload = _next(ours)
            if "error" in told:
                if self._most is not None and self.bytes_read > self._most:
                    raise BudgetError(str(told["error"]))
                raise PreviewError(str(told["error"]))
            if "need" in told:
                self._serve(ours, *told["need"])
            elif "columns" in told:
                self.columns = [(str(name), str(kind)) for name, kind in told["columns"]]
            elif "rows" in told:
                yield [json.loads(line) for line in payload.split(b"\n")]
            else:
                return

    def _serve(self, ours: socket.socket, number: int, start: int, stop: int, most: int) -> None:
        size = self._files[number].size_bytes
        if not 0 <= start < stop <= most <= size:
            raise PreviewError("the query process asked for a range outside a blob")
        self.bytes_read += stop - start
        if self._most is not None and self.bytes_read > self._most:
            reason = f"it would read more than {size_text(self._most)}"
            ours.sendall(frames.pack(0, {"part": False, "error": reason}, b""))
            return
        self.requests += 1
        ours.sendall(frames.pack(0, {"part": True}, self._read(number, start, stop)))


def distinct(names: Sequence[str]) -> list[str]:
    """Return the names of columns, the second and later ones of the same name with a number."""
    found: dict[str, int] = {}
    result = []
    for name in names:
        found[name] = found.get(name, 0) + 1
        result.append(name if found[name] == 1 else f"{name}_{found[name]}")
    return result


def _next(ours: socket.socket) -> tuple[dict[str, Any], bytes]:
    header = _exactly(ours, frames.HEADER.size)
    _, told, payload = frames.unpack(header, _exactly(ours, frames.frame_size(header)))
    return told, payload


def _exactly(ours: socket.socket, size: int) -> bytes:
    pieces = []
    while size:
        piece = ours.recv(min(size, 1 << 20))
        if not piece:
            raise LimitError("the query needs more memory than it may have, or DuckDB ended")
        pieces.append(piece)
        size -= len(piece)
    return b"".join(pieces)
