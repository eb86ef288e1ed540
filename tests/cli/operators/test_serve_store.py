"""`serve --store` and `token --store` as an operator types them, on a real bucket."""

import json
import os
import secrets
import subprocess
import sys

import httpx
import pytest

from tests import seaweed

COMMAND = (sys.executable, "-m", "storage_tui")


def run(*args: str, code: int = 0, **environ: str) -> subprocess.CompletedProcess[str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    done = subprocess.run(
        [*COMMAND, *args], env={**kept, "AWS_EC2_METADATA_DISABLED": "true", **environ}, capture_output=True,
        text=True, timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == code, done.stderr
    assert "Traceback" not in done.stderr
    return done


def test_a_token_of_a_bucket_opens_every_server_on_it() -> None:
    place = ("--store", f"s3://{seaweed.BUCKET}/typed-{secrets.token_hex(4)}", "--s3-endpoint", seaweed.endpoint())
    token = run("token", "create", "ann", *place, **seaweed.ACCESS).stdout.strip()
    serve = [*COMMAND, "serve", "--port", "0", *place, "--download", "redirect"]
    with subprocess.Popen(serve, env={**os.environ, **seaweed.ACCESS}, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        url = server.stdout.readline().split()[-1]
        headers = {"Authorization": f"Bearer {token}"}
        answer = httpx.put(f"{url}/data/set/k", content=b"x", headers=headers, trust_env=False, timeout=30)
        assert answer.status_code == 200
        answer = httpx.delete(f"{url}/data/k", headers=headers, trust_env=False, timeout=30)
        assert answer.status_code == 200
        server.terminate()
        assert server.wait(30) == 0
    [entry] = map(json.loads, run("audit", "--json", "--user", "ann", *place, **seaweed.ACCESS).stdout.splitlines())
    assert (entry["type"], entry["key"]) == ("data", "k")
    assert entry["request"] != "-"


@pytest.mark.parametrize(
    ("args", "environ", "said", "code"),
    [
        (("--store", "bucket"), seaweed.ACCESS, "s3://BUCKET", 1),
        (("--store", "s3://bucket", "--data-dir", "x"), seaweed.ACCESS, "not in both", 2),
        (("--store", "s3://bucket", "--s3-endpoint", "here"), seaweed.ACCESS, "http://HOST:PORT", 1),
        (("--store", "s3://bucket", "--s3-endpoint", "http://127.0.0.1:1"), seaweed.ACCESS, "does not answer", 1),
        (("--store", "s3://bucket"), {}, "AWS_ACCESS_KEY_ID", 1),
        (("--download", "redirect"), {}, "needs a bucket", 2),
    ],
)
def test_what_cannot_be_served_is_told_in_one_line(
    args: tuple[str, ...], environ: dict[str, str], said: str, code: int
) -> None:
    done = run("serve", "--port", "0", *args, code=code, HOME="/nonexistent", **environ)
    assert said in done.stderr
    assert not done.stdout
