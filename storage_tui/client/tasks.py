"""`TaskRun`: the log that a task runner writes while a task runs, and the result at the end."""

import contextlib
import json
import os
import threading
import time
import traceback
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from storage_tui.client.log_part import LINE_BYTES, PART_BYTES, LogPart, stamped
from storage_tui.client.storage import Storage
from storage_tui.client.transfer.content_types import guess_type
from storage_tui.contract.counts import plural
from storage_tui.contract.errors import BadRequestError, StorageError
from storage_tui.contract.keys import LOGS, RESULT, check_key, part_key, part_prefix

FLUSH_S = 1.0  # longest time that a line waits before others can read it
BYTES_PER_S = 256 * 1024  # limit of the cost of logging: each write stores the whole part, so a long part waits longer
TEXT, JSON, BINARY = "text/plain", "application/json", "application/octet-stream"


@dataclass(frozen=True, slots=True)
class LogBounds:
    """The bounds of one log, in bytes."""

    part: int = PART_BYTES
    waiting: int = 8 * 1024 * 1024  # lines kept while the store cannot be reached; more are counted and dropped


DEFAULTS = LogBounds()


class TaskRun:
    """One run of a task, under one key.

        with TaskRun(storage, "job-12/task-3") as run:
            run.log("reading 14 tiles")
            run.result({"area_km2": 12.5})

    The log is the blob `job-12/task-3` in `logs`. Others can read it while the task runs: it is about one second
    behind, some seconds when it is long. After 4 MiB the log continues in `job-12/task-3.part-2`. A killed task leaves
    the lines stored until then. A task that raises an exception leaves its traceback, and the exception is raised
    further. A run is a text stream too, for `redirect_stdout(run)` and `logging.StreamHandler(run)`. Several threads
    may use a run.

    `log` and `write` do not wait for the store and do not raise while it cannot be reached: lines wait, up to 8 MiB,
    and further lines are counted and dropped. Entering the block, `result`, and leaving the block wait for the store;
    they raise StorageError when it cannot store the result or the rest of the log. `flush_s` is how many seconds a line
    waits at most; raise BadRequestError unless it is more than 0. `bounds` are the 4 MiB and 8 MiB above.
    """

    def __init__(self, storage: Storage, key: str, *, flush_s: float = FLUSH_S, bounds: LogBounds = DEFAULTS) -> None:
        if flush_s <= 0:
            raise BadRequestError("flush_s is more than 0 seconds")
        self.key = check_key(key)
        check_key(part_key(key, 999_999))
        self._storage = storage
        self._flush_s = flush_s
        self._bounds = bounds
        self._part = LogPart(1, bounds.part)
        self._waiting: list[bytes] = []  # whole lines of later parts, in order
        self._waiting_bytes = 0
        self._dropped = 0
        self._half = ""  # the text from `write` after the last line end
        self._lock = threading.Lock()  # guards the lines
        self._storing = threading.Lock()  # one write of a part at a time
        self._end = threading.Event()
        self._thread: threading.Thread | None = None
        self._began = 0.0

    def __enter__(self) -> Self:
        self._began = time.monotonic()
        for stale in list(self._storage.iter_list(part_prefix(self.key), LOGS)):
            self._storage.delete(stale, LOGS)  # parts of an earlier, longer run
        self.log("started")
        self._store()
        self._thread = threading.Thread(target=self._keep_storing, name="storage-tui-task-log", daemon=True)
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        seconds = time.monotonic() - self._began
        if self._half:
            self.write("\n")
        if error is None:
            self.log(f"finished in {seconds:.1f} s")
        else:
            self.log("".join(traceback.format_exception(kind, error, trace)).rstrip())
            summary = traceback.format_exception_only(kind, error)[-1].strip().splitlines()[0]
            self.log(f"failed after {seconds:.1f} s: {summary}")
        self._end.set()
        if self._thread is not None:
            self._thread.join()
        try:
            self._store()
        except StorageError:
            if error is None:
                raise  # else the task's own error says more

    def log(self, *values: object) -> None:
        """Add one or more lines, with the time before each. Return at once."""
        self._add(stamped(" ".join(map(str, values))))

    def write(self, text: str) -> int:
        """Add text like a stream; return its length in characters.

        Text without a line end waits for the end, up to the longest line. Of a line that is overwritten again and
        again, as by a progress bar, the last state is kept.
        """
        with self._lock:
            *lines, half = (self._half + text).split("\n")
            state = half.rstrip("\r")  # a \r at the end may belong to a line end
            self._half = state.rpartition("\r")[2] + half[len(state) :]
            if len(self._half) >= LINE_BYTES:
                lines.append(self._half)
                self._half = ""
        for line in lines:
            self._add(stamped(line))
        return len(text)

    def flush(self) -> None:
        """Do nothing: the lines are stored in the background."""

    def result(self, value: Any, *, content_type: str | None = None) -> None:
        """Store the result, replacing an earlier result.

        A Path or an open binary file is uploaded, bytes are stored as they are, a str is stored as UTF-8 text, and any
        other value as JSON. `content_type` is the media type of the blob; without it the file name or the kind of
        value decides. Raise BadRequestError for a value without a JSON form, StorageError when the store fails.
        """
        if isinstance(value, os.PathLike):
            path = Path(value)
            guessed = guess_type(path.name)
            self._storage.set_file(self.key, path, RESULT, content_type=content_type or guessed or BINARY)
        elif hasattr(value, "read"):
            self._storage.set_file(self.key, value, RESULT, content_type=content_type or BINARY)
        elif isinstance(value, bytes | bytearray | memoryview):
            self._storage.set(self.key, value, RESULT, content_type=content_type or BINARY)
        elif isinstance(value, str):
            self._storage.set(self.key, value, RESULT, content_type=content_type or TEXT)
        else:
            self._storage.set(self.key, _json(value, self.key), RESULT, content_type=content_type or JSON)
        self.log("result stored")

    def _add(self, lines: list[bytes]) -> None:
        with self._lock:
            for line in lines:
                if not self._waiting and self._part.has_room(line):
                    self._part.add(line)
                elif self._waiting_bytes + len(line) <= self._bounds.waiting:
                    self._waiting.append(line)
                    self._waiting_bytes += len(line)
                else:
                    self._dropped += 1

    def _keep_storing(self) -> None:
        while not self._end.wait(max(self._flush_s, self._part.size_bytes / BYTES_PER_S)):
            with contextlib.suppress(StorageError):  # the lines wait for the next attempt
                self._store()

    def _store(self) -> None:
        """Store the lines that have been added until now; raise StorageError when a part cannot be stored."""
        with self._storing:
            while True:
                with self._lock:
                    part, content = self._part, self._part.content()
                if part.is_new:
                    self._storage.set(part_key(self.key, part.number), content, LOGS, content_type=TEXT)
                    part.stored_bytes = len(content)
                with self._lock:
                    if not self._waiting:
                        return
                    if not part.is_new:
                        self._part = self._next_part()

    def _next_part(self) -> LogPart:
        part = LogPart(self._part.number + 1, self._bounds.part)
        taken = 0
        while taken < len(self._waiting) and part.has_room(self._waiting[taken]):
            part.add(self._waiting[taken])
            self._waiting_bytes -= len(self._waiting[taken])
            taken += 1
        del self._waiting[:taken]
        if self._dropped and not self._waiting:
            part.add(stamped(f"{plural(self._dropped, 'line')} missing: the store could not be reached")[0])
            self._dropped = 0
        return part


def _json(value: Any, key: str) -> str:
    try:
        return json.dumps(value, ensure_ascii=False, allow_nan=False, indent=2)
    except (TypeError, ValueError, RecursionError) as exc:
        raise BadRequestError(f"the result of {key!r} is not JSON: {exc}; give bytes or a Path", key=key) from exc
