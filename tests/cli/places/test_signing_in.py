"""Credentials that expire during a transfer: it waits for the next sign-in, and goes on by itself."""

from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest

from storage_tui.client.agent.handed import EXPIRED, HandedCredentials
from storage_tui.client.transfer.engine import TransferEngine
from storage_tui.contract.errors import ExpiredCredentialsError, ForbiddenError
from tests.cli.places.conftest import Call
from tests.faults.answering import AnsweringServer

CONTENT = b"bytes of a large blob" * 1000
LIST = (
    b"<ListBucketResult><IsTruncated>false</IsTruncated><Contents><Key>k</Key><Size>21000</Size><ETag>e</ETag>"
    b"<LastModified>2024-01-01T00:00:00Z</LastModified></Contents></ListBucketResult>"
)
OLD, NEW = "KEYOLD", "KEYNEW"


class Engine(AnsweringServer):
    """A bucket with one object, for which the old credentials have expired; when it has refused them `patience` times,
    somebody signs in."""

    def __init__(self, files: Path, *, patience: int) -> None:
        super().__init__("")
        self._files = files
        self._patience = patience
        self.refused = 0

    def sign(self, key: str) -> None:
        self._files.write_text(f"[lab]\naws_access_key_id = {key}\naws_secret_access_key = s\naws_session_token = t\n")

    def answer(self, handler: BaseHTTPRequestHandler) -> None:
        is_object = handler.path.partition("?")[0] == "/scans/k"
        if is_object and OLD in handler.headers.get("authorization", ""):
            self.refused += 1
            if self.refused == self._patience:
                self.sign(NEW)
            self._send(handler, 403, b"<Error><Code>ExpiredToken</Code></Error>")
            return
        if not is_object:
            self._send(handler, 200, LIST if "list-type" in handler.path else b"<x></x>")
            return
        told = handler.headers.get("range", "")
        if told:
            start, _, stop = told.removeprefix("bytes=").partition("-")
            part = CONTENT[int(start) : int(stop or len(CONTENT)) + 1]
            where = f"bytes {start}-{int(start) + len(part) - 1}/{len(CONTENT)}"
            self._send(handler, 206, part, ("Content-Range", where))
        else:
            self._send(handler, 200, CONTENT)

    def _send(self, handler: BaseHTTPRequestHandler, status: int, content: bytes, *more: tuple[str, str]) -> None:
        handler.send_response_only(status)
        for name, value in (("Content-Length", str(len(content))), ("ETag", '"e"'), *more):
            handler.send_header(name, value)
        handler.send_header("Last-Modified", "Mon, 01 Jan 2024 00:00:00 GMT")
        handler.end_headers()
        if handler.command != "HEAD":
            handler.wfile.write(content)


@pytest.fixture
def files(call: Call, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Path]:
    """The shared credentials of a person with the profile lab."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_ENDPOINT_URL_S3"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "credentials"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    (tmp_path / "config").write_text("[profile lab]\nregion = eu-west-1\n")
    yield tmp_path / "credentials"


def test_a_download_waits_for_a_sign_in_and_goes_on_by_itself(call: Call, files: Path, tmp_path: Path) -> None:
    with Engine(files, patience=6) as engine:
        engine.sign(OLD)
        said = call("get", "s3://scans/k", "here.bin", "--endpoint", engine.url, "--aws-profile", "lab", "--wait", "5m")
        assert (said.code, engine.refused >= 6) == (0, True), said
        assert (tmp_path / "here" / "here.bin").read_bytes() == CONTENT
        assert "run aws sso login --profile lab" in said.err


def test_a_command_that_does_not_wait_says_the_next_step_at_once(call: Call, files: Path) -> None:
    with Engine(files, patience=1000) as engine:
        engine.sign(OLD)
        for words in (("cat", "s3://scans/k"), ("get", "s3://scans/k", "f", "--wait", "0")):
            said = call(*words, "--endpoint", engine.url, "--aws-profile", "lab")
            assert said.code != 0
            assert "the credentials of profile lab have expired; run aws sso login --profile lab" in said.err
            assert said.err.count("\n") == 1


def test_the_agent_holds_a_bucket_whose_credentials_of_the_environment_have_expired(call: Call) -> None:
    server = TransferEngine("s3://scans").server
    handed = HandedCredentials(server, {}, {"AWS_SECRET_ACCESS_KEY": "old"})  # type: ignore[arg-type]
    assert not handed.is_for_another(ForbiddenError("not yours"))
    assert handed.holds_for() == ""
    assert handed.is_for_another(ExpiredCredentialsError("late"))
    assert handed.holds_for() == EXPIRED
    handed.give({"credentials": '{"AWS_SECRET_ACCESS_KEY": "old"}'})
    assert handed.holds_for() == EXPIRED
    handed.give({"credentials": '{"AWS_SECRET_ACCESS_KEY": "new"}'})
    assert handed.holds_for() == ""
