"""What the program writes for itself is its owner's alone, whatever the umask says."""

import ast
import contextlib
import errno
import os
import resource
import stat
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

import storage_tui
from storage_tui.client.access.token_files import write_token_file
from storage_tui.client.transfer.conflict import Conflict
from storage_tui.client.transfer.journal import Journal
from storage_tui.client.transfer.queue_file import LeftWaiting, WaitingList
from storage_tui.client.transfer.records import UnfinishedTransfer
from storage_tui.contract.models import Blob
from storage_tui.machine.private_files import (
    append_whole,
    create_private,
    make_private_dir,
    open_private,
    touch_private,
    write_private,
)
from storage_tui.tui.rows.dry_run import write_list
from storage_tui.tui.state.bookmarks import Places

PACKAGE = Path(storage_tui.__file__).parent
UMASKS = (0o000, 0o022, 0o277)


@contextlib.contextmanager
def umask(mask: int) -> Iterator[None]:
    before = os.umask(mask)
    try:
        yield
    finally:
        os.umask(before)


@contextlib.contextmanager
def files_of_at_most(size_bytes: int) -> Iterator[None]:
    """A write past that size fails as on a full disk does, in its middle."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size_bytes, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def modes(folder: Path) -> dict[str, int]:
    """The modes below the folder that are not those of private files and folders."""
    wrong = {}
    for path in folder.rglob("*"):
        found = path.lstat().st_mode
        wanted = 0o700 if stat.S_ISDIR(found) else 0o600
        if stat.S_IMODE(found) != wanted and not stat.S_ISLNK(found):
            wrong[str(path.relative_to(folder))] = stat.S_IMODE(found)
    return wrong


def transfer(path: Path) -> UnfinishedTransfer:
    return UnfinishedTransfer("upload", "server", "data", "key", str(path), 1, "2026-01-01")


def queued(path: Path) -> UnfinishedTransfer:
    return UnfinishedTransfer("upload", "server", "data", "k", str(path), 1, conflict=Conflict.SKIP)


@pytest.mark.parametrize("mask", UMASKS)
def test_files_and_folders_get_their_modes_under_every_umask(tmp_path: Path, mask: int) -> None:
    blob = Blob("k", "data", 1, datetime.now(UTC), "etag", None, None, None)
    with umask(mask):
        make_private_dir(tmp_path / "a" / "b")
        touch_private(tmp_path / "a" / "lock")
        os.close(open_private(tmp_path / "a" / "log", os.O_WRONLY | os.O_CREAT | os.O_APPEND))
        write_private(tmp_path / "c" / "d" / "file", b"x")
        create_private(tmp_path / "e" / "new", b"x")
        write_token_file(tmp_path / "login" / "token", "secret")
        Journal(tmp_path / "state").entry(transfer(tmp_path)).note(transfer(tmp_path))
        waiting = WaitingList(tmp_path / "state2" / "deep", "server")
        waiting.add([(1, queued(tmp_path / "f"))])
        Places(tmp_path / "state3", "server").save()
        (tmp_path / "lists").mkdir(mode=0o700)
        (tmp_path / "lists").chmod(0o700)
        write_list([blob], tmp_path / "lists")
    assert modes(tmp_path) == {}
    waiting.close(keep=True)


def test_a_mode_that_the_owner_chose_stays(tmp_path: Path) -> None:
    (tmp_path / "log").touch()
    (tmp_path / "log").chmod(0o640)
    tmp_path.chmod(0o750)
    os.close(open_private(tmp_path / "log", os.O_WRONLY | os.O_CREAT | os.O_APPEND))
    make_private_dir(tmp_path)
    assert stat.S_IMODE((tmp_path / "log").stat().st_mode) == 0o640
    assert stat.S_IMODE(tmp_path.stat().st_mode) == 0o750


def test_no_link_is_followed_and_no_name_is_taken_twice(tmp_path: Path) -> None:
    (tmp_path / "target").write_bytes(b"mine")
    (tmp_path / "link").symlink_to(tmp_path / "target")
    (tmp_path / "nowhere").symlink_to(tmp_path / "not there")
    for name in ("link", "nowhere"):
        with pytest.raises(OSError) as caught:
            open_private(tmp_path / name, os.O_WRONLY | os.O_CREAT)
        assert caught.value.errno == errno.ELOOP
    write_private(tmp_path / "link", b"new")  # the name, not what it led to
    assert (tmp_path / "target").read_bytes() == b"mine"
    with pytest.raises(FileExistsError):
        create_private(tmp_path / "target", b"other")
    assert (tmp_path / "target").read_bytes() == b"mine"
    with pytest.raises(FileExistsError):
        make_private_dir(tmp_path / "target")


def test_a_file_that_finds_no_room_is_as_it_was(tmp_path: Path) -> None:
    write_private(tmp_path / "kept", b"old")
    (tmp_path / "log").write_bytes(b"line\n")
    with files_of_at_most(100):
        with pytest.raises(OSError):
            write_private(tmp_path / "kept", b"x" * 1000)
        with pytest.raises(OSError):
            create_private(tmp_path / "new", b"x" * 1000)
        descriptor = open_private(tmp_path / "log", os.O_WRONLY | os.O_APPEND)
        with pytest.raises(OSError):
            append_whole(descriptor, b"x" * 1000 + b"\n")
    append_whole(descriptor, b"next\n")
    os.close(descriptor)
    assert (tmp_path / "kept").read_bytes() == b"old"
    assert (tmp_path / "log").read_bytes() == b"line\nnext\n"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["kept", "log"]


def test_state_that_finds_no_room_leaves_what_was_noted_before(tmp_path: Path) -> None:
    first = transfer(tmp_path / "f")
    journal = Journal(tmp_path).entry(first)
    assert journal.note(first)
    waiting = WaitingList(tmp_path, "server")
    item = queued(tmp_path / "f")
    waiting.add([(1, item), (2, item)])
    size_bytes = max(path.stat().st_size for path in tmp_path.rglob("*.json*"))
    with files_of_at_most(size_bytes + 10):
        longer = UnfinishedTransfer(*("upload", "server", "data", "key", first.path, 1, "x" * 2000))
        assert not journal.note(longer)
        waiting.add([(3, item)])
    waiting.end(1)
    waiting.close(keep=True)
    journal.close()
    assert Journal(tmp_path).unfinished() == [first]
    left = LeftWaiting(tmp_path, "server")
    assert len(left.items) == 1
    left.release()


def test_a_list_of_deletes_that_finds_no_room_is_not_half_there(tmp_path: Path) -> None:
    blob = Blob("k" * 100, "data", 1, datetime.now(UTC), "etag", None, None, None)
    with files_of_at_most(1000), pytest.raises(OSError):
        write_list([blob] * 100, tmp_path)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("mask", ["000", "022"])
def test_all_that_the_program_leaves_in_a_home_is_private(tmp_path: Path, runtime_base: Path, mask: str) -> None:
    home = tmp_path / "home"
    home.mkdir(mode=0o700)
    kept = {
        name: value for name, value in os.environ.items() if not name.startswith(("XDG_", "STORAGE_TUI_", "DESCARTES"))
    }
    environment = {**kept, "HOME": str(home), "XDG_RUNTIME_DIR": str(runtime_base), "STORAGE_TUI_LINGER": "0"}
    (tmp_path / "source").write_bytes(b"x" * 100_000)
    script = f"""
