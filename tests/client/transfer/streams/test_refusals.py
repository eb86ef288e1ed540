"""What ends several streams for good: a revoked token, a quota that is reached, a server that knows no ranges."""

import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jwt
import pytest

from storage_tui import Storage
from storage_tui.client.control import TransferControl
from storage_tui.client.http.pace import StreamRule
from storage_tui.contract.errors import ForbiddenError, QuotaExceededError, TooLargeError, UnauthorizedError
from storage_tui.server.access.issued import revoke
from storage_tui.server.quotas.limits import change_limits
from storage_tui.server.run.serve import Bounds
from tests.client.moving import SIZE, in_thread, only
from tests.client.published import PublishedServer
from tests.client.transfer.streams.eagerness import MIB
from tests.faults.proxy import NONE, Fault, FaultProxy
from tests.server.running import RunningServer, running_server
from tests.waits import wait_until

pytestmark = [pytest.mark.usefixtures("hasty", "eager")]

SLOW = Fault(rate_bytes_s=4_000_000)
LARGE = 4 * 16 * MIB + 12_345


@pytest.fixture(scope="module")
def watchful(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    """A server that sees within a moment what is changed beside it."""
    folder = tmp_path_factory.mktemp("watchful") / "data"
    with running_server(folder, bounds=Bounds(follow_s=0.05)) as running:
        yield running


@pytest.fixture
def between(watchful: RunningServer) -> Iterator[FaultProxy]:
    with FaultProxy(watchful.url) as proxy:
        proxy.default = SLOW
        yield proxy


def take_back(server: RunningServer, token: str) -> None:
    revoke(server.records(), jwt.decode(token, options={"verify_signature": False})["jti"])


def test_a_revoked_token_ends_a_download_and_a_new_one_goes_on(
    watchful: RunningServer, between: FaultProxy, content: bytes, tmp_path: Path
) -> None:
    token = watchful.token("nora")
    with Storage(watchful.url, token=token) as direct, Storage(between.url, token=token) as client:
        direct.set("k", content)
        control = TransferControl()
        done = in_thread(lambda: client.get_file("k", tmp_path / "k", control=control))
        wait_until(lambda: between.connections > 3 and control.done_bytes > 10 * MIB, "streams are under way")
        take_back(watchful, token)
        with pytest.raises(UnauthorizedError, match="revoked"):
            done()
    assert not (tmp_path / "k").exists()
    between.default = NONE
    with Storage(between.url, token=watchful.token("nora")) as client:
        control = TransferControl()
        client.get_file("k", tmp_path / "k", control=control)
    assert control.note.startswith("resumed at") and control.done_bytes == SIZE
    assert (tmp_path / "k").read_bytes() == content and only(tmp_path, "k")


@pytest.fixture
def large(tmp_path: Path) -> Path:
    path = tmp_path / "large"
    path.write_bytes(random.Random(12).randbytes(LARGE))
    return path


def test_a_revoked_token_ends_an_upload_in_parts(watchful: RunningServer, between: FaultProxy, large: Path) -> None:
    token = watchful.token("olga")
    with Storage(between.url, token=token) as client:
        control = TransferControl()
        done = in_thread(lambda: client.set_file("k", large, control=control))
        wait_until(lambda: between.connections > 3 and control.done_bytes > 30 * MIB, "parts are under way")
        take_back(watchful, token)
        with pytest.raises((ForbiddenError, UnauthorizedError), match="revoked"):
            done()
    between.default = NONE
    with Storage(between.url, token=watchful.token("olga")) as client:
        assert not client.exists("k")
        client.set_file("k", large)
        assert client.get("k") == large.read_bytes()


def test_a_quota_that_is_reached_meanwhile_ends_an_upload_in_parts(
    watchful: RunningServer, between: FaultProxy, large: Path
) -> None:
    with Storage(between.url, token=watchful.token("petra")) as client:
        control = TransferControl()
        done = in_thread(lambda: client.set_file("k", large, control=control))
        wait_until(lambda: between.connections > 3 and control.done_bytes > 30 * MIB, "parts are under way")
        change_limits(watchful.records(), "petra", {("types", "data", "bytes"): 20 * MIB})
        with pytest.raises((QuotaExceededError, TooLargeError), match="your quota for data"):
            done()
        between.default = NONE
        assert not client.exists("k")


@pytest.mark.parametrize("most_bytes", [3 * MIB, LARGE + MIB], ids=["less than the file", "less room than the file"])
def test_a_quota_that_is_reached_meanwhile_leaves_no_bytes_that_count_against_it(
    watchful: RunningServer, between: FaultProxy, large: Path, most_bytes: int
) -> None:
    name = f"quentin-{most_bytes}"
    with (
        Storage(watchful.url, token=watchful.token(name)) as direct,
        Storage(between.url, token=watchful.token(name)) as client,
    ):
        direct.set("held", bytes(2 * MIB))
        control = TransferControl()
        done = in_thread(lambda: client.set_file("k", large, control=control))
        wait_until(lambda: control.done_bytes > MIB, "bytes are under way")
        change_limits(watchful.records(), name, {("types", "data", "bytes"): most_bytes})
        between.default = NONE
        between.cut_all()
        with pytest.raises((QuotaExceededError, TooLargeError), match="your quota for data"):
            done()
        assert client.unfinished() == []
    with Storage(watchful.url, token=watchful.token(name)) as fresh:
        [use] = [row for row in fresh.describe().user.quotas if row.storage_type == "data"]
        assert (use.used_bytes, use.used_uploads) == (2 * MIB, 0)


@pytest.mark.parametrize("keeps_tags", [False, True], ids=["no ranges", "ranges"])
def test_a_server_that_sends_the_whole_instead_of_a_part_gets_one_stream(
    storage: Storage, published: PublishedServer, token: str, content: bytes, tmp_path: Path, keeps_tags: bool
) -> None:
    storage.set("k", content)
    published.keeps_tags = keeps_tags
    with FaultProxy(published.url) as slow, Storage(slow.url, token=token) as client:
        slow.default = SLOW
        control = TransferControl()
        client.get_file("k", tmp_path / "k", control=control)
    asked = sum(line.startswith("GET") for line in published.asked)
    assert asked > 2 if keeps_tags else asked == 1, "without an ETag no part is asked for"
    assert control.done_bytes == SIZE
    assert (tmp_path / "k").read_bytes() == content and only(tmp_path, "k")


class Forgetful(PublishedServer):
    """Sends an ETag, and the whole blob whatever part of it is asked for."""

    def answer(self, handler: Any) -> None:
        del handler.headers["Range"]
        super().answer(handler)


def test_a_server_that_ignores_ranges_while_streams_run_gets_one_stream(
    storage: Storage, server: RunningServer, token: str, content: bytes, tmp_path: Path
) -> None:
    storage.set("k", content)
    with Forgetful(server.url, keeps_tags=True) as plain, FaultProxy(plain.url) as slow:
        slow.default = SLOW
        with Storage(slow.url, token=token) as client:
            control = TransferControl()
            client.get_file("k", tmp_path / "k", control=control)
        assert 1 < sum(line.startswith("GET") for line in plain.asked) <= 1 + StreamRule().most_streams
    assert control.done_bytes == SIZE
    assert (tmp_path / "k").read_bytes() == content and only(tmp_path, "k")
