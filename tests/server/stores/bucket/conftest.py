"""Stores over buckets that other tools made."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from storage_tui.server.stores.bucket.connecting import connect
from storage_tui.server.stores.bucket.identity import Identity
from storage_tui.server.stores.bucket.options import BucketOptions
from storage_tui.server.stores.bucket.store import BucketStore
from storage_tui.server.stores.bucket.uploads import RULES
from storage_tui.server.stores.s3.protocol.bucket import Bucket
from tests import seaweed
from tests.server.stores.bucket import amazon
from tests.server.stores.engines import Clock, EngineRow, Stage
from tests.server.stores.s3.timed_bucket import TimedBucket, root_of_test


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """The credentials of the tests, and nothing of this machine's."""
    for name, value in amazon.ENVIRONMENT.items():
        monkeypatch.setenv(name, value)
    for name in ("AWS_PROFILE", "AWS_REGION", "AWS_DEFAULT_REGION", "AWS_SESSION_TOKEN", "AWS_ENDPOINT_URL"):
        monkeypatch.delenv(name, raising=False)


def open_bucket(path: Path, clock: Clock) -> BucketStore:
    """The store of a test, below a prefix of its own, with the times of the test's clock."""
    prefix = root_of_test(path)

    def connect_timed() -> tuple[Bucket, Identity]:
        bucket, identity = connect(seaweed.BUCKET, prefix, BucketOptions(endpoint_url=seaweed.endpoint()))
        return TimedBucket(bucket, clock), identity

    return BucketStore(
        f"s3://{seaweed.BUCKET}/{prefix}", connect_timed, lambda _: path / "uploads", is_writable=True, clock=clock
    )


ROW = EngineRow(
    open_bucket, longest_key="/".join(("x" * 200,) * 4), keeps_open_blobs=False, lists_everything=False,
    etag_is_of_the_write=False,
    reads_back_bytes=RULES.unknown_bytes, writes=0.05,
)  # fmt: skip


@pytest.fixture
async def stage(tmp_path: Path) -> AsyncIterator[Stage]:
    started = Stage(ROW, tmp_path)
    await started.start()
    yield started
    await started.store.close()


@pytest.fixture
def bucket() -> str:
    """A new bucket of moto's server."""
    return amazon.new_bucket(amazon.endpoint())


@pytest.fixture
async def empty(bucket: str, tmp_path: Path) -> AsyncIterator[BucketStore]:
    """The store over a new bucket of moto's server."""
    async with amazon.opened(amazon.endpoint(), bucket, tmp_path) as store:
        yield store


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Leave out the cases of the conformance suite for storage types that a bucket does not have."""
    for item in [one for one in items if "bucket/test_conformance" in one.nodeid]:
        params = item.callspec.params if hasattr(item, "callspec") else {}
        if {params.get(name, "data") for name in ("storage_type", "target_type", "to_type")} != {"data"}:
            items.remove(item)
