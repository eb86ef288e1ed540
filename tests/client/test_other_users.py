"""What one user began is not offered to another whose token is used on the same machine."""

import io
from pathlib import Path

import pytest

from storage_tui import Storage, places
from storage_tui.client.batch_plan import BatchItem, Conflict
from storage_tui.client.control import TransferControl
from storage_tui.client.waiting import LeftWaiting, WaitingItem, WaitingList
from storage_tui.contract.errors import CancelledError, ConflictError
from tests.client.test_credentials import jwt
from tests.faults.proxy import FaultProxy
from tests.server.running import RunningServer

pytestmark = pytest.mark.usefixtures("hasty")

SIZE = 20_000_000


class Stopping(TransferControl):
    """Stops a transfer that has moved a part, for another time."""

    @property
    def done_bytes(self) -> int:
        return self._done

    @done_bytes.setter
    def done_bytes(self, value: int) -> None:
        self._done = value
        if value > SIZE // 2:
            self.cancel(keep=True)


def begin_upload(storage: Storage, path: Path) -> None:
    """An upload that is left unfinished."""
    path.write_bytes(bytes(SIZE))
    with pytest.raises(CancelledError):
        storage.set_file("k", path, control=Stopping())


def test_an_upload_is_offered_to_the_user_who_began_it(
    behind: Storage, proxy: FaultProxy, server: RunningServer, tmp_path: Path
) -> None:
    begin_upload(behind, tmp_path / "source")
    [found] = behind.unfinished()
    with Storage(proxy.url, token=server.token("somebody else")) as other:
        assert other.unfinished() == []
        with pytest.raises(ConflictError, match="another user began this transfer"):
            other.resume(found)
        assert not other.exists("k")
        assert behind.unfinished() == [found]
        blob = other.set_file("k", tmp_path / "source")
        assert blob.size_bytes == SIZE
    assert not behind.exists("k")


def test_a_download_is_offered_to_the_user_who_began_it(
    behind: Storage, proxy: FaultProxy, server: RunningServer, tmp_path: Path
) -> None:
    behind.set_file("k", io.BytesIO(bytes(SIZE)))
    with pytest.raises(CancelledError):
        behind.get_file("k", tmp_path / "target", control=Stopping())
    assert [row.direction for row in behind.unfinished()] == ["download"]
    with Storage(proxy.url, token=server.token("somebody else")) as other:
        assert other.unfinished() == []


def test_what_waits_is_kept_by_server_and_user(server: RunningServer, tmp_path: Path) -> None:
    with Storage(server.url, token=server.token("ann")) as ann, Storage(server.url, token=server.token("bob")) as bob:
        assert ann.account() != bob.account()
        assert ann.account().startswith(server.url)
        waiting = WaitingList(places.state_dir(), ann.account())
        waiting.add([(1, WaitingItem(BatchItem("upload", "data", "k", tmp_path / "k", 1), Conflict.SKIP))])
        waiting.close(keep=True)
        assert LeftWaiting(places.state_dir(), bob.account()).items == []
        left = LeftWaiting(places.state_dir(), ann.account())
        assert [row.item.key for row in left.items] == ["k"]
        left.take()


@pytest.mark.parametrize("token", ["opaque", "a.b.c", "e30.e30.x"])
def test_a_token_that_does_not_say_whose_it_is_stands_for_the_server(token: str) -> None:
    with Storage("http://127.0.0.1:9/storage/v1", token=token) as storage:
        assert storage.account() == storage.display_url


def test_two_tokens_of_one_user_are_one_account() -> None:
    accounts = set()
    for life_s in (60, 3600):
        with Storage("http://127.0.0.1:9/storage/v1", token=jwt(life_s)) as storage:
            accounts.add(storage.account())
    assert len(accounts) == 1
    assert "canary" not in accounts.pop()
