"""What the agent does with jobs: two clients have one truth, each file can be steered, and nothing is lost."""

import json
import os
import signal
from pathlib import Path

import pytest

from storage_tui import Storage
from storage_tui.client.agent import stores
from storage_tui.client.agent.frames import AgentError
from storage_tui.client.agent.handed import Fields
from storage_tui.client.agent.history import read_ended
from storage_tui.client.agent.link import AgentLink
from storage_tui.client.agent.place import AgentPlace
from storage_tui.client.agent.snapshots import JobSnapshot
from storage_tui.client.transfer.conflict import Conflict
from storage_tui.client.transfer.unfinished import Unfinished
from tests import mounts
from tests.agents import ended, kill, moved
from tests.client.agent.conftest import download, upload
from tests.faults.proxy import NONE, Fault, FaultProxy
from tests.server.running import RunningServer
from tests.waits import wait_until

SLOW = Fault(rate_bytes_s=3_000_000)
BIG = bytes(range(256)) * 60_000  # 15 MB: journaled, and some seconds of the slow link


def _slow(proxy: FaultProxy, fault: Fault = SLOW) -> None:
    proxy.default = fault
    proxy.cut_all()


def test_a_folder_is_one_job_with_counts_and_a_name(
    link: AgentLink, fields: Fields, storage: Storage, tmp_path: Path
) -> None:
    source = tmp_path / "many"
    source.mkdir()
    for number in range(300):
        (source / f"{number:03}").write_bytes(b"x" * number)
    job = link.add(fields, [upload(path, f"a/many/{path.name}") for path in sorted(source.iterdir())])
    found = ended(link, job)
    assert (found.name, found.files, found.done, found.failed) == ("many/", 300, 300, 0)
    assert found.done_bytes == found.total_bytes == sum(range(300)) and found.ended_at is not None
    assert sorted(storage.iter_list("a/many/")) == [f"a/many/{number:03}" for number in range(300)]
    rows = link.files(job, limit=10)
    assert [row.index for row in rows] == list(range(10)) and {row.state for row in rows} == {"done"}
    assert link.files(job, after=297, limit=10)[0].index == 298


def test_two_clients_see_and_steer_one_queue(
    link: AgentLink, place: AgentPlace, fields: Fields, storage: Storage, proxy: FaultProxy, tmp_path: Path
) -> None:
    for name in ("one", "two"):
        storage.set(name, BIG)
    _slow(proxy)
    with AgentLink.open(place) as other:
        first = link.add(fields, [download("one", tmp_path / "one")])
        second = other.add(fields, [download("two", tmp_path / "two")])
        moved(other, first)
        assert {row.id for row in link.news().jobs} == {row.id for row in other.news().jobs} == {first, second}
        assert other.steer("pause", [first])[0] == 1
        assert next(row for row in link.news().jobs if row.id == first).paused == 1
        assert link.steer("go-on", [first])[0] == 1
        _slow(proxy, NONE)
        assert ended(other, first).done == ended(link, second).done == 1
    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes() == BIG


def test_news_tell_each_change_of_followed_files_once_whatever_their_number(
    link: AgentLink, fields: Fields, tmp_path: Path
) -> None:
    (tmp_path / "f").write_bytes(b"x")
    job = link.add(fields, [upload(tmp_path / "f", f"n/{number:05}") for number in range(2500)])
    states: dict[int, str] = {}
    revision, seen = 0, 0

    def look() -> bool:
        nonlocal revision, seen
        news = link.news(revision, {job: seen})
        revision, seen = news.revision, news.seen[job]
        states.update((row.index, row.state) for row in news.files)
        return len(states) == 2500 and set(states.values()) == {"done"}

    wait_until(look, "all have ended")


def test_everything_can_be_paused_and_what_comes_later_waits_too(
    link: AgentLink, fields: Fields, storage: Storage, proxy: FaultProxy, tmp_path: Path
) -> None:
    storage.set("big", BIG)
    _slow(proxy)
    first = link.add(fields, [download("big", tmp_path / "first")])
    moved(link, first)
    link.steer("pause")
    second = link.add(fields, [download("big", tmp_path / "second")])
    news = link.news()
    assert news.is_paused and [(row.paused, row.waiting) for row in news.jobs] == [(1, 0), (0, 1)]
    _slow(proxy, NONE)
    link.steer("go-on")
    assert ended(link, first).done == ended(link, second).done == 1


