"""A profile whose storage types are prefixes of a bucket, on SeaweedFS and on moto's server."""

import secrets
from collections.abc import Callable
from functools import partial

import boto3
import pytest

from storage_tui import PlaceOptions, Storage
from storage_tui.contract.errors import ConflictError
from tests import seaweed
from tests.cli.places.conftest import Call
from tests.server.stores.bucket import amazon

KEYS = ("published/a.txt", "published/maps/dem.txt", "scratch/x.bin", "scratch/run/1.bin", "products/p.txt", "other")


@pytest.fixture(params=["seaweed", "moto"])
def bucket(request: pytest.FixtureRequest, call: Call, monkeypatch: pytest.MonkeyPatch) -> str:
    """A bucket whose scratch/ expires after three days."""
    endpoint = seaweed.endpoint() if request.param == "seaweed" else amazon.endpoint()
    for name, value in {**amazon.ENVIRONMENT, "AWS_ENDPOINT_URL_S3": endpoint}.items():
        monkeypatch.setenv(name, value)
    name = f"types-{secrets.token_hex(6)}"
    client = boto3.client("s3", region_name="us-east-1")
    client.create_bucket(Bucket=name)
    rules = [{"ID": "s", "Status": "Enabled", "Filter": {"Prefix": "scratch/"}, "Expiration": {"Days": 3}}]
    client.put_bucket_lifecycle_configuration(Bucket=name, LifecycleConfiguration={"Rules": rules})
    for key in KEYS:
        client.put_object(Bucket=name, Key=key, Body=key.encode())
    return name


def settings_for(bucket: str) -> str:
    types = 'types = {tmp = "scratch", data = "published/", products = "products/"}'
    return (
        f'[profiles.archive]\nurl = "s3://{bucket}"\n{types}\n'
        f'[profiles.open]\nurl = "s3://{bucket}"\nwrite = true\n{types}\n'
    )


def names_in(bucket: str) -> list[str]:
    client = boto3.client("s3", region_name="us-east-1")
    return [row["Key"] for row in client.list_objects_v2(Bucket=bucket)["Contents"]]


def test_commands_work_on_the_types_of_a_profile(call: Call, bucket: str, profile: Callable[[str], None]) -> None:
    profile(settings_for(bucket))

    def run(*words: str, name: str = "archive") -> list[str]:
        said = call("--profile", name, *words)
        assert said.code == 0, said.err
        return said.lines

    assert run("ls") == ["a.txt", "maps/"]
    assert run("ls", "tmp:") == ["run/", "x.bin"]
    assert "2d" in run("ls", "-l", "tmp:x.bin")[0] or "3d" in run("ls", "-l", "tmp:x.bin")[0]
    assert run("cat", "products:p.txt") == ["products/p.txt"]
    assert run("find", "-a", "*.bin") == ["tmp:run/1.bin", "tmp:x.bin"]
    assert run("du", "tmp:")[-1].split()[-1] == "tmp:"
    assert run("show", "data:maps/dem.txt")[-1] == "published/maps/dem.txt"
    said = call("--profile", "archive", "ls", "logs:")
    assert said.code != 0
    assert said.err.count("\n") == 1
    said = call("--profile", "archive", "mv", "tmp:x.bin", "data:x.bin")
    assert said.err == f"storage-tui: s3://{bucket} is open read only; --write allows changes\n"
    run("mv", "-q", "tmp:x.bin", "data:x.bin", name="open")
    run("cp", "-q", "data:a.txt", "tmp:copy.txt", name="open")
    run("get", "-q", "tmp:run/1.bin", "here.bin")
    run("put", "-q", "here.bin", "tmp:up/there.bin", name="open")
    run("rm", "tmp:run/1.bin", name="open")
    assert call("--profile", "open", "rm", "products:p.txt").code != 0
    assert run("sync", "data:maps", "down") != [""]
    assert names_in(bucket) == [
        "other", "products/p.txt", "published/a.txt", "published/maps/dem.txt", "published/x.bin", "scratch/copy.txt",
        "scratch/up/there.bin",
    ]  # fmt: skip
    assert call("ls", f"s3://{bucket}", "--profile", "archive").lines == [
        "other",
        "products/",
        "published/",
        "scratch/",
    ]


def test_what_was_deleted_of_a_type_comes_back(call: Call, bucket: str, profile: Callable[[str], None]) -> None:
    client = boto3.client("s3", region_name="us-east-1")
    client.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    profile(settings_for(bucket))
    run = partial(call, "--profile", "open")
    for key in ("scratch/x.bin", "published/a.txt", "products/p.txt"):
        client.put_object(Bucket=bucket, Key=key, Body=b"second")
    assert run("rm", "tmp:x.bin").code == 0
    assert [line.split()[-1] for line in run("trash", "tmp:").lines if "x.bin" in line] == ["tmp:x.bin"] * 2
    assert "a.txt" not in run("trash", "tmp:").out
    assert run("undelete", "tmp:x.bin").code == 0
    assert run("cat", "tmp:x.bin").out == "second"
    assert len(client.list_object_versions(Bucket=bucket, Prefix="published/a.txt")["Versions"]) == 2
    assert run("purge", "-ry", "data:").out == "purged 1 version of data:\n"
    assert len(client.list_object_versions(Bucket=bucket, Prefix="published/a.txt")["Versions"]) == 1
    assert "open read only" in call("--profile", "archive", "purge", "-ry", "tmp:").err


