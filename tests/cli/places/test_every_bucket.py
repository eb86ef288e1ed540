"""`s3://` is all buckets, each a folder: those that the engine lists, and those that were opened before."""

import json
import secrets
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import boto3
import pytest
from click import Context

from storage_tui.cli.search.listing import ls
from storage_tui.cli.words import location_words
from tests.cli.places.conftest import Call
from tests.faults.answering import AnsweringServer
from tests.server.stores.bucket import amazon


class Denying(AnsweringServer):
    """An engine that lists no buckets, and has one empty bucket."""

    def answer(self, handler: BaseHTTPRequestHandler) -> None:
        is_all = handler.path == "/"
        content = (
            b"<Error><Code>AccessDenied</Code></Error>"
            if is_all
            else b"<ListBucketResult><IsTruncated>false</IsTruncated></ListBucketResult>"
        )
        handler.send_response_only(403 if is_all else 200)
        handler.send_header("Content-Length", str(len(content)))
        handler.end_headers()
        if handler.command != "HEAD":
            handler.wfile.write(content)


@pytest.fixture
def buckets(call: Call, monkeypatch: pytest.MonkeyPatch) -> tuple[str, str]:
    """Two buckets of moto's server, and the environment that opens them."""
    for name, value in {**amazon.ENVIRONMENT, "AWS_ENDPOINT_URL_S3": amazon.endpoint()}.items():
        monkeypatch.setenv(name, value)
    names = sorted(f"every-{secrets.token_hex(6)}" for _ in range(2))
    client = boto3.client("s3", region_name="us-east-1")
    for name in names:
        client.create_bucket(Bucket=name)
        client.put_object(Bucket=name, Key="maps/a.txt", Body=name.encode())
    return names[0], names[1]


def test_all_buckets_are_listed_and_looked_into(call: Call, buckets: tuple[str, str]) -> None:
    first, second = buckets
    listed = call("ls", "s3://").lines
    assert {f"{first}/", f"{second}/"} <= set(listed)
    assert listed == sorted(listed)
    assert call("ls", f"s3://{first}").lines == ["maps/"]
    for words, refusal in (
        (("du", "s3://"), "all buckets at once are not counted"),
        (("find", "s3://", "*.txt"), "not listed at once"),
        (("ls", "-r", "s3://"), "not listed at once"),
        (("ls", "s3://", "--write"), "opened read only, without types; open one: s3://BUCKET"),
    ):
        said = call(*words)
        assert said.code != 0
        assert refusal in said.err
        assert said.err.count("\n") == 1


def test_a_bucket_that_is_not_listed_is_opened_by_its_name_and_remembered(
    call: Call, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for name, value in amazon.ENVIRONMENT.items():
        monkeypatch.setenv(name, value)
    with Denying("") as engine:
        monkeypatch.setenv("AWS_ENDPOINT_URL_S3", engine.url)
        said = call("ls", "s3://")
        assert (said.code != 0, said.err) == (
            True, "storage-tui: your buckets may not be listed; open one by its name: s3://BUCKET\n"
        )  # fmt: skip
        assert call("ls", "s3://typed-by-hand").code == 0
        assert call("ls", "s3://").lines == ["typed-by-hand/"]
        context = Context(ls, info_name="ls")
        assert [item.value for item in location_words(context, ls.params[0], "s3://ty")] == ["s3://typed-by-hand/"]
        notes = [*(tmp_path / "own" / "state" / "places").glob("*/place")]
        [note] = [note for note in notes if json.loads(note.read_bytes())["url"] == "s3://typed-by-hand"]
        assert json.loads(note.read_bytes()) == {"url": "s3://typed-by-hand", "endpoint": None}
        assert note.stat().st_mode & 0o777 == 0o600
        note.write_text("{broken")
        assert "may not be listed" in call("ls", "s3://").err
