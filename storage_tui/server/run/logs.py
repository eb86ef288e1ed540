"""The logs of the server, for people and programs: lines of text or JSON, bounded, without secrets."""

import contextlib
import json
import logging
import os
import queue
import stat
import sys
import threading
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

from storage_tui.contract.counts import plural
from storage_tui.contract.errors import UnavailableError
from storage_tui.contract.models import format_time
from storage_tui.contract.visible import one_line
from storage_tui.machine.private_files import append_whole, open_private
from storage_tui.server.http.request_summary import Exchange

Format = Literal["text", "json"]

MAX_LOG_BYTES = 1024 * 1024  # a log file of errors larger than this is emptied
MAX_ACCESS_BYTES = 64 * 1024 * 1024  # past this size FILE becomes FILE.1 and replaces the earlier FILE.1
QUEUE_LINES = 10_000  # lines waiting for a slow disk: further lines are dropped and counted, requests never wait
LINES_AT_ONCE = 1000

log = logging.getLogger("storage_tui.server")


class _JsonFormatter(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        raw = {"at": format_time(datetime.now(UTC)), "level": record.levelname.lower()}
        request_id = getattr(record, "request_id", None)
        if request_id is not None:
            raw["request"] = request_id
        return json.dumps({**raw, "message": record.getMessage()})


class _TextFormatter(logging.Formatter):
    """Escapes what a terminal would obey, so that any terminal only draws the lines of the log."""

    def format(self, record: logging.LogRecord) -> str:
        return "\n".join(map(one_line, super().format(record).splitlines()))


def start_log(form: Format = "text") -> None:
    """Send errors to stderr, one line each."""
    handler = logging.StreamHandler(sys.stderr)
    text = _TextFormatter("%(asctime)s %(levelname)s %(message)s")
    handler.setFormatter(_JsonFormatter() if form == "json" else text)
    log.handlers = [handler]
    log.propagate = False
    bound_log()


def bound_log() -> None:
    """Empty the log when stderr is a file that has grown too long."""
    with contextlib.suppress(OSError, ValueError):
        status = os.fstat(sys.stderr.fileno())
        if stat.S_ISREG(status.st_mode) and status.st_size > MAX_LOG_BYTES:
            os.ftruncate(sys.stderr.fileno(), 0)


class AccessLog:
    """One line for each request that has ended. A thread writes the lines. When the file was moved away, a new one is
    begun."""

    def __init__(self, path: Path, *, form: Format, shows_keys: bool, max_bytes: int = MAX_ACCESS_BYTES) -> None:
        self._path = path
        self._form = form
        self._shows_keys = shows_keys
        self._max_bytes = max_bytes
        self._queue: queue.Queue[str | None] = queue.Queue(QUEUE_LINES)
        self._dropped = 0
        self._failed = False
        self._thread = threading.Thread(target=self._serve, name="access-log", daemon=True)

    def start(self) -> None:
        """Start to write. Raise UnavailableError when the file cannot be written."""
        try:
            os.close(self._open())
        except OSError as exc:
            raise UnavailableError(f"cannot write the access log {self._path}: {exc.strerror or exc}") from exc
        self._thread.start()

    def stop(self) -> None:
        """Write the waiting lines and stop. This blocks."""
        self._queue.put(None)
        self._thread.join()

    def note(self, exchange: Exchange) -> None:
        """Log a request that has ended; this never waits."""
        try:
            self._queue.put_nowait(self._line(exchange))
        except queue.Full:
            self._dropped += 1

    def _line(self, exchange: Exchange) -> str:
        raw = fields_of(exchange, shows_keys=self._shows_keys)
        if self._form == "json":
            return json.dumps(raw) + "\n"
        head = " ".join(str(raw.pop(name)) for name in ("at", "request", "method", "route", "status"))
        return " ".join((head, *(f"{name}={value}" for name, value in raw.items()))) + "\n"

    def _dropped_line(self, dropped: int) -> str:
        at = format_time(datetime.now(UTC))
        message = f"missing in this log, as the disk is slow: {plural(dropped, 'request')}"
        if self._form == "json":
            return json.dumps({"at": at, "dropped": dropped, "message": message}) + "\n"
        return f"{at} {message}\n"

    def _open(self) -> int:
        return open_private(self._path, os.O_WRONLY | os.O_CREAT | os.O_APPEND)

    def _serve(self) -> None:
        is_over = False
        while not is_over:
            lines = [self._queue.get()]
            with contextlib.suppress(queue.Empty):
                while len(lines) < LINES_AT_ONCE:
                    lines.append(self._queue.get_nowait())
            is_over = None in lines
            if dropped := self._dropped:
                self._dropped -= dropped
                lines.append(self._dropped_line(dropped))
            self._write("".join(line for line in lines if line is not None))

    def _write(self, text: str) -> None:
        try:
            descriptor = self._open()
            try:
                append_whole(descriptor, text.encode())
                is_long = os.fstat(descriptor).st_size > self._max_bytes
            finally:
                os.close(descriptor)
            if is_long:
                self._path.replace(self._path.with_name(self._path.name + ".1"))
            self._failed = False
        except OSError as exc:
            if not self._failed:  # log the error once, not for every line
                log.error("cannot write the access log: %s", exc.strerror or exc)
            self._failed = True


def fields_of(exchange: Exchange, *, shows_keys: bool) -> dict[str, Any]:
    """Return the fields of a request's line. They never contain its query, its headers or an upload id; they contain
    its key only with `shows_keys`."""
    request = exchange.request
    raw: dict[str, Any] = {
        "at": format_time(datetime.now(UTC)),
        "request": request.request_id if request is not None else "-",
        "method": exchange.method,
        "route": exchange.route,
        "status": exchange.final_status,
        "in": exchange.received_bytes,
        "out": exchange.sent_bytes,
        "seconds": round(exchange.duration_s, 4),
        "user": (request.namespace if request is not None else "") or "-",
    }
    if exchange.is_cut:
        raw["cut"] = True
    if request is not None and "type" in request.path:
        raw["type"] = one_line(request.path["type"].decode("ascii", "replace"))[:16].replace(" ", "?")
    if shows_keys and request is not None and "key" in request.path:
        raw["key"] = request.path["key"].decode("ascii", "replace")  # as received, percent-encoded
    return raw