def test_archives_uploads_and_content_types_are_those_of_a_type(
    call: Call, monkeypatch: pytest.MonkeyPatch, profile: Callable[[str], None]
) -> None:
    for name, value in {**amazon.ENVIRONMENT, "AWS_ENDPOINT_URL_S3": amazon.endpoint()}.items():
        monkeypatch.setenv(name, value)
    bucket, client = amazon.new_bucket(amazon.endpoint()), amazon.client(amazon.endpoint())
    profile(settings_for(bucket))
    run = partial(call, "--profile", "open")
    for key in ("published/k", "scratch/k"):
        client.put_object(Bucket=bucket, Key=key, Body=b"x", StorageClass="GLACIER", Tagging="team=maps")
        client.create_multipart_upload(Bucket=bucket, Key=f"{key}/never")
    assert run("thaw", "tmp:k").out == "asked back for 7 days, tier standard: tmp:k\n"
    assert "Restore" in client.head_object(Bucket=bucket, Key="scratch/k")
    assert "Restore" not in client.head_object(Bucket=bucket, Key="published/k")
    [line] = run("uploads", "tmp:").lines
    assert line.endswith("  tmp:k/never")
    assert run("uploads", "tmp:", "--drop", "-y").out == "dropped 1 unfinished upload\n"
    [left] = client.list_multipart_uploads(Bucket=bucket)["Uploads"]
    assert left["Key"] == "published/k/never"
    assert run("content-type", "tmp:k", "text/csv").code == 0
    assert client.head_object(Bucket=bucket, Key="scratch/k")["ContentType"] == "text/csv"


def test_python_opens_the_types_of_a_bucket(call: Call, bucket: str) -> None:
    types = {"tmp": "scratch", "data": "published/"}
    with Storage(f"s3://{bucket}", opening=PlaceOptions(types=types)) as storage:
        assert storage.list() == ["a.txt", "maps/dem.txt"]
        assert storage.get("run/1.bin", storage_type="tmp") == b"scratch/run/1.bin"
        assert storage.stat("x.bin", storage_type="tmp").expires is not None
        info = storage.describe()
        assert {row["name"]: row["expires_after_s"] for row in info.storage_types} == {"data": None, "tmp": 3 * 86400}
        assert info.place is not None
        assert info.place.types == {"data": "kept until deleted", "tmp": "expires after 3 days"}
        assert info.place.prefixes == {"data": "published/", "tmp": "scratch/"}
        assert info.token.types == ("data", "tmp")
        plain = Storage(f"s3://{bucket}")
        assert storage.account() != plain.account()  # a key there is another object
        plain.close()
        with pytest.raises(ConflictError, match="open read only"):
            storage.set("n", b"")
    big = b"x" * (9 * 1024 * 1024)
    with Storage(f"s3://{bucket}", opening=PlaceOptions(types=types, is_writable=True)) as storage:
        storage.set("big", big, storage_type="tmp")
        assert storage.stat("big", storage_type="tmp").size_bytes == len(big)
    assert "scratch/big" in names_in(bucket)


def test_types_that_cannot_be_are_refused_in_one_line(call: Call, profile: Callable[[str], None]) -> None:
    for types, words in (
        ('{temp = "a/"}', "'temp' is no storage type"),
        ('{tmp = "a/", data = "a"}', "have the same prefix 'a/'"),
        ("{tmp = 1}", "the prefix of tmp is a text"),
        ('"tmp"', "must be a table such as"),
        ("{}", "must be a table such as"),
    ):
        profile(f'[profiles.p]\nurl = "s3://bucket"\ntypes = {types}\n')
        said = call("--profile", "p", "ls")
        assert said.code != 0
        assert said.err.count("\n") == 1
        assert words in said.err


def test_the_environment_names_types_too(call: Call, bucket: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STORAGE_TUI_URL", f"s3://{bucket}")
    monkeypatch.setenv("STORAGE_TUI_TYPES", "data=published/,tmp=scratch/")
    assert call("ls", "tmp:").lines == ["run/", "x.bin"]
    assert call("ls", f"s3://{bucket}/scratch/").lines == ["run/", "x.bin"]  # a name in the bucket, without types
    config = [line.split() for line in call("config").lines]
    assert ["types", "data=published/,", "tmp=scratch/", "STORAGE_TUI_TYPES"] in config
