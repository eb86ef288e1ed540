"""What people told the agent: limits that all clients see, and pauses, ends and limits that a killed agent leaves."""

import signal
from pathlib import Path

import pytest

from storage_tui import Storage
from storage_tui.client.agent.frames import AgentError
from storage_tui.client.agent.handed import Fields
from storage_tui.client.agent.link import AgentLink
from storage_tui.client.agent.orders import NAME, Orders, read_orders, write_orders
from storage_tui.client.agent.place import AgentPlace
from tests.agents import ended, kill, moved
from tests.client.agent.conftest import download, upload
from tests.faults.proxy import NONE, Fault, FaultProxy
from tests.waits import wait_until

SLOW = Fault(rate_bytes_s=3_000_000)
BIG = bytes(range(256)) * 40_000  # journaled, and some seconds of the slow link


def _slow(proxy: FaultProxy, fault: Fault = SLOW) -> None:
    proxy.default = fault
    proxy.cut_all()


def test_limits_are_one_truth_for_all_clients_and_for_the_next_agent(place: AgentPlace, tmp_path: Path) -> None:
    with AgentLink.open(place) as link, AgentLink.open(place) as other:
        assert link.news().limits == (None, None)
        link.set_limits(2e6, None)
        assert link.news().limits == other.news().limits == (2e6, None)
        with pytest.raises(AgentError, match="a limit is a number"):
            other.set_limits(5, None)
        other.set_limits(2e6, 4096)
        assert link.news().limits == (2e6, 4096.0)
    kill(place)
    with AgentLink.open(place) as link:
        assert link.news().limits == (2e6, 4096.0)
        link.set_limits(None, None)
        assert link.news().limits == (None, None)
        link.set_limits(2e6, None)
    kill(place, signal.SIGTERM)
    with AgentLink.open(place) as link:
        assert link.news().limits == (None, None), "an agent without work ends with what it was told"


def test_limits_of_settings_never_replace_those_that_a_person_set(place: AgentPlace) -> None:
    with AgentLink.open(place) as link, AgentLink.open(place) as other:
        other.set_limits(3e6, None, is_default=True)
        assert link.news().limits == (3e6, None), "nobody has chosen yet"
        link.set_limits(2e6, None)
        other.set_limits(3e6, 3e6, is_default=True)
        assert link.news().limits == (2e6, None)
    kill(place)
    with AgentLink.open(place) as link:
        link.set_limits(3e6, 3e6, is_default=True)
        assert link.news().limits == (2e6, None), "the next agent of the same transfers obeys too"
        link.set_limits(None, None)
        link.set_limits(3e6, 3e6, is_default=True)
        assert link.news().limits == (None, None), "no limit is a choice too"
    kill(place, signal.SIGTERM)
    with AgentLink.open(place) as link:
        link.set_limits(3e6, None, is_default=True)
        assert link.news().limits == (3e6, None), "the choice ended with the agent"


def test_a_limit_holds_what_moves_back_and_is_taken_off_at_once(
    link: AgentLink, place: AgentPlace, fields: Fields, storage: Storage, tmp_path: Path
) -> None:
    storage.set("big", BIG)
    (tmp_path / "source").write_bytes(BIG)
    link.set_limits(100_000, 100_000)
    job = link.add(fields, [download("big", tmp_path / "big"), upload(tmp_path / "source", "up")])
    assert moved(link, job, 50_000).running == 2  # at this limit the end is more than a minute away
    with AgentLink.open(place) as other:
        other.set_limits(None, None)
    assert ended(link, job).done == 2
    assert (tmp_path / "big").read_bytes() == storage.get("up") == BIG


def test_what_was_paused_stays_paused_when_the_agent_is_killed(
    place: AgentPlace, fields: Fields, storage: Storage, proxy: FaultProxy, tmp_path: Path
) -> None:
    for name in ("a", "b", "c"):
        storage.set(name, BIG)
    _slow(proxy)
    with AgentLink.open(place) as link:
        job = link.add(fields, [download(name, tmp_path / name) for name in ("a", "b", "c")])
        moved(link, job, 1_000_000)
        assert link.steer("pause", [job], [0, 1])[0] == 2
        assert link.steer("go-on", [job], [1])[0] == 1
    kill(place)
    _slow(proxy, NONE)
    with AgentLink.open(place) as link:
        wait_until(lambda: [row.done for row in link.news().jobs] == [2], "the others have ended")
        assert [row.state for row in link.files(job)] == ["paused", "done", "done"]
    kill(place)
    with AgentLink.open(place) as link:
        assert [row.paused for row in link.news().jobs] == [1]
        assert link.steer("go-on")[0] == 1, "with everything"
        assert ended(link, job).done == 3
    assert (tmp_path / "a").read_bytes() == BIG


