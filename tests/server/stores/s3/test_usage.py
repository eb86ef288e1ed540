"""Usages of a bucket: small ones are exact, large ones are remembered for a while, and a quota never uses those."""

import secrets
from collections.abc import AsyncIterator

import pytest

from storage_tui.contract.models import Usage
from storage_tui.server.stores.base import Address
from storage_tui.server.stores.s3.ledger.ledger import MANY, LedgerBounds
from storage_tui.server.stores.s3.store import S3Bounds, S3Store
from storage_tui.server.stores.s3.usage import GOOD_S, LONGEST_S, Usages
from storage_tui.server.stores.totals import Recounting
from tests import seaweed
from tests.server.stores.engines import ALICE


class Counter:
    """Something that counts blobs, and how often it did; each time takes some seconds of the clock."""

    def __init__(self, count: int, *, takes_s: float = 0.0, children: int = 0) -> None:
        self.now = 100.0
        self.times = 0
        self._count, self._takes_s, self._children = count, takes_s, children

    async def __call__(self) -> Usage:
        self.times += 1
        self.now += self._takes_s
        return Usage("", self._count, 1, children=tuple(Usage(f"{n}/", 1, 1) for n in range(self._children)))


@pytest.mark.parametrize(
    ("count", "takes_s", "good_s"), [(MANY, 1.0, 0.0), (MANY + 1, 0.1, GOOD_S), (MANY + 1, 1.0, 20.0),
                                     (10**8, 500.0, LONGEST_S)],
)  # fmt: skip
async def test_a_usage_is_remembered_the_longer_the_more_it_takes(count: int, takes_s: float, good_s: float) -> None:
    counter = Counter(count, takes_s=takes_s)
    usages = Usages(lambda: counter.now)
    first = await usages.find(("a",), counter)
    counter.now += max(good_s - 0.01, 0)
    assert await usages.find(("a",), counter) == first
    assert counter.times == (1 if good_s else 2)
    counter.now += 0.02
    await usages.find(("a",), counter)
    assert counter.times == (2 if good_s else 3)
    await usages.find(("b",), counter)
    assert counter.times == (3 if good_s else 4), "another name is another usage"


async def test_what_is_remembered_has_a_bound() -> None:
    counter = Counter(MANY + 1, children=29)
    usages = Usages(lambda: counter.now, most_rows=100)
    for number in range(5):
        await usages.find((str(number),), counter)
    assert (counter.times, len(usages._kept), usages._rows) == (5, 3, 90)
    await usages.find(("4",), counter)
    assert counter.times == 5
    await usages.find(("0",), counter)
    assert counter.times == 6, "the oldest was let go"
    await usages.find(("large",), Counter(MANY + 1, children=100))
    assert (len(usages._kept), usages._rows) == (0, 0)


@pytest.fixture
async def store(request: pytest.FixtureRequest) -> AsyncIterator[S3Store]:
    """A store with the bounds that the test names."""
    bucket = seaweed.bucket_at(seaweed.endpoint(), f"usage-{secrets.token_hex(6)}/")
    started = S3Store(bucket, check=lambda _: None, bounds=request.param)
    await started.start()
    yield started
    await started.close()


@pytest.mark.parametrize("store", [S3Bounds(exact_blobs=1)], indirect=True)
async def test_a_recount_is_of_now(store: S3Store) -> None:
    for key in ("a", "b"):
        await store.put(Address(ALICE, "data", key), b"12")
    assert (await store.usage(ALICE, "data")).count == 2
    await store.put(Address(ALICE, "data", "c"), b"12")
    assert (await store.usage(ALICE, "data")).count == 2, "of more than one blob the last count is told again"
    assert (await store.usage(ALICE, "data", prefix="c")).count == 1
    assert isinstance(store, Recounting)
    assert await store.recount(ALICE, "data") == await store.usage(ALICE, "data", delimiter="/")


@pytest.mark.parametrize(
    "store", [S3Bounds(exact_blobs=10, ledger=LedgerBounds(exact_blobs=2, pause_s=0.01))], indirect=True
)
async def test_a_usage_of_many_blobs_is_never_refused(store: S3Store) -> None:
    for key in ("a", "b", "c/d"):
        await store.put(Address(ALICE, "data", key), b"12")
    assert (await store.usage(ALICE, "data", delimiter="/")).children[0].count == 1
    assert (await store.usage(ALICE, "data")).count == (await store.recount(ALICE, "data")).count == 3
