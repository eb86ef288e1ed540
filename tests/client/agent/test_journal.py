"""The journal of a job: what a crash cuts off, what other programs see, and that one reader reads every form."""

import json
from pathlib import Path

import pytest

from storage_tui.client.transfer.conflict import Conflict
from storage_tui.client.transfer.queue_file import (
    LeftWaiting,
    QueueContent,
    WaitingList,
    has_jobs,
    not_queued,
    queued_by_agents,
    take_jobs,
)
from storage_tui.client.transfer.records import UnfinishedTransfer

ACCOUNT = "http://server/storage/v1 ann"


def row(number: int) -> UnfinishedTransfer:
    return UnfinishedTransfer("upload", ACCOUNT, "data", f"k{number}", f"/f{number}", number, conflict=Conflict.SKIP)


def begun(state: Path, count: int) -> WaitingList:
    journal = WaitingList(state, ACCOUNT, {"id": 1, "name": "n"})
    journal.add((number, row(number)) for number in range(count))
    return journal


def taken(state: Path) -> tuple[WaitingList, QueueContent]:
    [found] = take_jobs(state)
    return found


def test_each_restart_finds_what_is_left_and_what_failed(tmp_path: Path) -> None:
    first = begun(tmp_path, 6)
    first.end(0)
    first.end(1, error="why")
    first.end(2, error="why too")
    first.close(keep=True)
    journal, content = taken(tmp_path)
    assert (content.account, content.job) == (ACCOUNT, {"id": 1, "name": "n"})
    assert list(content.waiting.values()) == [row(3), row(4), row(5)]
    assert content.failed == {1: (row(1), "why"), 2: (row(2), "why too")} and content.ended == 1
    journal.add([(1, row(1))])  # tried again
    journal.end(2)  # cleared
    journal.end(3)
    journal.close(keep=True)
    journal, content = taken(tmp_path)
    assert sorted(content.waiting) == [1, 4, 5] and content.failed == {} and content.ended == 2
    for number in (1, 4, 5):
        journal.end(number)
    assert not has_jobs(tmp_path)


def test_a_line_that_a_crash_cut_off_does_not_spoil_the_next(tmp_path: Path) -> None:
    first = begun(tmp_path, 3)
    first.close(keep=True)
    [path] = (tmp_path / "queues").iterdir()
    with path.open("ab") as file:
        file.write(b'{"end": 0')
    journal, content = taken(tmp_path)
    assert sorted(content.waiting) == [0, 1, 2]
    journal.end(1)
    journal.close(keep=True)
    assert sorted(taken(tmp_path)[1].waiting) == [0, 2]


def test_what_a_living_agent_has_is_taken_by_nobody(tmp_path: Path) -> None:
    first = begun(tmp_path, 2)
    assert has_jobs(tmp_path) and list(take_jobs(tmp_path)) == []
    first.close(keep=True)
    first_again, _ = taken(tmp_path)
    assert list(take_jobs(tmp_path)) == []
    first_again.close(keep=True)


def test_other_programs_see_jobs_only_to_leave_them_alone(tmp_path: Path) -> None:
    begun(tmp_path, 2).close(keep=True)
    other = WaitingList(tmp_path, ACCOUNT)
    other.add([(7, row(7))])
    other.close(keep=True)
    left = LeftWaiting(tmp_path, ACCOUNT)
    assert left.items == [row(7)]
    left.take()
    assert queued_by_agents(tmp_path, ACCOUNT) == [row(0), row(1)] and queued_by_agents(tmp_path, "x") == []
    started = UnfinishedTransfer("upload", "http://server/storage/v1", "data", "k1", "/f1", 1)
    assert not_queued([started], queued_by_agents(tmp_path, ACCOUNT)) == []


@pytest.mark.parametrize(
    "raw",
    [
        b"", b"\n", b"x", b"[]\n", b'{"version":1}\n', b'{"version":2,"server":"x","job":{}}\n',
        b'{"version":1,"server":"x","job":{}}\n{"add":1}\n', b'{"version":1,"server":"x","job":{}}\n[]\n',
        b'{"version":1,"server":"x","job":{}}\n{"end":[]}\n', b"[" * 100_000,
    ],
)  # fmt: skip
def test_another_kind_of_file_is_left_alone(tmp_path: Path, raw: bytes) -> None:
    (tmp_path / "queues").mkdir()
    path = tmp_path / "queues" / "job-x.jsonl"
    path.write_bytes(raw)
    assert list(take_jobs(tmp_path)) == [] and queued_by_agents(tmp_path, "x") == []
    assert path.read_bytes() == raw


def test_nothing_secret_and_nothing_of_the_token_is_in_the_first_line(tmp_path: Path) -> None:
    begun(tmp_path, 1).close(keep=True)
    [path] = (tmp_path / "queues").iterdir()
    head = json.loads(path.read_bytes().split(b"\n")[0])
    assert set(head) == {"version", "server", "job"} and path.stat().st_mode & 0o777 == 0o600
