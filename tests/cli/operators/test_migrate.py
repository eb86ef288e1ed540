"""`storage-tui migrate`: all of a store of this machine is in the bucket afterwards, whatever broke off meanwhile."""

import os
import secrets
import signal
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from storage_tui.server.access.tokens import create_token
from storage_tui.server.http.grants import namespace_of
from storage_tui.server.stores.base import Address
from storage_tui.server.stores.local.records import LocalRecords
from storage_tui.server.stores.local.seed import SeedBlob, seed
from tests import seaweed
from tests.server.running import RunningServer

MIB = 1024 * 1024


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


def test_a_directory_without_a_store_is_refused(tmp_path: Path) -> None:
    _, err = run(tmp_path, new_place(), code=2)
    assert "there is no store in" in err
    assert list(tmp_path.iterdir()) == []
