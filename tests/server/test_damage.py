"""A blob whose bytes went bad on the disk is never taken for a whole one, and the log says so in one line."""

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.server.running import RunningServer

CONTENT = bytes(range(256)) * 16_000  # kept in a file, sent in several pieces


@pytest.fixture
def own(tmp_path: Path) -> Iterator[RunningServer]:
    running = RunningServer(tmp_path / "data")
    running.start()
    yield running
    assert running.stop() == 0


def damage(server: RunningServer, content: bytes) -> None:
    """Change the last byte of the one blob file of this size."""
    (path,) = (
        found for found in server.data_dir.rglob("*") if found.is_file() and found.stat().st_size == len(content)
    )
    path.chmod(0o600)
    path.write_bytes(content[:-1] + b"\0")


@pytest.mark.parametrize("agent", ["dl-python/1.12.1", "another"])
def test_a_damaged_blob_is_cut_before_its_end(own: RunningServer, agent: str) -> None:
    with own.client() as ann:
        url = ann.get("/data/new_resumable_url/damaged").text
        assert httpx.put(url, content=CONTENT, trust_env=False).status_code == 200
        damage(own, CONTENT)
        with pytest.raises(httpx.RemoteProtocolError):
            ann.get("/data/get/damaged", headers={"User-Agent": agent})
        assert ann.get("/data/get/damaged", headers={"Range": "bytes=0-9"}).content == CONTENT[:10]
        last = ann.get("/data/get/damaged", headers={"Range": "bytes=-10"})
        assert (last.status_code, last.headers["x-error-code"]) == (500, "damaged")
        with pytest.raises(httpx.RemoteProtocolError):
            ann.get("/data/get/damaged", headers={"Range": "bytes=1000-"})
    lines = own.log_text().splitlines()
    assert lines
    assert all("ERROR" in line or "WARNING" in line for line in lines)
    assert "Traceback" not in own.log_text()


def test_a_damaged_blob_of_one_piece_is_refused(own: RunningServer) -> None:
    content = CONTENT[:200_000]
    with own.client() as ann:
        url = ann.get("/data/new_resumable_url/damaged").text
        assert httpx.put(url, content=content, trust_env=False).status_code == 200
        damage(own, content)
        answer = ann.get("/data/get/damaged")
    assert answer.status_code >= 500
    assert "content-disposition" not in answer.headers