def test_a_file_that_failed_is_kept_and_tried_again_by_a_later_agent(
    place: AgentPlace, fields: Fields, tmp_path: Path, storage: Storage
) -> None:
    (tmp_path / "there").write_bytes(b"there")
    with AgentLink.open(place) as link:
        job = link.add(
            fields, [upload(tmp_path / "there", "there"), download("missing", tmp_path / "missing")], name="two"
        )
        found = ended(link, job)
        assert (found.done, found.failed) == (1, 1) and "missing" in found.error
    kill(place)
    with AgentLink.open(place) as link:
        [found] = link.news().jobs
        assert (found.id, found.name, found.files, found.done, found.failed) == (job, "two", 2, 1, 1)
        [row] = link.files(job, states=("failed",))
        assert row.key == "missing" and row.error
        storage.set("missing", b"found")
        assert link.steer("retry", [job])[0] == 1
        assert ended(link, job).failed == 0
        assert link.steer("clear")[0] == 1 and link.news().jobs == []
    assert (tmp_path / "missing").read_bytes() == b"found"
    kill(place)
    with AgentLink.open(place) as link:
        assert link.news().jobs == [] and read_ended(place.state) == []


def test_cancelled_files_leave_nothing_behind(
    link: AgentLink, place: AgentPlace, fields: Fields, storage: Storage, proxy: FaultProxy, tmp_path: Path,
    server: RunningServer,
) -> None:  # fmt: skip
    storage.set("big", BIG)
    (tmp_path / "source").write_bytes(BIG)
    (tmp_path / "to").mkdir()
    _slow(proxy)
    job = link.add(fields, [download("big", tmp_path / "to/big"), upload(tmp_path / "source", "up")])
    moved(link, job, 1_000_000)
    assert link.steer("cancel", [job])[0] == 2
    assert ended(link, job).cancelled == 2
    wait_until(lambda: not list((tmp_path / "to").iterdir()), "the part has gone")
    wait_until(lambda: not list((place.state / "transfers").iterdir()), "the journal is empty")
    assert not storage.exists("up") and not list((place.state / "queues").iterdir())


def test_what_an_ended_agent_had_begun_can_be_cancelled_too(
    place: AgentPlace, fields: Fields, storage: Storage, proxy: FaultProxy, tmp_path: Path
) -> None:
    storage.set("big", BIG)
    (tmp_path / "to").mkdir()
    _slow(proxy)
    with AgentLink.open(place) as link:
        link.steer("pause")
        job = link.add(fields, [download("big", tmp_path / "to/big")])
        link.steer("go-on")
        moved(link, job, 2_000_000)
    kill(place)
    _slow(proxy, Fault(refuse=True))
    with AgentLink.open(place) as link:
        link.steer("cancel", [job])
        _slow(proxy, NONE)
        wait_until(lambda: not list((tmp_path / "to").iterdir()), "the part of the earlier agent has gone")


def test_an_answer_that_was_lost_can_be_asked_for_again(link: AgentLink, fields: Fields, tmp_path: Path) -> None:
    (tmp_path / "f").write_bytes(b"x")
    first = link.add(fields, [upload(tmp_path / "f", "f")], ticket="t1")
    assert link.add(fields, [upload(tmp_path / "f", "f")], ticket="t1") == first
    assert link.add(fields, [upload(tmp_path / "f", "f")], ticket="t2") != first


