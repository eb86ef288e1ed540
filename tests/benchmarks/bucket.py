"""A foreign bucket beside s5cmd and rclone on the same SeaweedFS: first line, whole list, count, one large object.

BENCHMARK_BUCKET_KEYS sets how many objects are listed, BENCHMARK_BUCKET_BYTES the size of the large one. A peer that is
not on the PATH is left out.
"""

import os
import secrets
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from multiprocessing import get_context
from pathlib import Path

from tests import seaweed
from tests.benchmarks.programs import COMMAND, Row, compiled_environ, interleaved

KEYS = int(os.environ.get("BENCHMARK_BUCKET_KEYS", 1_000_000))
BYTES = int(os.environ.get("BENCHMARK_BUCKET_BYTES", 2 * 1024**3))
FOLDER_KEYS = 1000
SEEDERS = 4
ROUNDS = 3
PIECE = 8 * 1024 * 1024


def rows() -> Iterator[Row]:
    """Fill a bucket, then list, count and move it with each program in turn."""
    endpoint = seaweed.endpoint()
    name = f"benchmark-{secrets.token_hex(6)}"
    with tempfile.TemporaryDirectory(prefix="storage-tui-benchmark-") as folder:
        home = Path(folder)
        runner = _Runner(endpoint, name, home)
        runner.make_bucket()
        seed(endpoint, name, KEYS)
        yield from runner.lists()
        yield from runner.large_object()


def seed(endpoint: str, name: str, count: int) -> None:
    """Put `count` objects of a few bytes into folders of a thousand."""
    context = get_context("spawn")
    seeders = [context.Process(target=_seed, args=(endpoint, name, count, part)) for part in range(SEEDERS)]
    for seeder in seeders:
        seeder.start()
    for seeder in seeders:
        seeder.join()


def _seed(endpoint: str, name: str, count: int, part: int) -> None:
    import boto3

    client = boto3.client("s3", endpoint_url=endpoint, region_name="us-east-1", **_keys())
    for number in range(part, count, SEEDERS):
        key = f"maps/tile-{number // FOLDER_KEYS:04d}/{number % FOLDER_KEYS:03d}.tif"
        client.put_object(Bucket=name, Key=key, Body=b"benchmark")


def _keys() -> dict[str, str]:
    return {name.lower(): value for name, value in seaweed.ACCESS.items()}


class _Runner:
    """The three programs on one bucket."""

    def __init__(self, endpoint: str, name: str, home: Path) -> None:
        self._endpoint, self._name, self._home = endpoint, name, home
        kept = compiled_environ(home)
        kept.pop("AWS_CA_BUNDLE", None)  # rclone 1.60 does not start with it
        self._environ = {
            **kept, **seaweed.ACCESS, "AWS_REGION": "us-east-1", "AWS_ENDPOINT_URL_S3": endpoint,
            "S3_ENDPOINT_URL": endpoint,
        }  # fmt: skip
        self._s5cmd = ["s5cmd"]
        self._rclone = ["rclone", "--config", os.devnull, "--s3-provider", "SeaweedFS", "--s3-env-auth=true",
                        "--s3-endpoint", endpoint, "--s3-force-path-style=true"]  # fmt: skip

    def make_bucket(self) -> None:
        """Make the bucket."""
        import boto3

        boto3.client("s3", endpoint_url=self._endpoint, region_name="us-east-1", **_keys()).create_bucket(
            Bucket=self._name
        )

    def lists(self) -> Iterator[Row]:
        """The first line, the whole list and the count of all objects."""
        url, theirs = f"s3://{self._name}", f":s3:{self._name}"
        yield self._row(
            f"first line of a list of {KEYS:,} objects", self._first_line, [*COMMAND, "ls", "-r", url],
            [*self._s5cmd, "ls", f"{url}/*"], [*self._rclone, "lsf", "-R", theirs], target="1.2 x s5cmd",
        )  # fmt: skip
        yield self._row(
            f"list of {KEYS:,} objects", self._whole, [*COMMAND, "ls", "-r", url],
            [*self._s5cmd, "ls", f"{url}/*"], [*self._rclone, "lsf", "-R", "--fast-list", theirs],
            target="the better of both",
        )  # fmt: skip
        yield self._row(
            f"count of {KEYS:,} objects", self._whole, [*COMMAND, "du", url],
            [*self._s5cmd, "du", f"{url}/*"], [*self._rclone, "size", "--fast-list", theirs],
            target="the better of both",
        )  # fmt: skip

    def large_object(self) -> Iterator[Row]:
        """One large object up and down."""
        source, target = self._home / "source", self._home / "target"
        with source.open("wb") as file:
            for start in range(0, BYTES, PIECE):
                file.write(os.urandom(min(PIECE, BYTES - start)))
        key = f"s3://{self._name}/large"
        size = f"{BYTES / 1e9:.1f} GB"
        yield self._row(
            f"{size} up", self._whole, [*COMMAND, "put", "-q", "--force", "--write", str(source), f"{key}-ours"],
            [*self._s5cmd, "cp", str(source), f"{key}-s5cmd"],
            [*self._rclone, "copyto", str(source), f":s3:{self._name}/large-rclone"], target="1.1 x the better",
        )  # fmt: skip
        yield self._row(
            f"{size} down", self._whole, [*COMMAND, "get", "-q", "--force", f"{key}-ours", str(target)],
            [*self._s5cmd, "cp", f"{key}-ours", str(target)],
            [*self._rclone, "copyto", f":s3:{self._name}/large-ours", str(target)], target="1.1 x the better",
        )  # fmt: skip

    def _row(self, what: str, measure: Callable[[Sequence[str]], float], *commands: list[str], target: str) -> Row:
        found = [command for command in commands if command in commands[:1] or shutil.which(command[0])]
        times = interleaved(ROUNDS, *(partial(measure, command) for command in found))
        peers = "; ".join(
            f"{command[0]} {seconds:.2f} s" for command, seconds in zip(found[1:], times[1:], strict=True)
        )
        return Row(what, f"{times[0]:.2f} s", peers, target)

    def _whole(self, command: Sequence[str]) -> float:
        started = time.perf_counter()
        done = subprocess.run(
            command, env=self._environ, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, check=False
        )
        assert done.returncode == 0, f"{command}: {done.stderr.decode()[-500:]}"
        return time.perf_counter() - started

    def _first_line(self, command: Sequence[str]) -> float:
        started = time.perf_counter()
        with subprocess.Popen(command, env=self._environ, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:
            assert process.stdout is not None
            line = process.stdout.readline()
            seconds = time.perf_counter() - started
            process.kill()
        assert line, command
        return seconds
