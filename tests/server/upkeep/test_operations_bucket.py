"""Looking after a server on a bucket: its blobs are verified, what cannot be done there is said."""

import os
import subprocess
import sys
from pathlib import Path

from tests import seaweed
from tests.server.running import RunningServer


def test_a_bucket_is_verified_for_all_users_with_tokens(tmp_path: Path) -> None:
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
    assert server.stop() == 0
