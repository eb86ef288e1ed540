"""The trash of a bucket that keeps versions, on moto's server: listed, brought back, removed for good."""

import secrets

import pytest

from tests.cli.places.conftest import Call
from tests.server.stores.bucket import amazon

pytestmark = pytest.mark.filterwarnings("ignore:Unclosed file <tempfile:ResourceWarning")  # moto's old versions


@pytest.fixture
def bucket(call: Call, monkeypatch: pytest.MonkeyPatch) -> str:
    """A bucket that keeps versions, with the environment that opens it."""
    for name, value in {**amazon.ENVIRONMENT, "AWS_ENDPOINT_URL_S3": amazon.endpoint()}.items():
        monkeypatch.setenv(name, value)
    name = f"places-{secrets.token_hex(6)}"
    client = amazon.client(amazon.endpoint())
    client.create_bucket(Bucket=name)
    client.put_bucket_versioning(Bucket=name, VersioningConfiguration={"Status": "Enabled"})
    for key in ("a.txt", "maps/b.txt", "maps/b.txt", "maps/c.txt"):
        client.put_object(Bucket=name, Key=key, Body=key.encode())
    return name


def test_what_was_deleted_from_a_bucket_is_listed_and_comes_back(call: Call, bucket: str) -> None:
    url = f"s3://{bucket}"
    assert call("rm", "-ry", f"{url}/maps", "--write").code == 0
    listed = call("trash", url)
    assert [line.split()[-1] for line in listed.lines] == [f"{url}/maps/{name}.txt" for name in "bbc"]
    assert [line.split()[2] for line in listed.lines] == ["overwritten", "deleted", "deleted"]
    assert "as a version" in listed.lines[0]
    said = call("undelete", "-r", f"{url}/maps")
    assert (said.code, "read only" in said.err) == (4, True)
    assert call("undelete", "-r", f"{url}/maps", "--write").out == f"brought back 2 blobs: {url}/maps\n"
    assert call("ls", "-r", url).lines == ["a.txt", "maps/b.txt", "maps/c.txt"]
    said = call("undelete", f"{url}/maps/b.txt", "--write")
    assert f"{url}/maps/b.txt exists and would be replaced; give --yes" in said.err
    assert call("undelete", "-y", f"{url}/maps/b.txt", "--write").code == 0
    said = call("purge", "-r", url, "--write")
    assert "2 versions (20 B) would be removed for good; give --yes to do it" in said.err
    assert call("purge", "-ry", url, "--write").out == f"purged 2 versions of {url}/\n"
    assert call("trash", url).err == (
        f"nothing can be brought back at {url}/; blobs are kept as versions of the bucket after they were deleted or "
        "overwritten\n"
    )
    assert call("cat", f"{url}/maps/b.txt").out == "maps/b.txt"


def test_a_bucket_without_versions_brings_nothing_back(call: Call, bucket: str) -> None:
    name = amazon.new_bucket(amazon.endpoint())
    said = call("trash", f"s3://{name}")
    assert said.code == 1 or said.code == 4
    assert "keeps no deleted or overwritten blobs" in said.err
