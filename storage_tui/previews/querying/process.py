"""The process of one query: `python -m storage_tui.previews.querying.process`.

It takes one frame: the statement, and the names and sizes of the blobs. It answers with the columns, with the rows in
pieces, and with `done`, or with one `error`. In between it asks for ranges: `need` has the number of a blob, start,
stop, and the end of what is also worth reading.
"""

import datetime
import importlib
import json
import os
import resource
import threading
from contextlib import suppress
from typing import Any

from storage_tui.previews.decoding import frames
from storage_tui.previews.decoding.ranged_file import RangedFile, RefusedError

SCHEME = "blob"
MEMORY_BYTES = 3 * 1024**3  # of addresses: DuckDB reserves more than it uses
DATA_BYTES = 512 * 1024**2  # of what DuckDB keeps
PIECE_ROWS = 500
MOST_CHARS = 100_000  # of the JSON of one row
MAX_FILE_BYTES = 1 << 62
READ_BYTES = 1024 * 1024
KINDS = ("SELECT", "EXPLAIN")
CONFIG = {
    "threads": 1, "memory_limit": f"{DATA_BYTES // 1024**2}MB", "temp_directory": "",
    "autoinstall_known_extensions": False, "autoload_known_extensions": False, "allow_unsigned_extensions": False,
    "python_enable_replacements": False,
}  # fmt: skip
LIMITS = (  # DuckDB starts threads, which a limit of processes counts; without files there is no program to start
    (resource.RLIMIT_AS, MEMORY_BYTES),
    (resource.RLIMIT_FSIZE, 0),  # writes no file
    (resource.RLIMIT_CORE, 0),
    (resource.RLIMIT_NOFILE, 0),  # opens no file and no connection
)


def main() -> None:
    """Answer the one query that comes from standard input."""
    duckdb, fsspec = importlib.import_module("duckdb"), importlib.import_module("fsspec")
    pipe = _Pipe()
    job = pipe.take()
    try:
        with duckdb.connect(config=CONFIG) as connection:
            connection.register_filesystem(_blobs(fsspec, job["files"], job["globs"], pipe)())
            connection.execute("SELECT to_json(x) FROM (SELECT 1 AS x) x").fetchall()  # loads all that it needs
            connection.execute("SET lock_configuration = true")
            for what, most in LIMITS:
                with suppress(ValueError, OSError):
                    resource.setrlimit(what, (most, most))
            _answer(duckdb, connection, job["statement"], pipe)
    except Exception as exc:  # the boundary of the library: every error is about the query
        pipe.say({"error": pipe.refused or _words(exc)}, b"")


def _answer(duckdb: Any, connection: Any, statement: str, pipe: "_Pipe") -> None:
    parsed = connection.extract_statements(statement)
    if len(parsed) != 1:
        raise ValueError(f"{len(parsed)} statements; write one")
    if parsed[0].type.name not in KINDS:
        raise ValueError("blobs are only read here; write a SELECT")
    plain = statement.strip().rstrip(";")
    if parsed[0].type.name == "EXPLAIN":
        found = connection.execute(plain)
        pipe.say({"columns": [[name, "VARCHAR"] for name, *_ in found.description]}, b"")
        rows = [[str(cell) for cell in row] for row in found.fetchall()]
        pipe.rows([_json(row) for row in rows])
    else:
        head = connection.sql(plain)
        pipe.say({"columns": [[name, str(kind)] for name, kind in zip(head.columns, head.types, strict=True)]}, b"")
        names = ", ".join(f"c{at}" for at in range(len(head.columns)))
        found = connection.execute(f"SELECT to_json([{_cells(len(head.columns))}]) FROM ({plain}\n) AS q({names})")
        while rows := found.fetchmany(PIECE_ROWS):
            pipe.rows([text if len(text) <= MOST_CHARS else _json([text[:MOST_CHARS]]) for (text,) in rows])
    pipe.say({"done": True}, b"")


def _cells(count: int) -> str:
    """Return the expressions of a row as JSON values, whatever their types are."""
    return ", ".join(f"to_json(c{at})" for at in range(count))


