"""Files whose size is not that of their content, such as those of /proc and /sys: read to their end, or refused."""

import io
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from storage_tui import Storage
from storage_tui.client.batch.plan import plan_upload
from storage_tui.client.batch.scheduler import Batch
from storage_tui.client.control import TransferControl
from storage_tui.client.transfer.sources import Buffer, FileSource, open_source
from storage_tui.contract.errors import LocalFileError
from storage_tui.contract.wire import Span

NAMED = ["/proc/version", "/proc/filesystems", "/proc/sys/kernel/ostype", "/sys/devices/system/cpu/possible"]
FALSE = [name for name in NAMED if Path(name).is_file()]
FOLDER = Path("/proc/sys/fs/inotify")

pytestmark = [
    pytest.mark.usefixtures("hasty"),
    pytest.mark.skipif(not FALSE, reason="this system has neither /proc nor /sys"),
]


@pytest.mark.parametrize("name", FALSE)
def test_a_file_that_reports_a_false_size_is_uploaded_whole(storage: Storage, name: str) -> None:
    content = Path(name).read_bytes()
    assert content and Path(name).stat().st_size != len(content)
    control = TransferControl()
    storage.set_file("by name", name, control=control)
    assert (control.phase, control.done_bytes) == ("verified", len(content))
    with Path(name).open("rb") as file, Path(name).open("rb", buffering=0) as raw, io.BufferedReader(raw) as wrapped:
        storage.set_file("by object", file)
        storage.set("by set", wrapped)
    for key in ("by name", "by object", "by set"):
        assert storage.get(key) == content


def test_a_file_object_of_proc_is_uploaded_from_where_it_stands(storage: Storage) -> None:
    with Path(FALSE[0]).open("rb") as file:
        file.read(3)
        storage.set_file("rest", file)
    assert storage.get("rest") == Path(FALSE[0]).read_bytes()[3:]


@pytest.mark.skipif(not FOLDER.is_dir(), reason="this system has no /proc/sys/fs/inotify")
def test_a_folder_of_such_files_is_uploaded_whole(storage: Storage) -> None:
    results = Batch(storage.engine, plan_upload(FOLDER, "f/", "data")).run()
    assert {result.state for result in results} == {"done"} and all(result.is_verified for result in results)
    assert {row.name: row.read_bytes() for row in FOLDER.iterdir()} == {
        key.removeprefix("f/"): storage.get(key) for key in storage.list("f/")
    }


def test_what_cannot_be_read_is_refused_and_nothing_is_stored(storage: Storage) -> None:
    for name in ("/proc/self/mem", "/dev/null", "/dev/zero"):
        if Path(name).exists():
            with pytest.raises(LocalFileError):
                storage.set_file("k", name)
    assert not storage.exists("k")


@pytest.mark.parametrize("size_bytes", [0, 1, 4096, 5000])
def test_a_usual_file_has_a_known_size(tmp_path: Path, size_bytes: int) -> None:
    (tmp_path / "f").write_bytes(b"x" * size_bytes)
    (tmp_path / "sparse").touch()
    os.truncate(tmp_path / "sparse", size_bytes)
    for name in ("f", "sparse"):
        source = open_source(tmp_path / name)
        assert isinstance(source, FileSource)
        source.close()


@pytest.mark.parametrize("size_bytes", [10, 200_000])
def test_a_file_that_grows_or_shrinks_is_refused(
    storage: Storage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, size_bytes: int
) -> None:
    path = tmp_path / "f"
    path.write_bytes(b"x" * 100_000)
    read = FileSource.chunks

    def changing(self: FileSource, span: Span) -> Iterator[Buffer]:
        os.truncate(path, size_bytes)
        return read(self, span)

    with monkeypatch.context() as patched:
        patched.setattr(FileSource, "chunks", changing)
        with pytest.raises(LocalFileError, match="while it was read"):
            storage.set_file("k", path)
    assert not storage.exists("k")
