"""Every write, sync, rename, link and unlink of every operation of a local store fails once, or is the last one made.

A library put before libc (calls.c) counts the calls of a whole process, so that no place of the program is left out,
SQLite's included. What stays: an operation that was acknowledged is there; one that was not is there whole or not at
all; no other key changes; the store opens again, reads, and takes the next blob.
"""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.effort import count
from tests.promises.fault_driver import OPERATIONS
from tests.promises.fault_files import OPERATIONS as FILES

ROOT = Path(__file__).parents[2]
HOWS = ("kill", "EIO", "killed-after", "ENOSPC")

pytestmark = [
    pytest.mark.slow,
    pytest.mark.wants("cc"),
    pytest.mark.skipif(sys.platform != "linux", reason="counting the calls of a process takes Linux"),
]


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    built = tmp_path_factory.mktemp("calls") / "calls.so"
    source = Path(__file__).with_name("calls.c")
    command = ("cc", "-shared", "-fPIC", "-Wall", "-Werror", "-D_LARGEFILE64_SOURCE", "-o", built, source, "-ldl")
    subprocess.run(command, check=True)
    return built


@pytest.fixture
def folder() -> Iterator[Path]:
    """In memory where that can be had: a process that dies leaves the same there, and a store has 256 folders."""
    memory = Path("/dev/shm")
    with tempfile.TemporaryDirectory(dir=memory if os.access(memory, os.W_OK) else None) as made:
        yield Path(made)


def lines_of(
    library: Path, folder: Path, name: str, *hows: str, driver: str = "fault_driver"
) -> Iterator[dict[str, Any]]:
    done = subprocess.run(
        (sys.executable, "-m", f"tests.promises.{driver}", folder, name, *hows),
        env={**os.environ, "LD_PRELOAD": str(library)}, cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-2000:]
    yield from map(json.loads, done.stdout.splitlines())


@pytest.mark.parametrize("name", FILES)
def test_whatever_call_goes_wrong_what_is_kept_in_files_is_whole(name: str, library: Path, folder: Path) -> None:
    step = count(*{"records": (5, 2), "backup": (11, 11), "restore": (11, 11)}[name], 1)
    told = list(lines_of(library, folder, name, str(step), *HOWS[: count(2, 2, len(HOWS))], driver="fault_files"))
    assert told[0]["error"] is None and len(told) > 10  # what must hold was asserted there
    print(f"{name}: {len(told) - 1} faults, {sum('killed' in one for one in told)} of them deaths")


def is_between(state: dict[str, str], before: dict[str, str], after: dict[str, str]) -> bool:
    """Whether each key is as it was before or as it is after."""
    return all(
        state.get(key) in (before.get(key), after.get(key)) for key in state.keys() | before.keys() | after.keys()
    )


@pytest.mark.parametrize("name", OPERATIONS)
def test_whatever_call_goes_wrong_the_store_holds_what_it_said(name: str, library: Path, folder: Path) -> None:
    operation = OPERATIONS[name]
    told, *attempts = lines_of(library, folder, name, *HOWS[: count(2, 2, len(HOWS))])
    before, after = told["before"], told["clean"]["found"]["state"]
    if operation.later_hours:
        before = {key: value for key, value in before.items() if not key.startswith("tmp:")}  # expired, swept or not
    assert told["clean"]["outcome"]["error"] is None
    assert attempts
    for attempt in attempts:
        found, outcome = attempt["found"]["state"], attempt["outcome"]
        case = (attempt["how"], attempt["n"], outcome.get("error"), outcome.get("log", [])[attempt["n"] - 1 :][:1])
        if "killed" not in outcome and outcome["error"] is None:
            assert found == after, case
        elif operation.is_single:
            assert found in (before, after), case
        else:
            assert is_between(found, before, after), case
        for seen in [outcome["state"]] if "state" in outcome else []:
            assert is_between(seen, before, after), case  # readers meanwhile
        if name != "resume" and not operation.later_hours:
            assert attempt["found"]["offsets"]["resumed"] == 200_000, case
    deaths = sum("killed" in attempt["outcome"] for attempt in attempts)
    print(f"{name}: {len(attempts)} faults, {deaths} of them deaths")


@pytest.mark.parametrize("name", OPERATIONS)
def test_the_order_in_which_an_operation_becomes_durable(name: str, library: Path, folder: Path) -> None:
    (told,) = lines_of(library, folder, name)
    log = [tuple(line.split("\t")) for line in told["clean"]["outcome"]["log"]]
    changes = [place for place, (_, path) in enumerate(log) if path.startswith("meta.db-wal")]
    commits = [place for place, (call, path) in enumerate(log) if "sync" in call and path == "meta.db-wal"]
    if changes and name != "start":
        assert commits and commits[-1] >= max(changes[:-1], default=0), "acknowledged before the log was on the disk"
    for place, (call, path) in enumerate(log):
        if call == "rename" and path.startswith("blobs/"):
            part = f"uploads/{path.rpartition('/')[2]}.part"
            earlier = [step for step in log[:place] if step[1] == part]
            later = log[place + 1 :]
            if name != "copy":  # a copy of a large blob is a link to bytes that are on the disk
                assert "sync" in earlier[-1][0], "named before its bytes were on the disk"
            folder = later.index(("fsync", path.rpartition("/")[0]))
            assert ("fdatasync", "meta.db-wal") in later[folder:], "committed before its name was on the disk"
        if call == "unlink" and path.startswith("blobs/"):
            assert any(commit < place for commit in commits), "unlinked before the commit that lets go of it"
