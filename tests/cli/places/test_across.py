"""Copies, moves and syncs between two places: buckets, folders and the store, on SeaweedFS."""

import json
import secrets
from pathlib import Path
from typing import Any

import boto3
import pytest

from storage_tui.client.agent.place import AgentPlace
from tests import seaweed
from tests.agents import ended_at_last
from tests.cli.places.conftest import Call

KEYS = {"maps/a.txt": b"a", "maps/2024/b.bin": secrets.token_bytes(3_000_000), "maps/\x01": b"odd", "top": b""}


@pytest.fixture
def s3(call: Call, monkeypatch: pytest.MonkeyPatch) -> Any:
    """A boto3 client on SeaweedFS, with the environment that opens buckets there."""
    for name, value in {**seaweed.ACCESS, "AWS_ENDPOINT_URL_S3": seaweed.endpoint()}.items():
        monkeypatch.setenv(name, value)
    return boto3.client("s3", region_name="us-east-1")


@pytest.fixture
def two(s3: Any) -> tuple[str, str]:
    """A bucket with objects, and an empty one."""
    names = tuple(f"across-{secrets.token_hex(6)}" for _ in range(2))
    for name in names:
        s3.create_bucket(Bucket=name)
    for key, value in KEYS.items():
        s3.put_object(Bucket=names[0], Key=key, Body=value, ContentType="text/x-own", Metadata={"mine": "yes"})
    return names[0], names[1]


def content(s3: Any, bucket: str) -> dict[str, bytes]:
    """The objects of a bucket."""
    rows = s3.list_objects_v2(Bucket=bucket).get("Contents", [])
    return {row["Key"]: s3.get_object(Bucket=bucket, Key=row["Key"])["Body"].read() for row in rows}


def test_two_buckets_of_one_engine_copy_inside_it(call: Call, s3: Any, two: tuple[str, str]) -> None:
    ours, theirs = two
    said = call("cp", f"s3://{ours}/top", f"s3://{theirs}/")
    assert (said.code, said.err) == (4, f"storage-tui: s3://{theirs} is open read only; --write allows changes\n")
    said = call("cp", "-r", f"s3://{ours}/maps", f"s3://{theirs}/old/", "--write", "--dry-run")
    assert said.out.endswith(f"would copy 3 blobs (3.0 MB) to s3://{theirs}/old/\n"), said.out
    said = call("cp", "-r", f"s3://{ours}/maps", f"s3://{theirs}/old/", "--write")
    assert said.out == f"copied 3 blobs (3.0 MB) to s3://{theirs}/old/maps/\n"
    wanted = {f"old/{key}": value for key, value in KEYS.items() if key != "top"}
    assert content(s3, theirs) == wanted
    made = s3.head_object(Bucket=theirs, Key="old/maps/a.txt")
    assert (made["Metadata"], made["ContentType"]) == ({"mine": "yes"}, "text/x-own"), "as only the engine copies"
    said = call("cp", f"s3://{ours}/maps/a.txt", f"s3://{theirs}/old/maps/a.txt", "--write")
    assert (said.code, "exists already" in said.err, "--force" in said.err) == (4, True, True)
    s3.put_object(Bucket=theirs, Key="top", Body=b"theirs")
    assert "--force" in call("cp", f"s3://{ours}/top", f"s3://{theirs}/top", "--write").err, "another blob of that name"
    s3.delete_object(Bucket=theirs, Key="top")
    assert call("cp", f"s3://{ours}/maps/a.txt", f"s3://{theirs}/x", "--write").out == f"s3://{theirs}/x\n"
    assert content(s3, ours) == KEYS


def test_a_move_between_buckets_deletes_what_is_whole_at_its_target(call: Call, s3: Any, two: tuple[str, str]) -> None:
    ours, theirs = two
    s3.put_object(Bucket=theirs, Key="maps/a.txt", Body=b"another")
    said = call("mv", "-r", f"s3://{ours}/maps", f"s3://{theirs}/", "--write")
    assert said.code == 6
    assert "'maps/a.txt' exists already in data" in said.err
    assert content(s3, ours) == {"maps/a.txt": b"a", "top": b""}
    assert {key: value for key, value in content(s3, theirs).items() if key != "maps/a.txt"} == {
        key: value for key, value in KEYS.items() if key not in ("maps/a.txt", "top")
    }
    rows = call("mv", "-r", f"s3://{ours}/maps", f"s3://{theirs}/", "--write", "-f", "--json").lines
    assert [json.loads(row)["target"] for row in rows] == [f"s3://{theirs}/maps/a.txt"]
    assert content(s3, ours) == {"top": b""}


def test_blobs_go_from_a_bucket_into_the_store_and_back(call: Call, s3: Any, two: tuple[str, str]) -> None:
    ours, theirs = two
    assert call("cp", f"s3://{ours}/maps/2024/b.bin", "data:b").out == "data:b\n"
    assert call("cat", "data:b").code == 0
    assert call("cp", f"s3://{ours}/maps/*.txt", "tmp:").code == 0
    assert call("ls", "tmp:").lines == ["a.txt"]
    said = call("cp", "-r", f"s3://{ours}/maps/", "data:m")
    assert said.code == 6
    assert "'maps/\\x01' cannot be 'm/\\x01'" in said.err, "the store has no such keys"
    said = call("mv", "data:b", f"s3://{theirs}/b")
    assert said.code == 4
    assert call("mv", "data:b", f"s3://{theirs}/b", "--write").out == f"s3://{theirs}/b\n"
    assert content(s3, theirs) == {"b": KEYS["maps/2024/b.bin"]}
    assert call("ls", "data:").lines == ["m/"]
    said = call("mv", f"s3://{ours}/top", "data:top")
    assert (said.code, said.err) == (4, f"storage-tui: s3://{ours} is open read only; --write allows changes\n")
    assert call("mv", f"s3://{ours}/top", "data:top", "--write").code == 0
    assert "top" not in content(s3, ours)


