"""Uploads in parts over several streams: one whole blob on either engine, whatever breaks or ends meanwhile."""

import random
import secrets
import signal
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from storage_tui import Storage
from storage_tui.client.control import TransferControl
from storage_tui.contract.errors import CancelledError, LocalFileError
from tests import seaweed
from tests.client.moving import in_thread
from tests.client.published import PublishedServer
from tests.client.transfer.streams.eagerness import LONG, MIB, NEAR, QUICK, eager_process
from tests.faults.proxy import NONE, Fault, FaultProxy
from tests.server.running import RunningServer
from tests.waits import wait_until

pytestmark = pytest.mark.usefixtures("hasty")

SIZE = 5 * 16 * MIB + 12_345  # five parts and a little
SLOW = Fault(rate_bytes_s=6_000_000)


@pytest.fixture(scope="module")
def content() -> bytes:
    return random.Random(11).randbytes(SIZE)


@pytest.fixture(params=["local", "bucket"])
def own_server(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[RunningServer]:
    """A server of this test, on either engine."""
    (tmp_path / "own").mkdir(mode=0o700)
    bucket = seaweed.place(f"streams-{secrets.token_hex(4)}/") if request.param == "bucket" else None
    server = RunningServer(tmp_path / "own" / "store", bucket=bucket)
    if bucket is None:
        server.data_dir.mkdir(mode=0o700)
    server.start()
    yield server
    if server.process.poll() is None:
        server.stop()


@pytest.fixture
def between(own_server: RunningServer) -> Iterator[FaultProxy]:
    with FaultProxy(own_server.url) as proxy:
        yield proxy


@pytest.mark.usefixtures("eager")
def test_several_streams_give_one_whole_blob(
    own_server: RunningServer, between: FaultProxy, source: Path, content: bytes
) -> None:
    between.default = SLOW
    control = TransferControl()
    with Storage(between.url, token=own_server.token()) as client:
        blob = client.set_file("k", source, control=control)
        between.default = NONE
        between.cut_all()
        assert client.get("k") == content
    assert control.phase == "verified" and control.done_bytes == SIZE == blob.size_bytes
    assert between.connections > 4


@pytest.mark.usefixtures("eager")
def test_bytes_in_memory_go_over_several_streams_too(
    make: Callable[..., Any], proxy: FaultProxy, token: str, content: bytes
) -> None:
    client = make(proxy.url, token=token)
    proxy.default = SLOW
    client.set("k", content)
    proxy.default = NONE
    proxy.cut_all()
    assert client.get("k") == content
    assert proxy.connections > 4


@pytest.mark.usefixtures("eager")
def test_each_stream_resumes_by_itself(behind: Storage, proxy: FaultProxy, source: Path, content: bytes) -> None:
    proxy.faults += [NONE, *(Fault(cut_up=3 * MIB + 1_700_000 * (number % 5)) for number in range(12))]
    behind.describe()
    proxy.cut_all()
    behind.set_file("k", source)
    assert behind.get("k") == content


@pytest.mark.usefixtures("eager")
def test_a_process_that_is_killed_is_continued_part_by_part(
    own_server: RunningServer, between: FaultProxy, source: Path, content: bytes
) -> None:
    token = own_server.token()
    between.default = SLOW
    with eager_process(between.url, token, "set_file", source) as process:
        wait_until(lambda: between.bytes_up > 50 * MIB or process.poll() is not None, "streams are under way")
        process.send_signal(signal.SIGKILL)
    between.default = NONE
    between.cut_all()
    between.wait_until_closed()
    before = between.bytes_up
    control = TransferControl()
    with Storage(between.url, token=token) as again:
        assert not again.exists("k")
        again.set_file("k", source, control=control)
        assert again.get("k") == content
    assert control.note.startswith("resumed at")
    assert between.bytes_up - before < SIZE - 16 * MIB


@pytest.mark.usefixtures("eager")
def test_a_server_that_is_killed_in_the_middle_goes_on_with_its_parts(
    own_server: RunningServer, between: FaultProxy, source: Path, content: bytes
) -> None:
    between.default = SLOW
    with Storage(between.url, token=own_server.token()) as client:
        done = in_thread(lambda: client.set_file("k", source))
        wait_until(lambda: between.bytes_up > 45 * MIB, "streams are under way")
        own_server.process.kill()
        between.cut_all()
        own_server.stop()
        between.default = NONE
        own_server.start()
        done()
        assert client.get("k") == content


@pytest.mark.usefixtures("eager")
def test_a_pause_and_a_cancel_reach_every_stream(behind: Storage, proxy: FaultProxy, source: Path) -> None:
    control = TransferControl()
    proxy.default = SLOW
    done = in_thread(lambda: behind.set_file("k", source, control=control))
    wait_until(lambda: proxy.connections > 4 and control.done_bytes > 40 * MIB, "streams are under way")
    control.pause()
    proxy.cut_all()
    proxy.wait_until_closed()
    control.unpause()
    before = proxy.connections
    wait_until(lambda: proxy.connections > before + 1, "streams are under way again")
    control.cancel()
    with pytest.raises(CancelledError):
        done()
    proxy.default = NONE
    assert not behind.exists("k")
    assert behind.unfinished() == []


@pytest.mark.usefixtures("eager")
def test_a_file_that_changes_meanwhile_is_not_stored(behind: Storage, proxy: FaultProxy, source: Path) -> None:
    proxy.default = SLOW
    control = TransferControl()
    done = in_thread(lambda: behind.set_file("k", source, control=control))
    wait_until(lambda: control.done_bytes > 40 * MIB, "streams are under way")
    with source.open("r+b") as file:
        file.write(b"other")
    proxy.default = NONE
    with pytest.raises(LocalFileError, match="changed"):
        done()
    assert not behind.exists("k")


@pytest.mark.usefixtures("eager")
def test_a_flipped_bit_in_any_part_is_found(behind: Storage, proxy: FaultProxy, source: Path, content: bytes) -> None:
    behind.describe()
    proxy.cut_all()
    proxy.faults += [Fault(rate_bytes_s=6_000_000), NONE, NONE, Fault(flip_up=3_000_000), Fault(flip_up=3_000_000)]
    proxy.default = SLOW
    try:
        behind.set_file("k", source)
    except Exception as exc:  # which request has the flip depends on the streams; nothing is stored
        assert "crc32c" in str(exc) or "damaged" in str(exc), exc
        assert not behind.exists("k")
    else:
        assert behind.get("k") == content


def test_a_long_link_for_each_connection_gets_more_of_them(
    behind: Storage, proxy: FaultProxy, source: Path, content: bytes
) -> None:
    behind.engine.pace.rule = QUICK
    proxy.default = LONG
    behind.set_file("k", source)
    proxy.default = NONE
    proxy.cut_all()
    assert behind.get("k") == content
    assert proxy.connections >= 4


def test_a_near_server_that_is_slow_keeps_one_stream(
    behind: Storage, proxy: FaultProxy, tmp_path: Path, content: bytes
) -> None:
    behind.engine.pace.rule = replace(QUICK, long_round_trip_s=30)  # whatever else runs on this machine
    proxy.default = NEAR
    source = tmp_path / "less"
    source.write_bytes(content[: 24 * MIB])
    behind.set_file("k", source)
    proxy.default = NONE
    assert proxy.connections == 2  # the upload, and one question beside it
    proxy.cut_all()
    assert behind.get("k") == content[: 24 * MIB]


@pytest.mark.usefixtures("eager")
def test_a_published_server_gets_one_stream(
    published: PublishedServer, source: Path, content: bytes, token: str
) -> None:
    with Storage(published.url, token=token) as client:
        client.set_file("k", source)
        assert client.get("k") == content
    assert not any("/parts/" in line for line in published.asked)
