"""`descarteslabs auth login` of the published client 1.12.1 with what `storage-tui token create --login` prints."""

import base64
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests import seaweed
from tests.conformance.published_venv import published_python
from tests.server.running import RunningServer

CALLS = Path(__file__).with_name("published_calls.py")


@pytest.mark.timeout(700)
def test_the_published_client_logs_in_and_renews_its_tokens(server: RunningServer, tmp_path: Path) -> None:
    python = published_python()
    environment = {
        "PATH": os.environ.get("PATH", ""),
        "HOME": str(tmp_path),
        "NO_PROXY": "127.0.0.1",
        "DESCARTESLABS_ENV": "gcp-production",
        "DESCARTESLABS_STORAGE_URL": server.url,
        "DESCARTESLABS_IAM_URL": server.url,
    }

    def run(*command: str, stdin: bytes = b"") -> bytes:
        done = subprocess.run(
            command, input=stdin, cwd=tmp_path, env=environment, capture_output=True, check=False, timeout=300
        )
        assert done.returncode == 0, done.stderr.decode()
        return done.stdout

    place = ("--data-dir", str(server.data_dir))
    if server.bucket is not None:
        place = ("--store", str(server.bucket), "--s3-endpoint", server.bucket.endpoint or "")
    create = [sys.executable, "-m", "storage_tui", "token", "create", "Nora", "--login", "--url", server.url, *place]
    made = subprocess.run(create, check=True, capture_output=True, timeout=60, env={**os.environ, **seaweed.ACCESS})
    login = made.stdout
    cli = (str(python), "-W", "ignore", "-m", "descarteslabs._dl_modules.client.scripts")  # its command `descarteslabs`
    assert b"Welcome, Nora!" in run(*cli, "auth", "login", stdin=login)
    file = tmp_path / ".descarteslabs" / "token_info.json"
    first = json.loads(file.read_text())
    assert run(*cli, "auth", "name").strip() == b"Nora"
    run(str(python), "-W", "ignore", str(CALLS), "values")
    assert json.loads(file.read_text()) == first, "a token that is still good is not renewed"
    file.write_text(json.dumps({**first, "jwt_token": _ended(first["jwt_token"])}))
    run(str(python), "-W", "ignore", str(CALLS), "listing")
    assert json.loads(file.read_text())["jwt_token"] != first["jwt_token"]


def _ended(token: str) -> str:
    """The same token as if it had expired; the client looks at the claims alone."""
    head, body, signature = token.split(".")
    claims = json.loads(base64.urlsafe_b64decode(body + "=="))
    content = base64.urlsafe_b64encode(json.dumps({**claims, "exp": 1}).encode()).rstrip(b"=").decode()
    return f"{head}.{content}.{signature}"
