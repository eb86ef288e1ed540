"""A bucket that rclone filled is listed, read and changed exactly; what we write rclone and boto3 read back, under the
same names and byte for byte."""

import os
import subprocess
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from tests import seaweed, wanted
from tests.server.stores.bucket import amazon
from tests.server.stores.bucket.amazon import at, content_of, keys_of

EXACT = ("--s3-encoding", "Slash", "--local-encoding", "Slash", "--no-unicode-normalization", "-q", "--retries", "1")


def rclone(url: str, *words: str) -> None:
    program = wanted.program("rclone")
    environ = {
        "RCLONE_CONFIG": os.devnull, "RCLONE_S3_PROVIDER": "Other", "RCLONE_S3_ENDPOINT": url,
        "RCLONE_S3_ACCESS_KEY_ID": seaweed.ACCESS["AWS_ACCESS_KEY_ID"], "RCLONE_S3_REGION": "us-east-1",
        "RCLONE_S3_SECRET_ACCESS_KEY": seaweed.ACCESS["AWS_SECRET_ACCESS_KEY"], "PATH": os.environ["PATH"],
    }  # fmt: skip
    done = subprocess.run([program, *words, *EXACT], env=environ, capture_output=True, timeout=180)
    assert done.returncode == 0, done.stderr.decode()


def trees_of(names: Iterable[str], root: Path) -> list[Path]:
    """Make files of the names that a file system can hold, each with its name as content, in as many folders as need
    be: a name that is both a file and a folder is in two of them."""
    trees: list[dict[str, str]] = []
    for name in names:
        steps = name.split("/")
        if any(step in ("", ".", "..") or len(step.encode()) > 255 for step in steps):
            continue
        above = {"/".join(steps[:end]) for end in range(1, len(steps))}
        for tree in trees:
            if tree.get(name) is None and all(tree.get(one, "folder") == "folder" for one in above):
                break
        else:
            trees.append(tree := {})
        tree.update(dict.fromkeys(above, "folder") | {name: "file"})
    made = []
    for number, tree in enumerate(trees):
        made.append(root / str(number))
        for name in [name for name, kind in tree.items() if kind == "file"]:
            path = made[-1] / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(name.encode())
    return made


def files_below(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


async def test_what_rclone_wrote_and_what_it_reads_is_exact(tmp_path: Path) -> None:
    url = seaweed.endpoint()
    client, bucket = amazon.client(url), amazon.new_bucket(url)
    lost = lost_names(client, url)
    trees = trees_of([name for name in amazon.NAMES if name not in lost], tmp_path / "trees")
    expected = sorted((name for tree in trees for name in files_below(tree)), key=str.encode)
    for tree in trees:
        rclone(url, "copy", str(tree), f":s3:{bucket}")
    async with amazon.opened(url, bucket, tmp_path / "state") as store:
        assert await keys_of(store) == expected
        assert len(expected) >= 200
        for name in expected:
            assert await content_of(store, name) == name.encode()
            await store.put(at(name), b"ours " + name.encode())
        assert await keys_of(store, limit=23) == expected
    back = tmp_path / "back"
    for number, tree in enumerate(trees):
        listed = tmp_path / f"names-{number}"
        listed.write_text("".join(f"{name}\n" for name in files_below(tree) if is_read_by_rclone(name)))
        rclone(url, "copy", f":s3:{bucket}", str(back / str(number)), "--files-from-raw", str(listed))
        for name, content in files_below(back / str(number)).items():
            assert content == b"ours " + name.encode()
    read = {name for number in range(len(trees)) for name in files_below(back / str(number))}
    assert read == {name for name in expected if is_read_by_rclone(name)}
    for name in expected:
        assert client.get_object(Bucket=bucket, Key=name)["Body"].read() == b"ours " + name.encode()


def is_read_by_rclone(name: str) -> bool:
    """Return whether rclone finds the name in a list of files: not one with a control character; boto3 does."""
    return not any(ord(character) < 32 or ord(character) == 127 for character in name)


def lost_names(client: Any, url: str) -> set[str]:
    """Return the names that SeaweedFS refuses or gives back in another form, written by boto3 into a bucket alone."""
    bucket = amazon.new_bucket(url)
    for name in amazon.NAMES:
        try:
            client.put_object(Bucket=bucket, Key=name, Body=b"x")
        except client.exceptions.ClientError:
            continue
    return set(amazon.NAMES) - {found["Key"] for found in amazon.listed(client, bucket)}
