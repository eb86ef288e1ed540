"""`doctor --store`: what is right and what is wrong with a storage engine, each in a line with what to do."""

import json
import secrets
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from click.testing import CliRunner

from storage_tui.cli.main import cli
from tests import seaweed


@pytest.fixture(autouse=True)
def credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    for name, value in seaweed.ACCESS.items():
        monkeypatch.setenv(name, value)


def lines_of(endpoint: str, *, bucket: str = seaweed.BUCKET, code: int = 0) -> dict[str, dict[str, Any]]:
    store = f"s3://{bucket}/doctor-{secrets.token_hex(4)}"
    done = CliRunner().invoke(cli, ["doctor", "--store", store, "--s3-endpoint", endpoint, "--json"])
    assert done.exit_code == code, done.output
    return {row["name"]: row for row in map(json.loads, done.stdout.splitlines())}


def test_a_good_engine_is_told_so(monkeypatch: pytest.MonkeyPatch) -> None:
    lines = lines_of(seaweed.endpoint())
    names = ("endpoint", "bucket", "conditions", "clock", "engine")
    assert {name: lines[name]["level"] for name in names} == dict.fromkeys(names, "ok")
    assert "SeaweedFS 4." in lines["engine"]["text"]
    assert "disk" not in lines
    assert seaweed.bucket_at(seaweed.endpoint()).list("doctor-").objects == []


def test_a_bucket_that_is_not_there_is_told() -> None:
    lines = lines_of(seaweed.endpoint(), bucket="nowhere-at-all", code=1)
    assert lines["bucket"]["level"] == "fail"
    assert "create it" in lines["bucket"]["advice"]


def test_credentials_that_are_wrong_or_missing_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "another")
    lines = lines_of(seaweed.endpoint(), code=1)
    assert (lines["endpoint"]["level"], lines["credentials"]["level"]) == ("ok", "fail")
    assert "right to list" in lines["credentials"]["advice"]
    for name in seaweed.ACCESS:
        monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", "/nonexistent")
    lines = lines_of(seaweed.endpoint(), code=1)
    assert "AWS_ACCESS_KEY_ID" in lines["credentials"]["text"]


def test_an_endpoint_that_does_not_answer_is_told() -> None:
    lines = lines_of("http://127.0.0.1:1", code=1)
    assert lines["endpoint"]["level"] == "fail"
    assert "--s3-endpoint" in lines["endpoint"]["advice"]
    assert "bucket" not in lines


@contextmanager
def engine_that_says(server: str, behind: timedelta) -> Iterator[str]:
    """An endpoint that has every object and takes every write, with this name and its clock so far behind."""

    class Careless(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def answer(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length", "0")))
            self.send_response_only(200)
            self.send_header("Server", server)
            self.send_header("Date", format_datetime(datetime.now(UTC) - behind, usegmt=True))
            self.send_header("Content-Length", "0")
            self.end_headers()

        do_HEAD = do_PUT = do_DELETE = answer

    with ThreadingHTTPServer(("127.0.0.1", 0), Careless) as site:
        thread = threading.Thread(target=site.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{site.server_port}"
        finally:
            site.shutdown()
            thread.join()


@pytest.mark.parametrize(
    ("server", "behind", "clock", "engine"),
    [
        ("SeaweedFS 30GB 4.33", timedelta(minutes=6), "fail", "fail"),
        ("SeaweedFS 8000GB 4.100", timedelta(minutes=1), "warn", "ok"),
        ("Other", timedelta(0), "ok", "ok"),
    ],
)
def test_an_engine_that_is_old_late_or_careless_is_told(
    server: str, behind: timedelta, clock: str, engine: str
) -> None:
    with engine_that_says(server, behind) as endpoint:
        lines = lines_of(endpoint, code=1)
    assert (lines["clock"]["level"], lines["engine"]["level"]) == (clock, engine)
    assert lines["conditions"]["level"] == "fail"
    assert "8 won" in lines["conditions"]["text"]
    assert all(line["advice"] for line in lines.values() if line["level"] != "ok")
