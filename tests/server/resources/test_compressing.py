"""Lists in gzip for those who take it, and for nobody else."""

import gzip
import json
from collections.abc import Iterator

import httpx
import pytest

from storage_tui.contract.packs import PACK_TYPE, frame
from storage_tui.server.resources.compressing import takes_gzip
from tests.server.running import RunningServer

KEYS = [f"shelf/{number:04}.tif" for number in range(200)]


@pytest.fixture(scope="module")
def shelf(server: RunningServer) -> Iterator[httpx.Client]:
    with server.client("shelf") as client:
        pack = b"".join(frame({"key": key}, b"x") for key in KEYS)
        client.post("/data/set", content=pack, headers={"Content-Type": PACK_TYPE}).raise_for_status()
        yield client


@pytest.mark.parametrize("query", ["", "?details=true", "?details=columns"])
def test_a_list_shrinks_for_who_takes_gzip(shelf: httpx.Client, query: str) -> None:
    def raw(accepted: str) -> tuple[httpx.Headers, bytes]:
        with shelf.stream("GET", f"/data/list{query}", headers={"Accept-Encoding": accepted}) as answer:
            assert answer.status_code == 200 and answer.headers["vary"] == "Accept-Encoding"
            body = b"".join(answer.iter_raw())
            assert int(answer.headers["content-length"]) == len(body)
            return answer.headers, body

    headers, plain = raw("identity")
    assert "content-encoding" not in headers
    headers, packed = raw("br;q=1.0, GZIP;q=0.5")
    assert headers["content-encoding"] == "gzip" and len(packed) < len(plain) / 3
    assert json.loads(gzip.decompress(packed)) == json.loads(plain)


def test_what_is_small_or_no_list_stays_as_it_is(shelf: httpx.Client) -> None:
    for path in ("/data/list?limit=5", "/data/usage", "/data/get/shelf/0000.tif", "/tmp/list"):
        with shelf.stream("GET", path, headers={"Accept-Encoding": "gzip"}) as answer:
            assert "content-encoding" not in answer.headers


@pytest.mark.parametrize(
    ("accepted", "takes"),
    [("gzip", True), ("gzip, deflate", True), ("deflate,br , gzip ; q=0.1", True), ("*", True), ("*;q=0.2", True),
     ("", False), ("identity", False), ("gzip;q=0", False), ("gzip; q=0.000, *", False), ("*;q=0", False),
     ("xgzip", False), ("gzip2", False)],
)  # fmt: skip
def test_who_takes_gzip(accepted: str, takes: bool) -> None:
    assert takes_gzip(accepted) is takes