def test_everything_stays_paused_when_the_agent_is_killed(
    place: AgentPlace, fields: Fields, storage: Storage, proxy: FaultProxy, tmp_path: Path
) -> None:
    storage.set("big", BIG)
    _slow(proxy)
    with AgentLink.open(place) as link:
        job = link.add(fields, [download("big", tmp_path / "big")])
        moved(link, job)
        link.steer("pause")
    kill(place)
    _slow(proxy, NONE)
    with AgentLink.open(place) as link:
        news = link.news()
        assert news.is_paused and [row.waiting for row in news.jobs] == [1]
        link.steer("go-on")
        assert ended(link, job).done == 1


def test_a_file_that_was_paused_without_a_token_goes_on_with_one(
    place: AgentPlace, proxy: FaultProxy, token: str, storage: Storage, tmp_path: Path
) -> None:
    storage.set("big", BIG)
    handed = {"url": proxy.url, "token": token}
    _slow(proxy)
    with AgentLink.open(place) as link:
        job = link.add(handed, [download("big", tmp_path / "big")])
        moved(link, job)
    kill(place)
    _slow(proxy, NONE)
    with AgentLink.open(place) as link:
        assert link.steer("pause", [job])[0] == 1
        link.offer(handed)
        assert link.steer("go-on", [job])[0] == 1
        assert ended(link, job).done == 1


def test_how_each_file_ended_outlives_the_agent(
    place: AgentPlace, fields: Fields, storage: Storage, proxy: FaultProxy, tmp_path: Path
) -> None:
    storage.set("big", BIG)
    storage.set("small", b"x")
    with AgentLink.open(place) as link:
        link.steer("pause")
        job = link.add(fields, [download(name, tmp_path / name) for name in ("small", "left", "big")])
        link.steer("cancel", [job], [1])
        _slow(proxy)
        link.steer("go-on")
        wait_until(lambda: link.news().jobs[0].done == 1, "the small one is there")
        moved(link, job, 100_000)
    kill(place)
    with AgentLink.open(place) as link:
        found = moved(link, job, 2)
        assert (found.files, found.done, found.cancelled) == (3, 1, 1)
        small, left, big = link.files(job)
        assert (small.state, small.is_verified, small.total_bytes) == ("done", True, 1)
        assert left.state == "cancelled" and big.state in ("waiting", "running")
        _slow(proxy, NONE)
        found = ended(link, job)
        assert (found.done, found.cancelled, found.done_bytes) == (2, 1, len(BIG) + 1)


def test_a_handed_token_that_the_server_refuses_is_waited_for_and_fails_no_file(
    link: AgentLink, proxy: FaultProxy, token: str, storage: Storage, tmp_path: Path
) -> None:
    for number in range(40):
        storage.set(f"many/{number}", b"x" * number)
    head, body, sign = token.split(".")
    refused = {"url": proxy.url, "token": f"{head}.{body}.{sign[::-1]}"}
    job = link.add(refused, [download(f"many/{number}", tmp_path / str(number)) for number in range(40)])

    def look() -> bool:
        found = link.news().jobs[0]
        return found.waiting == 40 and "refused the token" in found.note

    wait_until(look, "all wait for a token")
    link.offer(refused)
    wait_until(look, "all wait again")
    link.offer({"url": proxy.url, "token": token})
    assert (ended(link, job).done, link.news().jobs[0].failed) == (40, 0)


@pytest.mark.parametrize(
    "raw",
    [b"", b"x", b"[]", b"{}", b'{"is_paused":true}', b'{"is_paused":true,"limits":[1,2]}',
     b'{"is_paused":true,"limits":["a","b"]}', b'{"is_paused":true,"limits":3}'],
)  # fmt: skip
def test_orders_that_are_damaged_are_no_orders(tmp_path: Path, raw: bytes) -> None:
    (tmp_path / NAME).write_bytes(raw)
    assert read_orders(tmp_path).limits == (None, None)
    write_orders(tmp_path, Orders(True, (None, 5000.0)))
    assert read_orders(tmp_path) == Orders(True, (None, 5000.0))
    write_orders(tmp_path, Orders())
    assert read_orders(tmp_path) == Orders() and not (tmp_path / NAME).exists()
