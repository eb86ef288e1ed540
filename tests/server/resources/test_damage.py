"""A blob whose bytes went bad on the disk is never taken for a whole one, and the log says so in one line."""

import io
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from storage_tui import Storage
from storage_tui.contract.errors import DamagedError
from tests.server.running import RunningServer

CONTENT = bytes(range(256)) * 16_000  # kept in a file, sent in several pieces


@pytest.fixture
def own(tmp_path: Path) -> Iterator[RunningServer]:
    running = RunningServer(tmp_path / "data")
    running.start()
    yield running
    assert running.stop() == 0


def damage(server: RunningServer, content: bytes, *, at: int = -1) -> None:
    """Change a byte, the last one, of the one blob file of this size."""
    (path,) = (
        found for found in server.data_dir.rglob("*") if found.is_file() and found.stat().st_size == len(content)
    )
    path.chmod(0o600)
    changed = bytearray(content)
    changed[at] ^= 1
    path.write_bytes(changed)


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
        rest = ann.get("/data/get/damaged", headers={"Range": "bytes=1000-"})
        assert (rest.status_code, rest.headers["x-error-code"]) == (500, "damaged")
    lines = own.log_text().splitlines()
    assert lines
    assert all("ERROR" in line or "WARNING" in line for line in lines)
    assert "Traceback" not in own.log_text()


@pytest.mark.parametrize("size_bytes", [len(CONTENT), 300_000])
def test_the_client_says_that_the_server_has_it_damaged_wherever_the_damage_is(
    own: RunningServer, tmp_path: Path, size_bytes: int
) -> None:
    content = CONTENT[:size_bytes]
    target = tmp_path / "target"
    with Storage(own.url, token=own.token("ann")) as ann:
        ann.set_file("damaged", io.BytesIO(content))
        damage(own, content, at=1000)
        for _ in range(2):
            with pytest.raises(DamagedError, match=r"are damaged on the server: .*; restore it from a backup"):
                ann.get_file("damaged", target)
        with pytest.raises(DamagedError), ann.stream("damaged") as chunks:
            assert sum(map(len, chunks))
        with pytest.raises(DamagedError):
            ann.get("damaged")
    assert not target.exists()


def test_a_blob_that_is_well_again_is_read_again(own: RunningServer) -> None:
    with Storage(own.url, token=own.token("ann")) as ann:
        ann.set_file("damaged", io.BytesIO(CONTENT))
        damage(own, CONTENT, at=1000)
        with pytest.raises(DamagedError):
            ann.get("damaged")
        damage(own, CONTENT[:1000] + bytes([CONTENT[1000] ^ 1]) + CONTENT[1001:], at=1000)
        assert ann.get("damaged") == CONTENT
        assert ann.read_range("damaged", start=5, stop=9).data == CONTENT[5:9]


def test_a_damaged_blob_of_one_piece_is_refused(own: RunningServer) -> None:
    content = CONTENT[:200_000]
    with own.client() as ann:
        url = ann.get("/data/new_resumable_url/damaged").text
        assert httpx.put(url, content=content, trust_env=False).status_code == 200
        damage(own, content)
        answer = ann.get("/data/get/damaged")
    assert answer.status_code >= 500
    assert "content-disposition" not in answer.headers
