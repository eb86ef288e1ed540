"""Transfers that one process begins and another one ends."""

import json
import os
import random
import signal
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from storage_tui import Storage
from storage_tui.client.batch.plan import plan_rest
from storage_tui.client.batch.scheduler import Batch
from storage_tui.client.control import TransferControl
from storage_tui.client.transfer import journal
from storage_tui.client.transfer.conflict import Conflict
from storage_tui.client.transfer.records import UnfinishedTransfer, now_text
from storage_tui.contract.errors import ChecksumError, ConflictError, LocalFileError, StorageError
from storage_tui.machine import directories
from tests.client.moving import transfer_process
from tests.client.published import PublishedServer
from tests.faults.proxy import Fault, FaultProxy
from tests.waits import wait_for_end

pytestmark = pytest.mark.usefixtures("hasty")

SIZE = 80 * 1024 * 1024 + 12_345
STOP = 70 * 1024 * 1024  # far enough for the server to have made a checkpoint


@pytest.fixture(scope="module")
def content() -> bytes:
    return random.Random(3).randbytes(SIZE)


FOLDER_SCRIPT = """
import sys
from pathlib import Path
from storage_tui import Storage
from storage_tui.client.batch.scheduler import Batch
from storage_tui.client.batch.plan import plan_upload
from storage_tui.client.transfer.conflict import Conflict
url, token, folder = sys.argv[1:]
Batch(Storage(url, token=token).engine, plan_upload(Path(folder), "p/", "data"), conflict=Conflict.OVERWRITE).run()
"""


def _kill_midway(proxy: FaultProxy, token: str, verb: str, path: Path, *, number: int = signal.SIGKILL) -> None:
    """A process that is ended when the transfer has come to STOP."""
    proxy.default = Fault(stall_up=STOP) if verb == "set_file" else Fault(stall_down=STOP)
    process = transfer_process(proxy.url, token, verb, path)
    proxy.stalled.get(timeout=30)
    proxy.default = Fault()
    process.send_signal(number)
    process.wait()
    proxy.release()


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGHUP, signal.SIGTERM])
def test_an_upload_goes_on_after_the_death_of_its_process(
    behind: Storage, storage: Storage, proxy: FaultProxy, token: str, source: Path, content: bytes, number: int
) -> None:
    _kill_midway(proxy, token, "set_file", source, number=number)
    [found] = behind.unfinished()
    assert (found.direction, found.key, found.path, found.size_bytes) == ("upload", "k", str(source), SIZE)
    assert not storage.exists("k")
    control, before = TransferControl(), proxy.bytes_up
    blob = behind.resume(found, control=control)
    assert control.note.startswith("resumed at") and control.phase == "verified"
    assert proxy.bytes_up - before < SIZE - 32 * 1024 * 1024, "what the server had synced was sent again"
    assert blob.size_bytes == SIZE and storage.get("k") == content
    assert behind.unfinished() == []


def test_a_download_goes_on_after_the_death_of_its_process(
    behind: Storage, storage: Storage, proxy: FaultProxy, token: str, content: bytes, tmp_path: Path
) -> None:
    storage.set("k", content)
    _kill_midway(proxy, token, "get_file", tmp_path / "k")
    [found] = behind.unfinished()
    assert (found.direction, found.path, found.size_bytes) == ("download", str(tmp_path / "k"), SIZE)
    assert 0 < (found.done_bytes() or 0) < SIZE and not (tmp_path / "k").exists()
    control = TransferControl()
    behind.resume(found, control=control)
    assert control.note.startswith("resumed at") and (tmp_path / "k").read_bytes() == content
    assert behind.unfinished() == [] and [path.name for path in tmp_path.iterdir()] == ["k"]


def test_the_same_call_goes_on_by_itself(
    behind: Storage, storage: Storage, proxy: FaultProxy, token: str, source: Path, content: bytes
) -> None:
    _kill_midway(proxy, token, "set_file", source)
    control = TransferControl()
    behind.set_file("k", source, control=control)
    assert control.note.startswith("resumed at") and storage.get("k") == content


class _Killed(BaseException):
    """What ends a process."""


class _KillingAtTheEnd(TransferControl):
    """Ends the transfer when all bytes are on their way and no answer came."""

    def __setattr__(self, name: str, value: object) -> None:
        super().__setattr__(name, value)
        if name == "done_bytes" and value == getattr(self, "total_bytes", None):
            raise _Killed


@pytest.mark.parametrize("change", ["overwritten", "deleted"])
def test_an_upload_that_was_stored_unnoticed_and_is_gone_since_is_uploaded_anew(
    storage: Storage, tmp_path: Path, change: str
) -> None:
    path = tmp_path / "source"
    path.write_bytes(random.Random(4).randbytes(9 * 1024 * 1024))
    with pytest.raises(_Killed):
        storage.set_file("k", path, control=_KillingAtTheEnd())
    while not storage.exists("k"):  # the server goes on with what it has received
        pass
    storage.set("k", b"by another") if change == "overwritten" else storage.delete("k")
    control = TransferControl()
    storage.set_file("k", path, control=control)
    assert storage.get("k") == path.read_bytes()
    assert control.note == "an earlier program had uploaded it, but it was overwritten or deleted since, started over"