def test_a_handed_token_is_nowhere_but_in_memory_and_asked_for_after_a_restart(
    place: AgentPlace, proxy: FaultProxy, token: str, storage: Storage, tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    storage.set("big", BIG)
    _slow(proxy)
    monkeypatch.setenv("STORAGE_TUI_TOKEN", token)
    with Storage(proxy.url) as client, AgentLink.open(place) as link:
        handed = stores.fields_of(client.engine.server)
        assert handed == {"url": proxy.url, "token": token}
        job = link.add(handed, [download("big", tmp_path / "big")])
        moved(link, job, 1_000_000)
        for part in ("cmdline", "environ"):
            assert token.encode() not in Path(f"/proc/{link.pid}/{part}").read_bytes()
        kill(place)
    secret = token.encode()
    files = [path for top in (place.state, place.runtime, tmp_path) for path in top.rglob("*") if path.is_file()]
    assert len(files) > 3 and not [path for path in files if secret in path.read_bytes()]
    with AgentLink.open(place) as link:
        [found] = link.news().jobs
        assert found.waiting == 1 and "waits for a token" in found.note
        with pytest.raises(AgentError, match="token"):
            link.offer({"url": proxy.url, "token": "no token at all"})
        _slow(proxy, NONE)
        link.offer(handed)
        assert ended(link, job).done == 1
    assert (tmp_path / "big").read_bytes() == BIG


def test_other_programs_leave_the_jobs_of_an_agent_alone(
    place: AgentPlace, fields: Fields, storage: Storage, proxy: FaultProxy, token_file: Path, tmp_path: Path
) -> None:
    storage.set("big", BIG)
    _slow(proxy)
    with AgentLink.open(place) as link:
        job = link.add(fields, [download("big", tmp_path / f"big{number}") for number in range(6)])
        moved(link, job, 1_000_000)
    kill(place)
    _slow(proxy, NONE)
    with Storage(proxy.url, token_file=token_file) as client, Unfinished(client.engine) as found:
        assert found.rows == []
        found.take()
    with AgentLink.open(place) as link:
        assert ended(link, job).done == 6


def test_the_rest_of_a_torn_journal_goes_on(
    place: AgentPlace, fields: Fields, storage: Storage, proxy: FaultProxy, tmp_path: Path
) -> None:
    storage.set("big", BIG)
    _slow(proxy)
    with AgentLink.open(place) as link:
        job = link.add(fields, [download("big", tmp_path / "big")])
        moved(link, job)
    kill(place)
    [path] = (place.state / "queues").iterdir()
    with path.open("ab") as file:
        file.write(b'{"end": 0')
    (place.state / "queues" / "job-0.jsonl").write_bytes(b"something else")
    (place.state / "queues" / "job-1.jsonl").write_bytes(b'{"version":1,"server":"x","job":{"id":1}}\n')
    _slow(proxy, NONE)
    with AgentLink.open(place) as link:
        assert ended(link, job).done == 1
        assert ended(link, link.add(fields, [download("big", tmp_path / "again")])).done == 1


def test_an_upload_to_the_embedded_store_keeps_its_server(place: AgentPlace, tmp_path: Path) -> None:
    (tmp_path / "f").write_bytes(BIG)
    with Storage(data_dir=tmp_path / "store") as client:
        handed = stores.fields_of(client.engine.server)
    with AgentLink.open(place) as link:
        assert ended(link, link.add(handed, [upload(tmp_path / "f", "f")])).done == 1
    with Storage(data_dir=tmp_path / "store") as client:
        assert client.get("f") == BIG


# What goes wrong: one line each, nothing lost


def _fails(link: AgentLink, job: int, words: str) -> None:
    found = ended(link, job)
    assert found.failed == 1 and words in found.error and "\n" not in found.error, found.error


def test_a_part_that_another_transfer_holds_is_left_to_it(
    link: AgentLink, fields: Fields, storage: Storage, proxy: FaultProxy, tmp_path: Path
) -> None:
    storage.set("big", BIG)
    _slow(proxy)
    job = link.add(fields, [download("big", tmp_path / "big")])
    moved(link, job, 1_000_000)
    again = link.add(fields, [download("big", tmp_path / "big")])
    found = ended(link, again)
    _slow(proxy, NONE)
    assert found.failed == 0 or "\n" not in found.error
    assert ended(link, job).done == 1 and (tmp_path / "big").read_bytes() == BIG


def test_a_blob_that_changes_in_mid_transfer_comes_whole_or_fails_by_name(
    link: AgentLink, fields: Fields, storage: Storage, proxy: FaultProxy, tmp_path: Path
) -> None:
    storage.set("big", BIG)
    _slow(proxy)
    job = link.add(fields, [download("big", tmp_path / "big")])
    moved(link, job, 2_000_000)
    storage.set("big", BIG[::-1])
    _slow(proxy, NONE)
    found = ended(link, job)
    assert found.done == 1 or (found.failed == 1 and "\n" not in found.error)
    if found.done:
        assert (tmp_path / "big").read_bytes() in (BIG, BIG[::-1])
    else:
        assert not (tmp_path / "big").exists()


def test_on_a_full_disk_the_journal_is_missed_and_said(
    monkeypatch: pytest.MonkeyPatch, fields: Fields, storage: Storage, proxy: FaultProxy, tmp_path: Path,
    place: AgentPlace,
) -> None:  # fmt: skip
    storage.set("big", BIG)
    place.state.parent.mkdir()
    with mounts.mounted(place.state, "size=1m"):
        try:
            with AgentLink.open(place) as link:
                mounts.fill_up(place.state)
                _slow(proxy)
                job = link.add(fields, [download("big", tmp_path / "big")])
                assert "takes no journal" in moved(link, job).note
                _slow(proxy, NONE)
                assert ended(link, job).done == 1
        finally:
            kill(place, signal.SIGTERM)
    assert (tmp_path / "big").read_bytes() == BIG


def test_a_download_to_a_full_disk_says_so_and_goes_on_when_there_is_room(
    link: AgentLink, fields: Fields, storage: Storage, tmp_path: Path
) -> None:
    storage.set("big", BIG)
    with mounts.mounted(tmp_path / "small", "size=8m"):
        job = link.add(fields, [download("big", tmp_path / "small/big", size=len(BIG))])
        _fails(link, job, "no room")
    (tmp_path / "small").mkdir(exist_ok=True)
    assert link.steer("retry", [job])[0] == 1
    assert ended(link, job).done == 1


def test_a_clock_that_jumps_changes_nothing(
    place: AgentPlace, fields: Fields, storage: Storage, proxy: FaultProxy, tmp_path: Path
) -> None:
    storage.set("big", BIG)
    _slow(proxy)
    with AgentLink.open(place) as link:
        job = link.add(fields, [download("big", tmp_path / "big")])
        moved(link, job, 1_000_000)
    kill(place)
    [path] = (place.state / "queues").iterdir()
    head, *rest = path.read_bytes().split(b"\n")
    described = json.loads(head)
    described["job"]["created"] = "2099-01-01T00:00:00+00:00"  # written before the clock went back
    path.write_bytes(b"\n".join([json.dumps(described).encode(), *rest]))
    os.utime(path, (4e9, 4e9))
    _slow(proxy, NONE)
    with AgentLink.open(place) as link:
        assert ended(link, job).done == 1


def _state(job: JobSnapshot) -> str:
    return next(word for word in ("done", "skipped", "failed") if getattr(job, word))


@pytest.mark.parametrize("conflict", [Conflict.SKIP, Conflict.RENAME, Conflict.REFUSE, Conflict.OVERWRITE])
def test_each_answer_to_an_existing_file_holds_in_the_agent(
    link: AgentLink, fields: Fields, storage: Storage, tmp_path: Path, conflict: Conflict
) -> None:
    storage.set("x", b"new")
    (tmp_path / "x").write_bytes(b"old")
    found = ended(link, link.add(fields, [download("x", tmp_path / "x", conflict=conflict)]))
    kept = (tmp_path / "x").read_bytes()
    assert (_state(found), kept) == {
        Conflict.SKIP: ("skipped", b"old"), Conflict.RENAME: ("done", b"old"), Conflict.REFUSE: ("failed", b"old"),
        Conflict.OVERWRITE: ("done", b"new"),
    }[conflict]  # fmt: skip


def test_what_comes_down_has_the_mode_that_the_user_gives_files(
    place: AgentPlace, fields: Fields, storage: Storage, tmp_path: Path
) -> None:
    storage.set("a/b", b"x")
    before = os.umask(0o022)
    try:
        with AgentLink.open(place) as link:
            assert ended(link, link.add(fields, [download("a/b", tmp_path / "to/a/b", root=tmp_path / "to")])).done == 1
    finally:
        os.umask(before)
    assert (tmp_path / "to/a/b").stat().st_mode & 0o777 == 0o644
    assert (tmp_path / "to/a").stat().st_mode & 0o777 == 0o755


def test_the_agent_writes_nothing_to_its_log(
    place: AgentPlace, fields: Fields, storage: Storage, tmp_path: Path
) -> None:
    storage.set("x", b"x")
    with AgentLink.open(place) as link:
        ended(link, link.add(fields, [download("x", tmp_path / "x"), download("no", tmp_path / "no")]))
    kill(place, signal.SIGTERM)
    assert place.log.read_bytes() == b""
