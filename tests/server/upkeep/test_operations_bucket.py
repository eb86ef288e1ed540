"""Looking after a server on a bucket: its blobs are verified, what cannot be done there is said."""

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from storage_tui.server.http.grants import namespace_of
from tests import seaweed
from tests.server.running import RunningServer


def test_a_bucket_is_verified_whole_whoever_the_blobs_belong_to(tmp_path: Path) -> None:
    place = seaweed.place("verified/")
    server = RunningServer(tmp_path / "data", bucket=place)
    server.start()
    for name in ("ann", "bob"):
        with server.client(name) as client:
            assert client.put("/data/set/k", content=b"x" * 70_000).is_success
            assert client.put("/tmp/set/t", content=b"123").is_success
    command = [
        sys.executable,
        "-m",
        "storage_tui",
        "verify",
        "--store",
        str(place),
        "--s3-endpoint",
        place.endpoint or "",
    ]
    environ = {**os.environ, **seaweed.ACCESS}
    told = subprocess.run(command, env=environ, capture_output=True, text=True, timeout=60, check=False)
    assert (told.returncode, told.stderr) == (0, "")
    assert told.stdout == "4 blobs, 140 kB read: all good\n"
    told = subprocess.run(
        [*command, "--user", "ann"], env=environ, capture_output=True, text=True, timeout=60, check=False
    )
    assert told.stdout.startswith("2 blobs")
    told = subprocess.run(
        [*command, "--user", "anne"], env=environ, capture_output=True, text=True, timeout=60, check=False
    )
    assert (told.returncode, told.stdout) == (3, "")
    assert told.stderr == f"storage-tui: nothing is stored for the user 'anne' at {place}\n"
    bucket, nobody = seaweed.bucket_at(seaweed.endpoint(), "verified/"), namespace_of("without a token")
    bucket.put(f"blobs/{nobody}/data/k!", b"x" * 1000, meta={"crc32c": "AAAAAA=="})
    told = subprocess.run(command, env=environ, capture_output=True, text=True, timeout=60, check=False)
    assert told.returncode != 0
    assert f"damaged  data:k of namespace {nobody[:12]}" in told.stdout
    assert "5 blobs, 140 kB read: 1 damaged\n" in told.stdout
    assert server.stop() == 0


@pytest.mark.parametrize("where", ["a bucket that is not there", "a folder without a store"])
def test_a_place_without_a_store_is_not_called_good(where: str) -> None:
    here = seaweed.place("nothing-was-stored-here/")
    place = here if "folder" in where else replace(here, bucket="no-such-bucket", root="")
    told = subprocess.run(
        [sys.executable, "-m", "storage_tui", "verify", "--store", str(place), "--s3-endpoint", place.endpoint or ""],
        env={**os.environ, **seaweed.ACCESS}, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert (told.returncode, told.stdout) == (3, "")
    assert "there is no" in told.stderr
    assert "Traceback" not in told.stderr
