"""`storage-tui migrate`: all of a store of this machine is in the bucket afterwards, whatever broke off meanwhile."""

import asyncio
import os
import secrets
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest

from storage_tui.contract.errors import NotFoundError
from storage_tui.server.access.tokens import create_token
from storage_tui.server.http.grants import namespace_of
from storage_tui.server.stores.base import Address
from storage_tui.server.stores.local.records import LocalRecords
from storage_tui.server.stores.local.seed import SeedBlob, seed
from storage_tui.server.stores.s3.protocol.bucket import Bucket
from storage_tui.server.stores.s3.store import S3Store
from tests import seaweed
from tests.server.running import RunningServer

MIB = 1024 * 1024


@asynccontextmanager
async def started(bucket: Bucket, now: datetime) -> AsyncIterator[S3Store]:
    """A store on the bucket whose clock stands still."""
    store = S3Store(bucket, clock=lambda: now, check=lambda _: None)
    await store.start()
    try:
        yield store
    finally:
        await store.close()


@pytest.fixture
def contents() -> dict[Address, bytes]:
    """Blobs of two users in every type."""
    made = {}
    for user in ("ann", "bob"):
        for storage_type in ("data", "tmp", "products", "result", "logs"):
            for key, size in (("small", 10), ("a/b//c é", 0), ("large.tif", 9 * MIB + 5)):
                made[Address(namespace_of(user), storage_type, key)] = os.urandom(size)
    return made


@pytest.fixture
def data_dir(tmp_path: Path, contents: dict[Address, bytes]) -> Path:
    path = tmp_path / "data"
    seed(path, [SeedBlob(address, content, "image/tiff") for address, content in contents.items()])
    return path