def _json(row: list[str]) -> str:
    return json.dumps(row)


def _blobs(fsspec: Any, files: list[list[Any]], globs: dict[str, list[int]], pipe: "_Pipe") -> Any:
    """Return the file system of the blobs, which DuckDB knows by the scheme `blob`."""

    class Blobs(fsspec.AbstractFileSystem):  # type: ignore[misc]
        protocol = SCHEME
        cachable = False

        def glob(self, path: str, **kwargs: Any) -> list[str]:
            found = globs.get(path.removeprefix(f"{SCHEME}://"))
            return [path] if found is None else [f"{SCHEME}://{files[number][0]}" for number in found]

        def _number(self, path: str) -> int:
            name = path.removeprefix(f"{SCHEME}://")
            for number, (known, _) in enumerate(files):
                if known == name:
                    return number
            raise FileNotFoundError(name)

        def exists(self, path: str, **kwargs: Any) -> bool:
            return any(known == path.removeprefix(f"{SCHEME}://") for known, _ in files)

        def info(self, path: str, **kwargs: Any) -> dict[str, Any]:
            return {"name": path, "size": files[self._number(path)][1], "type": "file"}

        def isfile(self, path: str) -> bool:
            return True

        def isdir(self, path: str) -> bool:
            return False

        def modified(self, path: str) -> datetime.datetime:
            return datetime.datetime(2000, 1, 1, tzinfo=datetime.UTC)  # a blob does not change while it is read

        def open(self, path: str, mode: str = "rb", **kwargs: Any) -> RangedFile:
            if mode not in ("r", "rb"):
                raise PermissionError("blobs are only read here")
            number = self._number(path)
            return RangedFile(
                files[number][1], MAX_FILE_BYTES, lambda start, stop, most: pipe.ask(number, start, stop, most)
            )

    return Blobs


class _Pipe:
    """The ends of this process: frames come in by standard input and go out by standard output, for several threads."""

    def __init__(self) -> None:
        self.refused = ""
        self._incoming = bytearray()
        self._lock = threading.Lock()  # threads of DuckDB read blobs while rows go out

    def take(self) -> dict[str, Any]:
        """Return the message of the next frame."""
        return self._next()[0]

    def say(self, message: dict[str, Any], payload: bytes) -> None:
        """Send a frame."""
        with self._lock:
            self._write(message, payload)

    def _write(self, message: dict[str, Any], payload: bytes) -> None:
        left = memoryview(frames.pack(0, message, payload))
        while left:
            left = left[os.write(1, left) :]

    def rows(self, texts: list[str]) -> None:
        """Send rows, each as the JSON of a list, in frames that are not too large."""
        piece: list[bytes] = []
        size = 0
        for text in texts:
            raw = text.encode("utf-8", "replace")
            if size + len(raw) > frames.MAX_PAYLOAD_BYTES // 2:
                self.say({"rows": len(piece)}, b"\n".join(piece))
                piece, size = [], 0
            piece.append(raw)
            size += len(raw)
        if piece:
            self.say({"rows": len(piece)}, b"\n".join(piece))

    def ask(self, number: int, start: int, stop: int, most: int) -> bytes:
        """Return a range of a blob, as `ranged_file.Ask` says."""
        with self._lock:
            self._write({"need": [number, start, stop, most]}, b"")
            told, part = self._next()
        if not told["part"]:
            self.refused = told["error"]
            raise RefusedError(told["error"])
        return part

    def _next(self) -> tuple[dict[str, Any], bytes]:
        while (frame := frames.take(self._incoming)) is None:
            data = os.read(0, READ_BYTES)
            if not data:
                os._exit(0)  # nobody waits for the answer any more
            self._incoming += data
        return frame[1], frame[2]


def _words(exc: Exception) -> str:
    """Return an error of DuckDB as one line."""
    lines = [line.strip() for line in str(exc).splitlines() if line.strip()]
    kept = [line for line in lines if not line.startswith(("LINE ", "^"))]
    return (" ".join(kept[:3]) or type(exc).__name__)[:500].replace(f"{SCHEME}://", "")


if __name__ == "__main__":
    main()