umask {mask}
program() {{ {sys.executable} -m storage_tui "$@"; }}
program put source data:folder/key
program ls data:
program config --write
program rm data:folder/key
program token create ann >/dev/null
"""
    done = subprocess.run(
        ("sh", "-ec", script), cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert (home / ".config" / "storage-tui" / "config.toml").is_file()
    assert (home / ".local" / "share" / "storage-tui" / "meta.db").is_file()
    assert modes(home) == {} and modes(runtime_base) == {}


def test_every_file_is_made_in_one_place() -> None:
    """Whoever makes a file or folder of the program's own does so through `private_files`."""
    elsewhere = {
        "client/transfer/local_tree.py",  # folders of a download, which are its user's
        "fs/filesystem.py",
        "cli/commands/transfer.py",
        "cli/about/manual.py",  # pages for all
        "tui/rows/dry_run.py",  # a folder that its user names
        "machine/renames.py",  # the new name of a folder of its user
    }
    found = []
    for path in sorted(PACKAGE.rglob("*.py")):
        name = path.relative_to(PACKAGE).as_posix()
        if name == "machine/private_files.py" or name in elsewhere:
            continue
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
                continue
            called = ast.unparse(node)
            is_open = node.func.attr == "open" and called.startswith("os.open") and "O_CREAT" in called
            if is_open or node.func.attr == "mkdir":
                found.append(f"{name}:{node.lineno} {called}")
    assert found == []
