"""A folder of this machine as the location of a command."""

import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from storage_tui import Storage, errors
from tests.cli.places.conftest import Call


@pytest.fixture
def folder(call: Call, tmp_path: Path) -> Path:
    """The folder `here/maps`, the working directory being `here`."""
    root = tmp_path / "here" / "maps"
    (root / "2024").mkdir(parents=True)
    (root / "a.txt").write_text("some text\n")
    (root / "2024" / "dem.txt").write_text("height 7\n")
    (root / "way").symlink_to("/etc/passwd")
    return root


def test_commands_that_read_take_a_folder(call: Call, folder: Path) -> None:
    assert call("ls", "./maps").lines == ["2024/", "a.txt", "way"]
    assert call("ls", "./maps/2024").lines == ["dem.txt"]
    assert call("cat", "./maps/a.txt", "maps/../maps/2024/dem.txt").code != 0
    assert call("cat", "./maps/a.txt", "./maps/2024/dem.txt").out == "some text\nheight 7\n"
    assert call("find", "./maps", "*.txt").lines == ["./maps/2024/dem.txt", "./maps/a.txt"]
    assert call("find", str(folder), "dem").lines == [f"{folder}/2024/dem.txt"]
    assert call("grep", "height", "./maps").lines == ["./maps/2024/dem.txt:height 7"]
    assert [line.split()[-1] for line in call("du", "./maps").lines] == ["./maps/2024/", "./maps/"]
    assert call("tree", "./maps").lines[0].startswith("./maps/  3 blobs")
    assert "-some text" in call("diff", "./maps/a.txt", "./maps/2024/dem.txt").out
    assert call("ls", ".").lines == ["maps/"]


def test_blobs_of_a_folder_come_down_by_get_sync_and_check(call: Call, folder: Path, tmp_path: Path) -> None:
    assert call("get", "-q", f"file://{folder}/a.txt", "copy.txt").code == 0
    assert (tmp_path / "here" / "copy.txt").read_text() == "some text\n"
    (folder / "way").unlink()
    assert call("sync", f"file://{folder}", "twin").code == 0
    assert (tmp_path / "here" / "twin" / "2024" / "dem.txt").read_text() == "height 7\n"
    assert call("check", f"file://{folder}", "twin").code == 0
    assert call("sync", "./maps", "twin").code == 2, "both are local folders here"
    assert call("sync", f"file://{folder}", "data:kept").code == 0
    assert call("cat", "data:kept/a.txt").out == "some text\n"


@pytest.mark.parametrize(
    "words",
    [
        ("rm", "-r", "-y", "./maps"), ("cp", "./maps/a.txt", "./maps/b.txt"), ("mv", "./maps/a.txt", "./maps/b.txt"),
        ("put", "maps/a.txt", "./maps/"), ("edit", "./maps/a.txt"), ("touch", "./maps/a.txt"),
    ],
)  # fmt: skip
def test_a_command_that_changes_says_that_a_folder_is_read_only(
    call: Call, folder: Path, words: tuple[str, ...]
) -> None:
    said = call(*words)
    assert said.code == 4
    assert said.err.count("\n") == 1
    assert "is open read only" in said.err
    assert sorted(path.name for path in folder.iterdir()) == ["2024", "a.txt", "way"]


@pytest.mark.some(every=3)
@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("ls", "--write", "./maps"), "a folder of this machine is opened read only"),
        (("ls", "./maps", "--url", "http://localhost"), "leave out --url"),
        (("diff", "./maps/a.txt", "data:x"), "are in two stores"),
        (("cat", "./maps/a.txt", "s3://bucket/a"), "works on one bucket"),
        (("cat", "./maps/way"), "is a symbolic link to '/etc/passwd' and is not followed"),
        (("cat", "./maps/2024"), "./maps/2024/ is a whole bucket or folder"),
        (("ls", "./maps/nothing"), "nothing is stored below ./maps/nothing/"),
        (("put", "file:///x"), "Missing argument 'SOURCES'"),
        (("ls", "s3:///a"), "names no bucket"),
    ],
)
def test_what_cannot_be_is_refused_in_words(call: Call, folder: Path, words: tuple[str, ...], told: str) -> None:
    said = call(*words)
    assert said.code != 0
    assert told in said.err


def test_hostile_names_are_exact_in_a_pipe_and_what_no_key_can_be_is_told(call: Call, folder: Path) -> None:
    for name in (b"new\nline", b"esc\x1b[31m", b"caf\xe9", b"l" * 255):
        (folder / os.fsdecode(name)).write_text("x")
    for words in (("ls", "./maps"), ("find", "./maps"), ("du", "./maps"), ("tree", "./maps")):
        said = call(*words)
        assert said.code == 0, said.err
        assert "l" * 255 in said.out or "du" in words
        assert said.err == "storage-tui: 1 name cannot be shown, as no key can be like this: 'caf\\xe9'\n"
    keys = [json.loads(line)["key"] for line in call("ls", "--json", "-r", "./maps").lines]
    assert keys == ["2024/dem.txt", "a.txt", "esc\x1b[31m", "l" * 255, "new\nline", "way"]
    assert call("cat", "./maps/esc\x1b[31m", "./maps/new\nline").out == "xx"
    assert call("get", "-q", f"file://{folder}/esc%1B%5B31m", "got/").code == 0
    said = call("cat", "./maps/no\x1b[31m")
    assert said.code != 0
    assert "\x1b" not in said.err


def test_the_client_opens_a_folder_and_refuses_changes_before_it_sends_them(call: Call, folder: Path) -> None:
    with Storage("./maps") as storage:
        assert storage.get("a.txt") == b"some text\n"
        place = storage.describe().place
        assert place is not None
        assert (place.kind, place.title, place.is_writable, place.rules) == ("file", str(folder), False, ("read only",))
        assert [row["name"] for row in storage.describe().storage_types] == ["data"]
        changes: list[Callable[[], object]] = [
            lambda: storage.set("b", "x"),
            lambda: storage.delete("a.txt"),
            lambda: storage.copy("a.txt", "b"),
        ]
        for change in changes:
            with pytest.raises(errors.ConflictError, match="is open read only"):
                change()
        with pytest.raises(errors.ForbiddenError):
            storage.get("a.txt", storage_type="tmp")
    with Storage(str(folder / "missing")) as storage, pytest.raises(errors.StorageError, match="cannot be opened as a"):
        storage.get("a")
