"""What a task leaves: a log while it runs, a result, and the trace of how it ended, whatever way that was."""

import contextlib
import io
import json
import logging
import os
import re
import signal
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest

from storage_tui import Storage, TaskRun
from storage_tui.client.log_part import LINE_BYTES
from storage_tui.client.tasks import LogBounds
from storage_tui.contract.errors import BadRequestError, InvalidKeyError, StorageError
from storage_tui.contract.keys import Location, pair_of
from tests.faults.proxy import NONE, Fault, FaultProxy
from tests.server.running import RunningServer

KEY = "job-12/task 3"
NEVER = 3600.0  # seconds: only the end of the run stores


def lines(storage: Storage, key: str = KEY) -> list[str]:
    """The log without its times."""
    text = storage.get(key, "logs").decode()
    assert text.endswith("\n")
    assert all(re.match(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z ", row) for row in text.splitlines())
    return [row[25:] for row in text.splitlines()]


def test_a_run_leaves_its_log_and_its_result_under_one_key(storage: Storage) -> None:
    with TaskRun(storage, KEY) as run:
        assert lines(storage) == ["started"], "the log is there as soon as the task runs"
        run.log("reading", 14, "tiles")
        run.log("two\nlines é世")
        run.result({"area_km2": 12.5, "name": "é"})
    said = lines(storage)
    assert said[:5] == ["started", "reading 14 tiles", "two", "lines é世", "result stored"]
    assert re.fullmatch(r"finished in \d+\.\d s", said[5])
    assert json.loads(storage.get(KEY, "result")) == {"area_km2": 12.5, "name": "é"}
    assert storage.stat(KEY, "result").content_type == "application/json"
    assert storage.stat(KEY, "logs").content_type == "text/plain"


@pytest.mark.parametrize(
    ("value", "stored", "content_type"),
    [
        (b"\x00\xff", b"\x00\xff", "application/octet-stream"),
        (memoryview(b"view"), b"view", "application/octet-stream"),
        ("text é", "text é".encode(), "text/plain"),
        (None, b"null", "application/json"),
        ([1, 2.5], b"[\n  1,\n  2.5\n]", "application/json"),
        (io.BytesIO(b"file"), b"file", "application/octet-stream"),
    ],
)
def test_a_result_is_stored_as_what_it_is(storage: Storage, value: Any, stored: bytes, content_type: str) -> None:
    with TaskRun(storage, KEY) as run:
        run.result(value)
    assert storage.get(KEY, "result") == stored
    assert (storage.stat(KEY, "result").content_type or "application/octet-stream") == content_type


def test_a_file_is_a_result_with_the_type_of_its_name(storage: Storage, tmp_path: Path) -> None:
    path = tmp_path / "map.png"
    path.write_bytes(b"x" * 100_000)
    with TaskRun(storage, KEY) as run:
        run.result(path)
        run.result(path, content_type="image/webp")
    assert storage.get(KEY, "result") == path.read_bytes()
    assert storage.stat(KEY, "result").content_type == "image/webp"


@pytest.mark.parametrize("value", [{1, 2}, float("nan"), object(), {"a": {("b",): 1}}])
def test_what_json_has_no_form_for_is_refused_with_a_way_out(storage: Storage, value: Any) -> None:
    with TaskRun(storage, KEY) as run, pytest.raises(BadRequestError, match="give bytes or a Path"):
        run.result(value)
    assert not storage.exists(KEY, "result")


def test_an_exception_is_in_the_log_and_goes_on(storage: Storage) -> None:
    with pytest.raises(ZeroDivisionError), TaskRun(storage, KEY) as run:
        run.log("before")
        _ = 1 / 0
    said = lines(storage)
    assert said[:3] == ["started", "before", "Traceback (most recent call last):"]
    assert re.fullmatch(r"failed after \d+\.\d s: ZeroDivisionError: division by zero", said[-1])
    assert not storage.exists(KEY, "result")


def test_a_key_press_that_stops_a_task_is_in_the_log_too(storage: Storage) -> None:
    with pytest.raises(KeyboardInterrupt), TaskRun(storage, KEY):
        raise KeyboardInterrupt
    assert lines(storage)[-1].endswith("KeyboardInterrupt")


def test_a_killed_task_leaves_its_log_so_far(server: RunningServer, token: str, storage: Storage) -> None:
    program = (
        "import sys; from storage_tui import Storage, TaskRun; storage = Storage(sys.argv[1])\n"
        f"with TaskRun(storage, {KEY!r}, flush_s=0.05) as run:\n"
        "    run.log('last words')\n"
        f"    while 'last words' not in storage.get({KEY!r}, 'logs').decode(): pass\n"
        "    print('logged', flush=True); sys.stdin.read()\n"
    )
    command = [sys.executable, "-c", program, server.url]
    environment = {**os.environ, "DESCARTESLABS_TOKEN": token}
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"logged\n"
        process.send_signal(signal.SIGKILL)
    assert lines(storage) == ["started", "last words"]


def test_a_run_is_a_stream_for_print_and_logging(storage: Storage) -> None:
    with TaskRun(storage, KEY, flush_s=NEVER) as run:
        with contextlib.redirect_stdout(run):  # type: ignore[type-var]
            print("printed", end="")
            print(" in two\nand the next")
        handler = logging.StreamHandler(run)
        handler.emit(logging.makeLogRecord({"msg": "recorded"}))
        run.write("no end")
        run.flush()
    assert lines(storage)[1:-1] == ["printed in two", "and the next", "recorded", "no end"]


def test_a_long_log_goes_on_in_parts_and_a_later_run_removes_them(storage: Storage) -> None:
    with TaskRun(storage, KEY, flush_s=NEVER, bounds=LogBounds(part=2000)) as run:
        run.log("\n".join(f"line {number:03}" for number in range(200)))
    keys = storage.list(KEY, "logs")
    assert keys == [KEY, *(f"{KEY}.part-{number}" for number in range(2, len(keys) + 1))]
    assert len(keys) > 3
    assert all(storage.stat(key, "logs").size_bytes <= 2000 for key in keys)  # type: ignore[operator]
    said = [line for key in keys for line in lines(storage, key)]
    assert said[1:-1] == [f"line {number:03}" for number in range(200)]
    for key in keys:
        assert pair_of("logs", key) == Location("result", KEY)
    with TaskRun(storage, KEY):
        assert storage.list(KEY, "logs") == [KEY]


def test_lines_wait_while_the_store_cannot_be_reached(storage: Storage, token: str, server: RunningServer) -> None:
    with FaultProxy(server.url) as proxy, Storage(proxy.url, token=token, retries=0) as far:
        with TaskRun(far, KEY, flush_s=0.01) as run:
            proxy.default = Fault(refuse=True)
            proxy.cut_all()
            for number in range(50):
                run.log("meanwhile", number)
            with pytest.raises(StorageError):
                far.get(KEY, "logs")
            proxy.default = NONE
        assert [line for line in lines(storage) if "meanwhile" in line] == [f"meanwhile {n}" for n in range(50)]


def test_what_had_to_be_dropped_is_counted(storage: Storage) -> None:
    with TaskRun(storage, KEY, flush_s=NEVER, bounds=LogBounds(part=1000, waiting=1000)) as run:
        for number in range(1000):
            run.log(f"line {number:04}")
    said = [line for key in storage.list(KEY, "logs") for line in lines(storage, key)]
    kept = [line for line in said if line.startswith("line")]
    assert kept == [f"line {number:04}" for number in range(len(kept))]
    [missing] = [line for line in said if "missing" in line]
    assert missing.startswith(f"{1001 - len(kept):,} lines missing: "), "the last line of the run among them"


@pytest.mark.parametrize(("error", "raised"), [(None, StorageError), (ValueError, ValueError)])
def test_an_end_that_cannot_be_stored_is_told_unless_the_task_failed_itself(
    server: RunningServer, token: str, error: type[Exception] | None, raised: type[Exception]
) -> None:
    with (
        FaultProxy(server.url) as proxy,
        Storage(proxy.url, token=token, retries=0) as far,
        pytest.raises(raised),
        TaskRun(far, KEY, flush_s=NEVER),
    ):
        proxy.default = Fault(refuse=True)
        proxy.cut_all()
        if error is not None:
            raise error


def test_threads_log_whole_lines(storage: Storage) -> None:
    with TaskRun(storage, KEY, flush_s=0.01) as run:
        threads = [
            threading.Thread(target=lambda name=name: [run.log(name * 100) for _ in range(200)]) for name in "abcd"
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    said = lines(storage)[1:-1]
    assert sorted(said) == sorted(name * 100 for name in "abcd" for _ in range(200))


def test_an_endless_line_is_cut(storage: Storage) -> None:
    with TaskRun(storage, KEY) as run:
        run.log("é" * 100_000)
    [long] = [line for line in lines(storage) if line.startswith("é")]
    assert long.endswith(f"… {200_000 - 65_536:,} bytes more")


@pytest.mark.parametrize("key", ["", "a/../b", "x" * 1020])
def test_a_key_that_is_none_is_refused_at_once(storage: Storage, key: str) -> None:
    with pytest.raises(InvalidKeyError):
        TaskRun(storage, key)
    with pytest.raises(BadRequestError):
        TaskRun(storage, "k", flush_s=0)


def test_results_and_logs_are_pairs_and_nothing_else_is() -> None:
    assert pair_of("result", "a/b") == Location("logs", "a/b")
    assert pair_of("logs", "a/b") == Location("result", "a/b")
    assert pair_of("logs", "a/b.part-12") == Location("result", "a/b")
    assert pair_of("logs", "a.part-0") == Location("result", "a.part-0")
    assert pair_of("data", "a") is None


def test_a_progress_bar_without_line_ends_takes_no_memory(storage: Storage) -> None:
    with TaskRun(storage, KEY, flush_s=NEVER) as run:
        for done in range(2000):
            run.write(f"\r{done:,} tiles")
        assert run._half == "1,999 tiles"
        run.write("\r\nnext")
        run.write("\r")
        run.write("\n")
        for _ in range(2000):
            run.write("x" * 100)
            assert len(run._half) <= LINE_BYTES + 100
    said = lines(storage)
    assert said[1:3] == ["1,999 tiles", "next"]
    assert "".join(said[3:-1]).count("x") > 190_000


def test_the_type_of_a_result_file_does_not_depend_on_the_machine(storage: Storage, tmp_path: Path) -> None:
    for name, content_type in (("a.parquet", "application/vnd.apache.parquet"), ("a.csv.gz", "application/gzip")):
        (tmp_path / name).write_bytes(b"1")
        with TaskRun(storage, KEY) as run:
            run.result(tmp_path / name)
        assert storage.stat(KEY, "result").content_type == content_type
