"""What only buckets have, on moto's server: archives, unfinished uploads, content types, each read back by boto3."""

import json
import secrets
from collections.abc import Iterator
from typing import Any

import pytest

from tests.cli.places.conftest import Call
from tests.server.stores.bucket import amazon


@pytest.fixture
def bucket(call: Call, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    for name, value in {**amazon.ENVIRONMENT, "AWS_ENDPOINT_URL_S3": amazon.endpoint()}.items():
        monkeypatch.setenv(name, value)
    name = f"places-{secrets.token_hex(6)}"
    amazon.client(amazon.endpoint()).create_bucket(Bucket=name)
    yield name


@pytest.fixture
def client(bucket: str) -> Any:
    return amazon.client(amazon.endpoint())


def test_an_archived_blob_is_asked_back(call: Call, bucket: str, client: Any) -> None:
    url = f"s3://{bucket}"
    for key, stored in (("a b", "GLACIER"), ("c", "DEEP_ARCHIVE"), ("warm", "STANDARD_IA")):
        client.put_object(Bucket=bucket, Key=key, Body=b"cold", StorageClass=stored)
    assert [line.split()[-2] for line in call("ls", "-l", url).lines[1:]] == ["DEEP_ARCHIVE", "STANDARD_IA"]
    said = call("cat", f"{url}/a b")
    assert f"storage-tui thaw '{url}/a b' --write" in said.err
    assert "read only" in call("thaw", f"{url}/a b").err
    said = call("thaw", f"{url}/a b", "--write", "--days", "3", "--tier", "bulk")
    assert said.out == f"asked back for 3 days, tier bulk: {url}/a b\n"
    assert call("cat", f"{url}/a b").out == "cold"
    assert "is not archived: its storage class is STANDARD_IA" in call("thaw", f"{url}/warm", "--write").err
    assert "give --yes" in call("thaw", "-r", url, "--write").err
    assert call("thaw", "-ry", url, "--write").out == "asked back for 7 days, tier standard: 2 blobs\n"
    assert "Restore" in client.head_object(Bucket=bucket, Key="c")
    assert "only a bucket opened as it is" in call("uploads", "data:").err


def test_unfinished_uploads_are_listed_and_dropped_only_when_asked(call: Call, bucket: str, client: Any) -> None:
    url = f"s3://{bucket}"
    ids = [client.create_multipart_upload(Bucket=bucket, Key=key)["UploadId"] for key in ("maps/a b", "maps/c", "z")]
    client.upload_part(Bucket=bucket, Key="maps/a b", UploadId=ids[0], PartNumber=1, Body=b"1" * 1000)
    ids.append(client.create_multipart_upload(Bucket=bucket, Key="maps2")["UploadId"])
    listed = call("uploads", f"{url}/maps")
    assert listed.lines[0].split("  ", 1)[1].strip() == f"1.0 kB  {ids[0]}  {url}/maps/a b"
    assert len(listed.lines) == 2
    assert len(call("uploads", url, "--json").lines) == 4
    assert json.loads(call("uploads", url, "--json").lines[0])["size_bytes"] == 1000
    assert "would be dropped for good; give --yes" in call("uploads", url, "--drop", "--write").err
    assert "read only" in call("uploads", url, "--drop", "-y").err
    assert "no unfinished uploads" in call("uploads", url, "--drop", "-y", "--older-than", "9000d", "--write").err
    assert call("uploads", url, "--drop", "-y", "--id", ids[1], "--write").out == "dropped 1 unfinished upload\n"
    left = client.list_multipart_uploads(Bucket=bucket)["Uploads"]
    assert sorted(one["UploadId"] for one in left) == sorted((ids[0], *ids[2:]))
    assert call("uploads", url, "--drop", "-y", "--write").out == "dropped 3 unfinished uploads\n"
    assert "Uploads" not in client.list_multipart_uploads(Bucket=bucket)


def test_a_content_type_is_changed_and_all_else_stays(call: Call, bucket: str, client: Any) -> None:
    client.put_object(
        Bucket=bucket, Key="k", Body=b"a,b\n", ContentType="text/plain", CacheControl="max-age=5",
        Metadata={"own": "word, and 100%"}, Tagging="team=maps&x=a%20b", StorageClass="STANDARD_IA",
    )  # fmt: skip
    said = call("content-type", f"s3://{bucket}/k", "text/csv")
    assert (said.code, "read only" in said.err) == (4, True)
    assert call("content-type", f"s3://{bucket}/k", "text/csv", "--write").code == 0
    head = client.head_object(Bucket=bucket, Key="k")
    assert (head["ContentType"], head["CacheControl"], head["StorageClass"]) == ("text/csv", "max-age=5", "STANDARD_IA")
    assert head["Metadata"] == {"own": "word, and 100%"}
    tags = client.get_object_tagging(Bucket=bucket, Key="k")["TagSet"]
    assert sorted((tag["Key"], tag["Value"]) for tag in tags) == [("team", "maps"), ("x", "a b")]
    assert client.get_object(Bucket=bucket, Key="k")["Body"].read() == b"a,b\n"
