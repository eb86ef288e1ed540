"""Shares by user, and the threads that are given out by them: who holds least comes first, nobody gets all."""

import asyncio
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

import storage_tui.server
from storage_tui.server.limits.lanes import Lane
from storage_tui.server.limits.shares import BusyError, Share, Shares

NOW = 0.0
LONG = 60.0
MAY_USE_TO_THREAD = {
    "access/keyring.py", "access/jwks.py", "quotas/counters.py", "limits/crowding.py",  # guards; each looks seldom
    "upkeep/migration.py", "run/serve.py", "stores/local/store.py", "stores/local/commit.py",  # at start and end
    "stores/walks.py",  # at the end of a folder or web server
    "limits/lanes.py",  # names the function
}  # fmt: skip


async def most(shares: Shares, user: str, amount: int = 1) -> list[Share]:
    """As many shares of the amount as the user may have now."""
    found = []
    while (share := shares.try_take(user, amount)) is not None:
        found.append(share)
    return found


async def asking(shares: Shares, user: str, amount: int = 1) -> asyncio.Task[Share]:
    """A request that waits already."""
    task = asyncio.create_task(shares.take(user, amount))
    await asyncio.sleep(0)
    return task


async def test_a_user_alone_gets_four_fifths_and_everybody_else_something() -> None:
    shares = Shares(80, "all slots", patience_s=LONG)
    counts = [len(await most(shares, user)) for user in ("ann", "bob", "carl", "dora")]
    assert counts == [64, 12, 3, 1]
    assert shares.free == 0


async def test_what_comes_back_goes_to_who_holds_least() -> None:
    shares = Shares(10, "all slots", patience_s=LONG)
    anns, bobs = await most(shares, "ann"), await most(shares, "bob")
    assert (len(anns), len(bobs), shares.free) == (8, 1, 1)
    waiting = {user: await asking(shares, user) for user in ("ann", "bob")}
    carl = await shares.take("carl", 1)  # the last one, as carl holds nothing
    waiting["carl"] = await asking(shares, "carl")
    anns.pop().close()
    anns.pop().close()
    await asyncio.sleep(0)
    assert [user for user, task in waiting.items() if task.done()] == ["bob"]
    carl.close()
    await asyncio.sleep(0)
    assert waiting["carl"].done() and not waiting["ann"].done()
    waiting["ann"].cancel()


async def test_with_more_users_than_shares_everybody_has_a_turn_before_anybody_has_two() -> None:
    shares, order = Shares(2, "all slots", patience_s=LONG), list[str]()

    async def work(user: str) -> None:
        share = await shares.take(user, 1)
        order.append(user)
        await asyncio.sleep(0)
        share.close()

    greedy = [asyncio.create_task(work("greedy")) for _ in range(50)]
    await asyncio.sleep(0)
    others = [asyncio.create_task(work(f"user{number}")) for number in range(10)]
    await asyncio.gather(*others)
    assert order.count("greedy") <= 4, "two came first, and one has its turn among the others"
    await asyncio.gather(*greedy)
    assert (len(order), shares.free, shares._since) == (60, 2, {})


async def test_users_who_always_want_more_end_up_with_the_same() -> None:
    shares = Shares(20, "all slots", patience_s=LONG)
    held = {"ann": await most(shares, "ann"), "bob": await most(shares, "bob")}
    for _ in range(100):
        for user in held:
            held[user].pop(0).close()
            for each in held:
                held[each] += await most(shares, each)
    assert abs(shares.held_by("ann") - shares.held_by("bob")) <= 2


async def test_a_turn_that_does_not_come_is_refused_and_leaves_nothing_behind() -> None:
    shares = Shares(5, "all slots", patience_s=NOW)
    anns = await most(shares, "ann")
    with pytest.raises(BusyError, match="your own requests hold all slots; try again") as refusal:
        await shares.take("ann", 1)
    assert refusal.value.retry_after_s and refusal.value.retryable
    for share in anns:
        share.close()
        share.close()
    assert (shares.free, shares.held_by("ann")) == (5, 0)


async def test_a_cancelled_wait_gives_its_turn_to_the_next() -> None:
    shares = Shares(5, "all slots", patience_s=LONG)
    anns = await most(shares, "ann")
    first, second = await asking(shares, "ann"), await asking(shares, "ann")
    anns.pop().close()  # the turn of the first, which is cancelled in the same moment
    first.cancel()
    await asyncio.wait([first, second])
    assert first.cancelled() and second.result().amount == 1
    assert shares.held_by("ann") == 4


async def test_growing_never_waits_and_shrinking_serves_others() -> None:
    shares = Shares(100, "the memory", patience_s=LONG)
    ann = await shares.take("ann", 70)
    with pytest.raises(BusyError):
        ann.grow(90)
    ann.grow(80)
    bob = await asking(shares, "bob", 50)
    ann.shrink(10)
    await asyncio.sleep(0)
    assert bob.result().amount == 50
    assert (ann.amount, shares.free) == (10, 40)


async def test_more_than_there_is_can_be_had_alone() -> None:
    shares = Shares(10, "the memory", patience_s=LONG)
    assert (await shares.take("ann", 1000)).amount == 10


@pytest.fixture
def gate() -> Iterator[threading.Event]:
    """What holds up the work of a test; open at its end."""
    event = threading.Event()
    yield event
    event.set()


async def test_who_comes_anew_is_served_before_the_queue_of_another(gate: threading.Event) -> None:
    lane, order = Lane("test", 2), list[str]()

    def work(name: str) -> None:
        gate.wait()
        order.append(name)

    anns = [asyncio.create_task(lane.run("ann", work, "ann")) for _ in range(20)]
    await asyncio.sleep(0)
    assert await lane.run("bob", lambda: "at once") == "at once"  # no user has all threads, and work of ann's has them
    bob = asyncio.create_task(lane.run("bob", work, "bob"))
    await asyncio.sleep(0)
    gate.set()
    await asyncio.gather(*anns, bob)
    assert order.index("bob") <= 2
    lane.close()


async def test_a_caller_that_is_cancelled_keeps_its_turn_until_its_work_ends(gate: threading.Event) -> None:
    lane = Lane("test", 1, patience_s=NOW)
    cancelled = asyncio.create_task(lane.run("ann", gate.wait))
    await asyncio.sleep(0)
    cancelled.cancel()
    await asyncio.wait([cancelled])
    with pytest.raises(BusyError):
        await lane.run("bob", gate.wait)
    gate.set()
    while True:
        try:
            assert await lane.run("bob", lambda: 1) == 1
        except BusyError:
            continue
        break
    lane.close()


def test_no_request_runs_in_the_threads_that_are_left_to_guards() -> None:
    root = Path(storage_tui.server.__file__).parent
    users = {str(file.relative_to(root)) for file in root.rglob("*.py") if "to_thread(" in file.read_text()}
    assert users <= MAY_USE_TO_THREAD, "give the work a lane: limits/lanes.py"