def test_a_file_that_changed_meanwhile_is_uploaded_anew(
    behind: Storage, storage: Storage, proxy: FaultProxy, token: str, source: Path, content: bytes
) -> None:
    _kill_midway(proxy, token, "set_file", source)
    source.write_bytes(content[::-1])
    control = TransferControl()
    behind.resume(behind.unfinished()[0], control=control)
    assert control.note == "the file changed since, started over" and storage.get("k") == content[::-1]


def test_a_file_changed_behind_its_times_never_becomes_a_blob(
    behind: Storage, storage: Storage, proxy: FaultProxy, token: str, source: Path
) -> None:
    _kill_midway(proxy, token, "set_file", source)
    times = source.stat()
    with source.open("r+b") as file:
        file.write(b"other")
    os.utime(source, ns=(times.st_atime_ns, times.st_mtime_ns))
    with pytest.raises(ChecksumError):
        behind.resume(behind.unfinished()[0])
    assert not storage.exists("k") and behind.unfinished() == []


def test_a_blob_that_changed_meanwhile_is_downloaded_anew(
    behind: Storage, storage: Storage, proxy: FaultProxy, token: str, content: bytes, tmp_path: Path
) -> None:
    storage.set("k", content)
    _kill_midway(proxy, token, "get_file", tmp_path / "k")
    storage.set("k", content[::-1])
    control = TransferControl()
    behind.resume(behind.unfinished()[0], control=control)
    assert control.note == "blob changed, started over" and (tmp_path / "k").read_bytes() == content[::-1]


def test_a_published_server_starts_over_and_says_so(
    published: PublishedServer, token: str, storage: Storage, source: Path, content: bytes
) -> None:
    with FaultProxy(published.url) as proxy, Storage(proxy.url, token=token) as client:
        _kill_midway(proxy, token, "set_file", source)
        control = TransferControl()
        client.resume(client.unfinished()[0], control=control)
        assert "started over" in control.note and storage.get("k") == content
        assert client.unfinished() == []


def test_an_upload_that_was_stored_before_the_kill_is_found_done(
    behind: Storage, storage: Storage, proxy: FaultProxy, token: str, source: Path, content: bytes
) -> None:
    with Storage(proxy.url, token=token, retries=0) as hasty:
        proxy.default = Fault(stall_up=STOP)
        _kill_midway(proxy, token, "set_file", source)
        [found] = hasty.unfinished()
        hasty.set_file("k", source)
        entry = journal.Journal(directories.state_dir()).entry(found)
        assert entry.note(found)  # as if its process had not got that far
        entry.close()
        before = proxy.bytes_up
        assert hasty.resume(found).size_bytes == SIZE
    assert proxy.bytes_up - before < 10_000 and storage.get("k") == content


def test_no_secret_is_written(proxy: FaultProxy, behind: Storage, token: str, source: Path) -> None:
    _kill_midway(proxy, token, "set_file", source)
    [path] = (directories.state_dir() / "transfers").iterdir()
    raw = path.read_text()
    assert token not in raw and "/upload/" not in raw
    assert stat.S_IMODE(path.stat().st_mode) == 0o600 and stat.S_IMODE(path.parent.stat().st_mode) == 0o700


@pytest.mark.parametrize("verb", ["set_file", "get_file"])
def test_what_is_forgotten_leaves_nothing(
    behind: Storage, storage: Storage, proxy: FaultProxy, token: str, source: Path, content: bytes, verb: str
) -> None:
    if verb == "get_file":
        storage.set("k", content)
    path = source if verb == "set_file" else source.with_name("target")
    _kill_midway(proxy, token, verb, path)
    [found] = behind.unfinished()
    assert behind.forget(found)
    assert behind.unfinished() == [] and [path.name for path in source.parent.iterdir()] == ["source"]
    control = TransferControl()
    behind.set_file("k", source, control=control)
    assert control.note == ""


def test_cancel_drops_the_entry_and_cancel_with_keep_leaves_it(
    behind: Storage, proxy: FaultProxy, source: Path
) -> None:
    import threading

    for keep in (False, True):
        proxy.default = Fault(stall_up=STOP)
        proxy.cut_all()
        control = TransferControl()
        failures: list[BaseException] = []

        def upload(control: TransferControl = control, failures: list[BaseException] = failures) -> None:
            try:
                behind.set_file("k", source, control=control)
            except StorageError as exc:
                failures.append(exc)

        thread = threading.Thread(target=upload)
        thread.start()
        proxy.stalled.get(timeout=30)
        assert behind.unfinished() == [], "what this process works on is not offered"
        control.cancel(keep=keep)
        wait_for_end(thread)
        assert failures and len(behind.unfinished()) == keep


