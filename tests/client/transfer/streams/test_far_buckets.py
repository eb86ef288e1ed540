"""A large object of a bucket that is far away: the streams of the client are streams between server and bucket."""

import secrets
from pathlib import Path

import pytest

from storage_tui import PlaceOptions, Storage
from tests import seaweed
from tests.client.transfer.streams.eagerness import EAGER, MIB
from tests.faults.proxy import Fault, FaultProxy
from tests.server.stores.bucket import amazon


def test_an_object_of_a_far_bucket_comes_over_several_streams(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in amazon.ENVIRONMENT.items():
        monkeypatch.setenv(name, value)
    content, prefix = secrets.token_bytes(1000) * (12 * MIB // 1000), secrets.token_hex(6)
    amazon.client(seaweed.endpoint()).put_object(Bucket=seaweed.BUCKET, Key=f"{prefix}/big", Body=content)
    with FaultProxy(seaweed.endpoint()) as proxy:
        proxy.default = Fault(rate_bytes_s=4_000_000)
        opening = PlaceOptions(endpoint_url=proxy.url, region="us-east-1")
        with Storage(f"s3://{seaweed.BUCKET}/{prefix}", opening=opening) as client:
            assert client.list() == ["big"]
            near = proxy.connections
            client.engine.pace.rule = EAGER
            client.get_file("big", str(tmp_path / "big"))
            assert proxy.connections >= near + 3
    assert (tmp_path / "big").read_bytes() == content
