"""What one user began is not offered to another whose token is used on the same machine."""

import io
import os
import stat
from pathlib import Path

import pytest

from storage_tui import Storage
from storage_tui.client.access.token_files import FILE_BYTES, read_token_file
from storage_tui.client.control import TransferControl
from storage_tui.client.transfer.conflict import Conflict
from storage_tui.client.transfer.part_file import PartFile, PartNote, Purpose, opened_folder
from storage_tui.client.transfer.queue_file import LeftWaiting, WaitingList
from storage_tui.client.transfer.records import UnfinishedTransfer
from storage_tui.contract.errors import CancelledError, ConflictError, CredentialsError
from storage_tui.machine import directories
from tests.client.access.test_credentials import jwt
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
        waiting = WaitingList(directories.state_dir(), ann.account())
        waiting.add([(1, waiting_upload(tmp_path / "k"))])
        waiting.close(keep=True)
        assert LeftWaiting(directories.state_dir(), bob.account()).items == []
        left = LeftWaiting(directories.state_dir(), ann.account())
        assert [row.key for row in left.items] == ["k"]
        left.take()


def test_a_part_is_for_its_owner_alone_and_goes_on_from_ones_own_journal_only(tmp_path: Path) -> None:
    purpose = Purpose("k", "server", "data", "k")
    with opened_folder(tmp_path) as folder:
        for resume in (False, True):
            part, _ = PartFile.open(folder, purpose, resume=resume)
            assert stat.S_IMODE(os.fstat(part.descriptor).st_mode) == 0o600
            part.note(PartNote(purpose, "etag", 5))
            part.keep()
        part, journal = PartFile.open(folder, purpose, resume=True)
        assert journal is not None
        part.keep()
        if may_give_away(tmp_path / f"{part.name}.json"):
            part, journal = PartFile.open(folder, purpose, resume=True)
            assert journal is None
            part.discard()


def test_the_queue_and_the_token_of_somebody_else_are_not_taken(tmp_path: Path) -> None:
    waiting = WaitingList(tmp_path, "server")
    waiting.add([(1, waiting_upload(tmp_path / "k"))])
    waiting.close(keep=True)
    [path] = (tmp_path / "queues").iterdir()
    os.link(path, tmp_path / "second name")
    assert LeftWaiting(tmp_path, "server").items == []
    (tmp_path / "second name").unlink()
    token = tmp_path / "token"
    token.write_text("t" * FILE_BYTES)
    token.chmod(0o600)
    assert read_token_file(token) == "t" * FILE_BYTES
    if may_give_away(path) and may_give_away(token):
        assert LeftWaiting(tmp_path, "server").items == []
        with pytest.raises(CredentialsError, match="another user"):
            read_token_file(token)
    token.unlink()
    token.write_text("t" * (FILE_BYTES + 1))
    token.chmod(0o600)
    with pytest.raises(CredentialsError, match="too large"):
        read_token_file(token)


def waiting_upload(path: Path) -> UnfinishedTransfer:
    """An upload that has not begun."""
    return UnfinishedTransfer("upload", "", "data", "k", str(path), 1, conflict=Conflict.SKIP)


def may_give_away(path: Path) -> bool:
    """Make somebody else the owner of the file; False where only root may, and we are not."""
    if os.geteuid() != 0:
        print("not as root: a file of another user could not be made")
        return False
    os.chown(path, 12345, 12345)
    return True


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