def test_a_sync_makes_two_buckets_equal_and_check_tells_what_differs(call: Call, s3: Any, two: tuple[str, str]) -> None:
    ours, theirs = (f"s3://{name}" for name in two)
    s3.put_object(Bucket=two[1], Key="maps/a.txt", Body=b"b")  # as large as that of the source
    s3.put_object(Bucket=two[1], Key="maps/more", Body=b"more")
    said = call("check", f"{ours}/maps", f"{theirs}/maps")
    assert said.lines == [
        "+ \x01  (not in the target)", "+ 2024/b.bin  (not in the target)",
        "* a.txt  (same size, other bytes)", "- more  (not in the source)",
        f"{ours}/maps/ and {theirs}/maps/: 2 missing, 1 differing, 1 extra, 0 the same",
    ]  # fmt: skip
    words = ("sync", ours, theirs, "--write", "--delete")
    lines = call(*words, "-n").lines
    assert f"copy      {theirs}/maps/a.txt  (from {ours}/maps/a.txt, 1 B, same size, other bytes)" in lines
    assert f"delete    {theirs}/maps/more  (not in the source)" in [row.replace("4 B, ", "") for row in lines]
    said = call(*words)
    assert said.out == f"synced {ours}/ to {theirs}/: 4 copied (3.0 MB), 1 deleted, 0 the same\n"
    assert content(s3, two[1]) == KEYS
    assert call(*words).out == f"synced {ours}/ to {theirs}/: 4 the same\n"
    said = call("sync", f"{theirs}/maps", f"{theirs}/twin", "--write")
    assert (said.code, content(s3, two[1])["twin/a.txt"]) == (0, b"a"), said.err


def test_a_folder_goes_into_a_bucket_and_nothing_into_a_folder(
    call: Call, s3: Any, two: tuple[str, str], tmp_path: Path
) -> None:
    ours, theirs = two
    folder = tmp_path / "here" / "dir"
    (folder / "in").mkdir(parents=True)
    (folder / "in" / "x").write_text("x")
    (folder / "y").write_text("y")
    assert call("cp", "-r", "./dir", f"s3://{theirs}", "--write").out == f"copied 2 blobs (2 B) to s3://{theirs}/dir/\n"
    assert content(s3, theirs) == {"dir/in/x": b"x", "dir/y": b"y"}
    for words in (("mv", "./dir/y", f"s3://{theirs}/z"), ("cp", f"s3://{ours}/top", "./dir/")):
        said = call(*words, "--write")
        assert said.code == 4
        assert "dir is open read only, as every folder of this machine" in said.err


def test_a_target_in_the_store_of_a_profile(call: Call, s3: Any, two: tuple[str, str], tmp_path: Path) -> None:
    ours, theirs = two
    settings = tmp_path / "own" / "config" / "config.toml"
    settings.parent.mkdir(parents=True)
    url, endpoint = f"s3://{theirs}/kept", seaweed.endpoint()
    settings.write_text(f'[profiles.archive]\nurl = "{url}"\nendpoint = "{endpoint}"\nwrite = true\n')
    said = call("cp", f"s3://{ours}/maps/a.txt", "data:a", "--to-profile", "archive")
    assert said.code == 0, said.err
    assert content(s3, theirs) == {"kept/a": b"a"}
    said = call("cp", "data:a", f"s3://{theirs}/b", "--to-profile", "archive")
    assert "--to-profile is the store of TARGET" in said.err


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("cp", "data:a", "s3://bucket/a", "data:b"), "are in two stores"),
        (("cp", "s3://one/a", "s3://two/a", "data:b"), "a command works on one bucket"),
        (("cp", "s3://one/a", "s3://two/a", "--url", "http://localhost"), "leave out --url"),
    ],
)
def test_what_cannot_be_between_places_is_refused_in_words(call: Call, words: tuple[str, ...], told: str) -> None:
    said = call(*words)
    assert said.code == 2
    assert told in said.err


def test_transfers_of_a_bucket_go_on_in_the_background(
    call: Call, s3: Any, two: tuple[str, str], tmp_path: Path
) -> None:
    ours, theirs = two
    here = tmp_path / "here"
    with ended_at_last(AgentPlace.here()):
        said = call("get", "--background", f"s3://{ours}/maps/2024/b.bin", "b")
        assert said.out == "1 file in the background, number 1; see: storage-tui transfers --follow\n", said.err
        assert call("put", "--background", "-q", str(tmp_path / "here"), f"s3://{theirs}/x").code != 0
        (here / "up").write_bytes(b"up")
        assert call("put", "--background", "-q", "up", f"s3://{theirs}/up", "--write").code == 0
        assert call("transfers", "--follow").code == 0
    assert (here / "b").read_bytes() == KEYS["maps/2024/b.bin"]
    assert content(s3, theirs) == {"up": b"up"}