def start(data_dir: Path, place: str, *flags: str) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "storage_tui", "migrate", place, "--data-dir", str(data_dir)]
    return subprocess.Popen(
        [*command, "--s3-endpoint", seaweed.endpoint(), *flags], env={**os.environ, **seaweed.ACCESS},
        stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip


def run(data_dir: Path, place: str, *flags: str, code: int = 0) -> tuple[str, str]:
    """What it says on both its outputs."""
    with start(data_dir, place, *flags) as process:
        out, err = (text.decode() for text in process.communicate(timeout=100))
    assert process.returncode == code, err
    assert "Traceback" not in err
    return out, err


def new_place() -> str:
    return f"s3://{seaweed.BUCKET}/moved-{secrets.token_hex(4)}"


def test_a_moved_store_answers_as_before_to_the_tokens_of_before(
    data_dir: Path, contents: dict[Address, bytes], tmp_path: Path
) -> None:
    tokens = {name: create_token(LocalRecords(data_dir), name) for name in ("ann", "bob")}
    place = new_place()
    out, _ = run(data_dir, place, "--read-back")
    assert out.startswith(f"{len(contents)} blobs moved, 0 there already, 0 failures; ")
    server = RunningServer(tmp_path / "server", bucket=seaweed.place(place.rpartition("/")[2] + "/"))
    server.start()
    for name, token in tokens.items():
        with httpx.Client(headers={"Authorization": f"Bearer {token}"}, trust_env=False, timeout=30) as client:
            for address, content in contents.items():
                if address.namespace == namespace_of(name):
                    answer = client.get(f"{server.url}/{address.storage_type}/get/{address.key}")
                    assert answer.content == content
                    assert answer.headers["content-type"] == "image/tiff"
            assert len(client.get(f"{server.url}/data/list").json()) == 3
    assert server.stop() == 0
    out, _ = run(data_dir, place)
    assert out.startswith(f"0 blobs moved, {len(contents)} there already, 0 failures; ")


def test_a_move_that_is_killed_goes_on_and_loses_nothing(data_dir: Path, contents: dict[Address, bytes]) -> None:
    place = new_place()
    bucket = seaweed.bucket_at(seaweed.endpoint(), place.rpartition("/")[2] + "/")
    with start(data_dir, place) as process:
        while len(bucket.list("blobs/").objects) < 5:
            assert process.poll() is None
        process.send_signal(signal.SIGKILL)
        process.communicate()
    out, _ = run(data_dir, place, "--read-back")
    assert " 0 failures; " in out
    moved, present = int(out.split()[0]), int(out.split()[3])
    assert moved + present == len(contents)
    assert present >= 5
    assert len(bucket.list("blobs/").objects) == len(contents)


def test_what_the_bucket_has_otherwise_is_left_alone_and_told(data_dir: Path, contents: dict[Address, bytes]) -> None:
    place = new_place()
    run(data_dir, place)
    bucket = seaweed.bucket_at(seaweed.endpoint(), place.rpartition("/")[2] + "/")
    name = next(found.name for found in bucket.list("blobs/").objects if found.name.endswith("data/small!"))
    bucket.put(name, b"other")
    _, err = run(data_dir, place, code=6)
    assert "data:small: the bucket has a different blob under this key" in err
    assert bucket.read(name)[1] == b"other"  # type: ignore[index]
    out, _ = run(data_dir, place, "--overwrite")
    assert out.startswith("1 blob moved, ")


def test_blobs_keep_their_times_and_expire_when_they_would_have(tmp_path: Path) -> None:
    now = datetime.now(UTC).replace(microsecond=123000)
    ann, ages = namespace_of("ann"), {"old": timedelta(days=6), "new": timedelta(), "large": timedelta(days=2)}
    blobs = [
        SeedBlob(Address(ann, storage_type, f"{folder}{key}"), b"x" * (5 * MIB if key == "large" else 5),
                 modified=now - age)
        for storage_type in ("data", "tmp") for folder in ("", "f/") for key, age in ages.items()
    ]  # fmt: skip
    seed(tmp_path / "data", blobs)
    place = new_place()
    run(tmp_path / "data", place)
    run(tmp_path / "data", place)
    root = place.rpartition("/")[2] + "/"
    wanted = {blob.address.key: blob.modified or now for blob in blobs}

    async def look(days: int) -> None:
        async with started(seaweed.bucket_at(seaweed.endpoint(), root), now + timedelta(days=days)) as store:
            for storage_type in ("data", "tmp"):
                live = {
                    key: at for key, at in wanted.items() if storage_type == "data" or at > now - timedelta(7 - days)
                }
                for delimiter in ("", "/"):
                    page = await store.list_page(ann, storage_type, delimiter=delimiter, limit=100)
                    there = {row.key: row.modified for row in page.blobs}
                    assert there == {key: at for key, at in live.items() if not delimiter or "/" not in key}
                usage = await store.usage(ann, storage_type, delimiter="/")
                assert usage.count == len(live)
                times = (min(live.values()), max(live.values())) if storage_type == "tmp" else (None, None)
                assert (usage.oldest, usage.newest) == times
                for key, at in wanted.items():
                    address = Address(ann, storage_type, key)
                    if key not in live:
                        with pytest.raises(NotFoundError):
                            await store.stat(address)
                        continue
                    blob = await store.stat(address)
                    assert blob.modified == at
                    assert blob.expires == (at + timedelta(days=7) if storage_type == "tmp" else None)

    asyncio.run(look(0))
    asyncio.run(look(2))

    async def change() -> None:
        bucket = seaweed.bucket_at(seaweed.endpoint(), root)
        async with started(bucket, now + timedelta(days=2)) as store:
            assert (await store._ledger.scan("")).removed == 2
            assert len(bucket.list(f"blobs/{ann}/tmp/").objects) == 4
            again = await store.put(Address(ann, "data", "old"), b"xxxxx")
            copy = await store.copy(Address(ann, "data", "f/old"), Address(ann, "data", "copied"))
            page = await store.list_page(ann, "data", limit=100)
            fresh = {row.key: row.modified for row in page.blobs if row.modified not in wanted.values()}
            assert fresh.keys() == {"old", "copied"}
            for key, blob in (("old", again), ("copied", copy)):
                assert abs((fresh[key] or now) - (blob.modified or now)) <= timedelta(seconds=1)

    asyncio.run(change())


def test_a_directory_without_a_store_is_refused(tmp_path: Path) -> None:
    _, err = run(tmp_path, new_place(), code=2)
    assert "there is no store in" in err
    assert list(tmp_path.iterdir()) == []