def test_a_transfer_that_another_process_works_on_is_left_alone(behind: Storage, source: Path) -> None:
    transfer = UnfinishedTransfer(
        "upload", behind.display_url, "data", "k", str(source), SIZE, now_text(), repeat_key="r"
    )
    holder = journal.Journal(directories.state_dir()).entry(transfer)
    assert holder.note(transfer)
    assert behind.unfinished() == [] and not behind.forget(transfer)
    behind.set_file("k", source)
    assert not journal.Journal(directories.state_dir()).entry(transfer).note(transfer)
    holder.close()
    assert behind.unfinished() == [transfer]


@pytest.mark.parametrize("verb", ["set_file", "get_file"])
def test_what_another_program_goes_on_with_or_has_ended_is_not_moved_twice(
    behind: Storage, storage: Storage, proxy: FaultProxy, token: str, source: Path, content: bytes, verb: str
) -> None:
    if verb == "get_file":
        storage.set("k", content)
    _kill_midway(proxy, token, verb, source if verb == "set_file" else source.with_name("k"))
    plan = plan_rest(behind.unfinished())
    other = journal.Journal(directories.state_dir()).entry(behind.unfinished()[0])
    before = proxy.connections
    [result] = Batch(behind.engine, plan, conflict=Conflict.OVERWRITE).run()
    assert (result.state, result.note) == ("skipped", "another program is continuing this transfer, or has ended it")
    other.close()
    assert proxy.connections == before
    assert [row.state for row in Batch(behind.engine, plan, conflict=Conflict.OVERWRITE).run()] == ["done"]
    assert [row.state for row in Batch(behind.engine, plan, conflict=Conflict.OVERWRITE).run()] == ["skipped"]


def test_an_upload_out_of_a_folder_goes_on_without_following_links(
    behind: Storage, storage: Storage, proxy: FaultProxy, token: str, source: Path, tmp_path: Path, content: bytes
) -> None:
    inner = tmp_path / "tree" / "inner"
    inner.mkdir(parents=True)
    source.rename(inner / "k")
    proxy.default = Fault(stall_up=STOP)
    process = subprocess.Popen([sys.executable, "-c", FOLDER_SCRIPT, proxy.url, token, str(tmp_path / "tree")])
    proxy.stalled.get(timeout=30)
    proxy.default = Fault()
    process.kill()
    process.wait()
    proxy.release()
    [found] = behind.unfinished()
    assert found.root == str(tmp_path / "tree")
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "k").write_bytes(b"secret")
    inner.rename(tmp_path / "kept")
    inner.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(LocalFileError, match="a link or a file, not a folder"):
        behind.resume(found)
    [result] = Batch(behind.engine, plan_rest([found]), conflict=Conflict.OVERWRITE).run()
    assert result.state == "failed" and not storage.exists("p/inner/k")
    inner.unlink()
    (tmp_path / "kept").rename(inner)
    control = TransferControl()
    behind.resume(found, control=control)
    assert control.note.startswith("resumed at") and storage.get("p/inner/k") == content


def test_a_transfer_with_another_server_is_not_continued(behind: Storage, source: Path) -> None:
    transfer = UnfinishedTransfer("upload", "http://other", "data", "k", str(source), SIZE, "2026")
    with pytest.raises(ConflictError, match="http://other"):
        behind.resume(transfer)


@pytest.mark.parametrize("raw", ["", "{", "[]", '{"version": 2}', '{"version": 1, "direction": "x"}', "{}" * 50_000])
def test_a_damaged_entry_is_passed_over(behind: Storage, raw: str) -> None:
    folder = directories.state_dir() / "transfers"
    folder.mkdir(parents=True)
    (folder / f"{'a' * 24}.json").write_text(raw)
    os.mkfifo(folder / "pipe.json")
    (folder / "link.json").symlink_to("/etc/passwd")
    assert behind.unfinished() == []


def test_without_a_state_folder_files_move_all_the_same(
    behind: Storage, storage: Storage, source: Path, content: bytes, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "file" / "state"))
    behind.set_file("k", source)
    behind.get_file("k", tmp_path / "k")
    assert (tmp_path / "k").read_bytes() == content


def test_an_entry_names_files_that_are_not_unicode(behind: Storage, tmp_path: Path) -> None:
    path = os.fsdecode(os.fsencode(tmp_path) + b"/\xff")
    transfer = UnfinishedTransfer("upload", behind.display_url, "data", "k", path, SIZE, "2026")
    entry = journal.Journal(directories.state_dir()).entry(transfer)
    assert entry.note(transfer)
    entry.close()
    assert behind.unfinished() == [transfer]
    assert json.loads(next((directories.state_dir() / "transfers").iterdir()).read_text())["version"] == 1
