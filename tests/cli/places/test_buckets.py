"""A bucket that boto3 filled as the location of a command, on SeaweedFS."""

import secrets
import urllib.request
from pathlib import Path

import boto3
import pytest
from click import Context

from storage_tui.cli.search.listing import ls
from storage_tui.cli.search.straight import entries_straight
from storage_tui.cli.settings import Settings
from storage_tui.cli.words import location_words
from storage_tui.client.access.place_access import PlaceAccess
from storage_tui.contract.places import Place, PlaceOptions
from tests import seaweed
from tests.cli.places.conftest import Call


@pytest.fixture
def bucket(call: Call, monkeypatch: pytest.MonkeyPatch) -> str:
    """A bucket of its own, with the environment that opens it."""
    for name, value in {**seaweed.ACCESS, "AWS_ENDPOINT_URL_S3": seaweed.endpoint()}.items():
        monkeypatch.setenv(name, value)
    name = f"places-{secrets.token_hex(6)}"
    client = boto3.client("s3", region_name="us-east-1")
    client.create_bucket(Bucket=name)
    for key in ("a.txt", "maps/dem.txt", "maps/2024/x.bin"):
        client.put_object(Bucket=name, Key=key, Body=key.encode())
    return name


def test_commands_read_a_bucket_and_write_with_the_flag(call: Call, bucket: str) -> None:
    url = f"s3://{bucket}"
    assert call("ls", url).lines == ["a.txt", "maps/"]
    assert call("ls", f"{url}/maps/").lines == ["2024/", "dem.txt"]
    assert call("cat", f"{url}/maps/dem.txt").out == "maps/dem.txt"
    assert call("show", f"{url}/maps/dem.txt").lines[-1] == "maps/dem.txt"
    said = call("show", f"{url}/maps")
    assert said.err == f"storage-tui: {url}/maps is a folder; storage-tui ls {url}/maps lists it\n"
    assert call("find", url, "*.bin").lines == [f"{url}/maps/2024/x.bin"]
    assert [line.split()[-1] for line in call("du", url).lines] == [f"{url}/maps/", f"{url}/"]
    assert call("get", "-q", f"{url}/a.txt", "b.txt").code == 0
    with urllib.request.urlopen(call("url", f"{url}/a.txt").out.strip(), timeout=30) as answer:
        assert answer.read() == b"a.txt"
    for words in (
        ("put", "b.txt", f"{url}/b.txt"), ("rm", f"{url}/a.txt"), ("cp", f"{url}/a.txt", f"{url}/b.txt"),
        ("sync", ".", f"{url}/here"),
    ):  # fmt: skip
        said = call(*words)
        assert said.code == 4
        assert said.err == f"storage-tui: {url} is open read only; --write allows changes\n"
        if words[0] == "put":
            assert call(*words, "--write", "-q").code == 0
    assert call("mv", "-q", f"{url}/b.txt", f"{url}/maps/c.txt", "--write").code == 0
    assert call("rm", f"{url}/a.txt", "--write").code == 0
    assert call("sync", f"{url}/maps", "data:maps").code == 0
    assert call("ls", "-r", "data:maps/").lines == ["maps/2024/x.bin", "maps/c.txt", "maps/dem.txt"]
    objects = boto3.client("s3", region_name="us-east-1").list_objects_v2(Bucket=bucket)["Contents"]
    assert [row["Key"] for row in objects] == ["maps/2024/x.bin", "maps/c.txt", "maps/dem.txt"]


def test_names_come_straight_from_the_bucket_while_no_server_runs(call: Call, bucket: str) -> None:
    client = boto3.client("s3", region_name="us-east-1")
    for key in ("maps-old/x", "maps/dem.txt.bak", "maps/\x1b[31m", "zz/"):
        client.put_object(Bucket=bucket, Key=key, Body=b"")
    url = f"s3://{bucket}"
    words = [
        ("ls", url), ("ls", "-r", url), ("ls", f"{url}/maps"), ("ls", "-r", f"{url}/maps/"),
        ("ls", f"{url}/maps/dem.txt"), ("ls", "-l", f"{url}/maps"), ("ls", "-r", "--json", url),
        ("ls", "-l", "--sort", "size", "--reverse", url), ("ls", f"{url}/no/such"), ("ls", f"s3://{bucket}-not"),
    ]  # fmt: skip
    socket = PlaceAccess.of(Place("s3", bucket), PlaceOptions()).runtime_dir() / "socket"
    straight = [call(*each) for each in words[:-2]]
    assert not socket.exists()
    for is_bare in (True, False):
        found = entries_straight(Settings(url=url), "", is_recursive=True, is_bare=is_bare, first=2, rest=3)
        assert found is not None and found[0] == ""
        keys = [entry if isinstance(entry, str) else entry.key for entry in found[1]]
        assert keys == sorted(keys) and len(keys) == 7
    straight += [call(*each) for each in words[-2:]]  # there is nothing: the server says so
    assert call("du", url).code == 0
    assert socket.exists()
    assert entries_straight(Settings(url=url), "", is_recursive=True, is_bare=True) is None
    asked = [call(*each) for each in words]
    assert [(each.code, each.lines, each.err) for each in asked] == [
        (each.code, each.lines, each.err) for each in straight
    ]


def test_a_profile_names_a_bucket_and_its_word_is_for_this_bucket_alone(
    call: Call, bucket: str, tmp_path: Path
) -> None:
    settings = tmp_path / "own" / "config" / "config.toml"
    settings.parent.mkdir(parents=True)
    settings.write_text(
        f'[profiles.archive]\nurl = "s3://{bucket}/maps"\nwrite = true\n[profiles.look]\nurl = "s3://{bucket}"\n'
    )
    (tmp_path / "here" / "f").write_text("new")
    assert call("--profile", "archive", "ls").lines == ["2024/", "dem.txt"]
    assert call("put", "-q", "f", "data:f", "--profile", "archive").code == 0
    assert call("cat", f"s3://{bucket}/maps/f").out == "new"
    assert "read only" in call("put", "f", "data:f", "--profile", "look").err
    assert "read only" in call("put", "f", f"s3://{bucket}/f", "--profile", "archive").err


def test_a_bucket_that_is_not_there_is_told_in_one_line(call: Call, bucket: str) -> None:
    said = call("ls", "s3://there-is-no-such-bucket")
    assert said.code == 1
    assert said.err.count("\n") == 1
    assert "no bucket 'there-is-no-such-bucket'" in said.err


def test_completion_goes_on_in_a_bucket_and_leaves_folders_to_the_shell(call: Call, bucket: str) -> None:
    context, parameter = Context(ls), ls.params[0]
    context.params.update({"url": None})
    words = location_words(context, parameter, f"s3://{bucket}/ma")
    assert [item.value for item in words] == [f"s3://{bucket}/maps/"]
    assert location_words(context, parameter, "s3://buck") == []
    assert [item.type for item in location_words(context, parameter, "./ma")] == ["file"]
