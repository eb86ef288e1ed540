"""Who sees the credentials of a bucket: its endpoint and nobody else; and a machine that has none."""

import os
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest

from tests.cli.places.conftest import Call
from tests.faults.answering import AnsweringServer
from tests.server.stores.bucket import amazon

LISTED = (
    b"<ListBucketResult><IsTruncated>false</IsTruncated><Contents><Key>a.txt</Key><Size>1</Size><ETag>e</ETag>"
    b"<LastModified>2024-01-01T00:00:00Z</LastModified></Contents></ListBucketResult>"
)
KEY_ID, SECRET, SESSION = "AKIALEAKCHECK0000001", "leak-check-of-the-secret-key", "leak-check-of-the-session-token"


class Host(AnsweringServer):
    """A host that lists one object, or sends every request to another host; it remembers all headers."""

    def __init__(self, *, to: str = "") -> None:
        super().__init__("")
        self.seen: list[dict[str, str]] = []
        self._to = to

    def answer(self, handler: BaseHTTPRequestHandler) -> None:
        self.seen.append({name.lower(): value for name, value in handler.headers.items()})
        handler.send_response_only(307 if self._to else 200)
        if self._to:
            handler.send_header("Location", f"{self._to}{handler.path}")
        content = b"" if self._to else LISTED
        handler.send_header("Content-Length", str(len(content)))
        handler.end_headers()
        if handler.command != "HEAD":
            handler.wfile.write(content)


@pytest.fixture(autouse=True)
def nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine without credentials and settings of AWS."""
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")  # no service of a cloud is asked


@pytest.mark.parametrize("flags", [(), ("--no-sign-request",)])
def test_one_line_opens_a_public_bucket_in_a_fresh_home(call: Call, flags: tuple[str, ...], tmp_path: Path) -> None:
    with Host() as host:
        said = call("ls", "s3://public", "--endpoint", host.url, *flags)
        assert (said.code, said.lines, said.err) == (0, ["a.txt"], "")
    assert host.seen
    assert not [headers for headers in host.seen if "authorization" in headers or "x-amz-security-token" in headers]
    assert not (tmp_path / ".aws").exists()


def test_a_public_object_is_read_and_a_private_one_is_refused_in_one_line(call: Call) -> None:
    bucket, client = amazon.new_bucket(amazon.endpoint()), amazon.client(amazon.endpoint())
    client.put_object(Bucket=bucket, Key="open.txt", Body=b"for all", ACL="public-read")
    client.put_object(Bucket=bucket, Key="own.txt", Body=b"for the owner")
    assert call("cat", f"s3://{bucket}/open.txt", "--endpoint", amazon.endpoint()).out == "for all"
    said = call("cat", f"s3://{bucket}/own.txt", "--endpoint", amazon.endpoint())
    assert said.code != 0
    assert "does not allow this without credentials" in said.err
    assert said.err.count("\n") == 1


def test_credentials_reach_the_endpoint_alone(call: Call, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name, value in (
        ("AWS_ACCESS_KEY_ID", KEY_ID), ("AWS_SECRET_ACCESS_KEY", SECRET), ("AWS_SESSION_TOKEN", SESSION),
    ):  # fmt: skip
        monkeypatch.setenv(name, value)
    url, endpoint = f"s3://{amazon.new_bucket(amazon.endpoint())}", amazon.endpoint()
    (tmp_path / "here" / "f").write_bytes(b"x" * (9 * 1024 * 1024))
    said = [
        call("put", "-q", "f", f"{url}/f", "--write", "--endpoint", endpoint), call("ls", url, "--endpoint", endpoint),
        call("get", f"{url}/f", "--endpoint", endpoint, "-q", "g"), call("cat", f"{url}/no", "--endpoint", endpoint),
        call("rm", f"{url}/f", "--write", "--endpoint", endpoint), call("config"), call("doctor"),
    ]  # fmt: skip
    assert [one.code for one in said[:3]] == [0, 0, 0]
    with Host() as other, Host(to=other.url) as host:
        refused = call("ls", "s3://scans", "--endpoint", host.url)
        assert refused.code != 0
        assert refused.err.count("\n") == 1
        assert "authorization" in host.seen[0]
        assert other.seen == []
    for words in (KEY_ID, SECRET, SESSION):
        assert not [one for one in (*said, refused) if words in one.out or words in one.err]
        for folder, _, files in os.walk(tmp_path):
            for name in files:
                file = Path(folder) / name
                assert words.encode() not in file.read_bytes(), file
                assert words not in str(file)


def test_the_secrets_are_in_no_command_line_and_no_runtime_file(
    call: Call, monkeypatch: pytest.MonkeyPatch, runtime_base: Path
) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", KEY_ID)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", SECRET)
    bucket = amazon.new_bucket(amazon.endpoint())
    assert call("ls", f"s3://{bucket}", "--endpoint", amazon.endpoint()).code == 0
    lines = []
    for process in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            lines.append(process.read_bytes())
        except OSError:
            continue
    assert any(bucket.encode() in line for line in lines)  # the server of the place still runs
    assert not [line for line in lines if SECRET.encode() in line or KEY_ID.encode() in line]
    for file in runtime_base.rglob("*"):
        assert not file.is_file() or SECRET.encode() not in file.read_bytes()
