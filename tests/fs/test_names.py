"""A path is the blob or the folder of that name, also where the name looks like a pattern."""

import errno
from collections.abc import Callable
from pathlib import Path

import fsspec
import pytest

from storage_tui.fs import StorageFileSystem

# Each name with another name that it matches as a pattern.
NAMES = {
    "file[1].txt": "file1.txt", "q?.txt": "qq.txt", "a*b.txt": "aXb.txt", "[dir]": "d", "[!a]": "b", "[a-c]x": "bx",
    "*": "all", "?": "x", "**": "deep", "x[": "x[", "x]": "x]", "[]]": "]", "[[]": "[", "sp ace[0].csv": "sp ace0.csv",
    "[ü]": "ü", "n[0-9]*.tif": "n1.tif",
}  # fmt: skip


def decoyed(fs: StorageFileSystem, name: str) -> dict[str, bytes]:
    """Store blobs with this name and with the name that it matches, alone and in folders."""
    made = {f"data/m/{NAMES[name]}": b"other", f"data/f/{NAMES[name]}/x": b"other below"}
    made |= {f"data/m/{name}": b"wanted", f"data/f/{name}/x": b"below"}
    fs.pipe(made)
    return made


def stored(fs: StorageFileSystem) -> dict[str, bytes]:
    return {path: fs.cat_file(path) for path in fs.find("data")}


@pytest.mark.parametrize("name", NAMES)
def test_every_call_that_reads_takes_a_path_for_a_name(fs: StorageFileSystem, tmp_path: Path, name: str) -> None:
    made = decoyed(fs, name)
    path, folder = f"data/m/{name}", f"data/f/{name}"
    assert fs.cat(path) == fs.cat_file(path) == fs.open(path).read() == fs.read_bytes(path) == b"wanted"
    assert (fs.info(path)["name"], fs.size(path), fs.exists(path), fs.isfile(path)) == (path, 6, True, True)
    assert (fs.find(path), fs.du(path), fs.ls(path, detail=False)) == ([path], 6, [path])
    assert fs.expand_path(path) == [path]
    assert (fs.isdir(folder), fs.find(folder), fs.du(folder)) == (True, [f"{folder}/x"], 5)
    assert [*fs.walk(folder)] == [(folder, [], ["x"])]
    assert fs.cat(folder, recursive=True, on_error="omit")[f"{folder}/x"] == b"below"
    assert fs.cat([path]) == {path: b"wanted"}
    fs.get(path, str(tmp_path / "one"))
    fs.get(path, f"{tmp_path}/into/")
    fs.get(folder, str(tmp_path / "all"), recursive=True)
    fs.get([path], str(tmp_path / "list"))
    assert (tmp_path / "one").read_bytes() == (tmp_path / "into" / name).read_bytes() == b"wanted"
    assert (tmp_path / "list" / name).read_bytes() == b"wanted"
    assert [row.name for row in (tmp_path / "all").iterdir()] == ["x"]
    with fsspec.open(f"dlstorage://{path}", url=fs.storage_args[0], **fs.storage_options) as file:
        assert file.read() == b"wanted"
    assert stored(fs) == made


@pytest.mark.parametrize("name", NAMES)
def test_every_call_that_changes_something_takes_a_path_for_a_name(
    fs: StorageFileSystem, tmp_path: Path, name: str
) -> None:
    made = decoyed(fs, name)
    path, folder = f"data/m/{name}", f"data/f/{name}"
    fs.cp(path, "data/copied")
    fs.cp(folder, "data/copies", recursive=True)
    fs.mv(path, "data/moved")
    fs.mv("data/moved", path)
    fs.mv(folder, "data/away", recursive=True)
    fs.mv("data/away", folder, recursive=True)
    assert stored(fs) == made | {"data/copied": b"wanted", "data/copies/x": b"below"}
    fs.rm("data/copied")
    fs.rm("data/copies", recursive=True)
    (tmp_path / "up").mkdir()
    (tmp_path / "up" / NAMES[name]).write_bytes(b"other")
    (tmp_path / "up" / name).write_bytes(b"put")
    fs.put(str(tmp_path / "up" / name), "data/put")
    fs.put(str(tmp_path / "up"), "data/puts", recursive=True)
    assert (fs.cat("data/put"), fs.cat_file(f"data/puts/{name}")) == (b"put", b"put")
    fs.rm(["data/put", "data/puts"], recursive=True)
    fs.rm(path)
    fs.rm(folder, recursive=True)
    for gone in (path, f"{folder}/x"):
        made.pop(gone)
    if name != NAMES[name]:
        assert stored(fs) == made


@pytest.mark.parametrize(
    "act",
    [
        lambda fs, path: fs.rm(path),
        lambda fs, path: fs.rm(path, recursive=True),
        lambda fs, path: fs.rm([path]),
        lambda fs, path: fs.mv(path, "data/moved"),
        lambda fs, path: fs.mv(path, "data/moved", recursive=True),
        lambda fs, path: fs.rm_file(path),
        lambda fs, path: fs.open(path),
        lambda fs, path: fs.info(path),
        lambda fs, path: fs.ls(path),
    ],
)
@pytest.mark.parametrize("name", ["file[1].txt", "q?.txt", "a*b.txt"])
def test_a_name_that_is_not_there_is_missing_whatever_it_matches(
    fs: StorageFileSystem, act: Callable[[StorageFileSystem, str], object], name: str
) -> None:
    fs.pipe(f"data/m/{NAMES[name]}", b"other")
    with pytest.raises(FileNotFoundError):
        act(fs, f"data/m/{name}")
    assert stored(fs) == {f"data/m/{NAMES[name]}": b"other"}


def test_patterns_work_where_patterns_are_asked_for(fs: StorageFileSystem, tmp_path: Path) -> None:
    fs.pipe({f"data/m/{name}": name.encode() for name in ("a1.txt", "a2.txt", "b1.txt", "a[1].txt")})
    assert fs.glob("data/m/a[12].txt") == ["data/m/a1.txt", "data/m/a2.txt"]
    assert fs.glob("data/m/a[[]1].txt") == ["data/m/a[1].txt"]
    fs.get("data/m/a?.txt", str(tmp_path))
    assert sorted(row.name for row in tmp_path.iterdir() if row.suffix) == ["a1.txt", "a2.txt"]
    assert sorted(fs.cat("data/m/b*")) == ["data/m/b1.txt"]
    fs.rm(fs.glob("data/m/a?.txt"))
    assert fs.find("data") == ["data/m/a[1].txt", "data/m/b1.txt"]
    with pytest.raises(FileNotFoundError, match=r"fs\.rm\(fs\.glob\(pattern\)\)"):
        fs.rm("data/m/*.txt")


@pytest.mark.parametrize(
    "act",
    [
        lambda fs, path: fs.open(path),
        lambda fs, path: fs.open(path, "r"),
        lambda fs, path: fs.cat(path),
        lambda fs, path: fs.cat_file(path, 1, 2),
        lambda fs, path: fs.head(path),
        lambda fs, path: fs.tail(path),
        lambda fs, path: fs.read_text(path),
        lambda fs, path: fs.rm_file(path),
        lambda fs, path: fs.rm(path),
        lambda fs, path: fs.mv(path, "data/new"),
        lambda fs, path: fs.modified(path),
        lambda fs, path: fs.get_file(path, None, outfile=fs.open("data/out", "wb")),
    ],
)
@pytest.mark.parametrize("path", ["data/d", "/data/d/", "data/d/[e]"])
def test_a_folder_is_no_file(fs: StorageFileSystem, act: Callable[[StorageFileSystem, str], object], path: str) -> None:
    fs.pipe({"data/d/x": b"1", "data/d/[e]/y": b"2"})
    with pytest.raises(IsADirectoryError):
        act(fs, path)
    assert fs.find("data/d") == ["data/d/[e]/y", "data/d/x"]


def test_a_move_removes_what_it_moved_and_nothing_else(fs: StorageFileSystem) -> None:
    fs.pipe({"data/d/x": b"x", "data/d/e/y": b"y"})
    fs.mv("data/d/x", "/data/d/x")
    fs.mv("data/d", "data", recursive=True)  # each blob has its new name already
    assert fs.find("data") == ["data/d/e/y", "data/d/x"]
    fs.pipe("data/d/e/x", b"z")
    with pytest.raises(OSError, match="into itself") as refusal:
        fs.mv("data/d/", "data/d/e", recursive=True)
    assert refusal.value.errno == errno.EINVAL
    assert fs.cat("data/d/e/x") == b"z"
    fs.rm("data/d/e/x")
    fs.mv("data/d", "data/n", recursive=True, maxdepth=1)
    assert fs.find("data") == ["data/d/e/y", "data/n/x"]
    fs.mv("data/n/x", "data/d/")
    fs.mv("data/d", "data/new/", recursive=True)
    assert fs.find("data") == ["data/new/d/e/y", "data/new/d/x"]


@pytest.mark.parametrize("name", ["file[1].txt", "q?.txt", "a*b.txt", "[!a]", "**"])
def test_names_are_what_they_are_for_the_local_file_system(fs: StorageFileSystem, tmp_path: Path, name: str) -> None:
    """The calls by which fsspec's own file system takes a path for a name give the same answers here."""
    local = fsspec.filesystem("file")
    roots = {fs: "data/t", local: str(tmp_path / "t")}
    answers = []
    for one, root in roots.items():
        one.makedirs(f"{root}/{name}.d", exist_ok=True)
        one.pipe_file(f"{root}/{name}", b"wanted")
        one.pipe_file(f"{root}/{NAMES[name]}+", b"other")
        one.pipe_file(f"{root}/{name}.d/x", b"below")
        seen: list[object] = [
            one.exists(f"{root}/{name}"), one.isfile(f"{root}/{name}"), one.isdir(f"{root}/{name}.d"),
            one.size(f"{root}/{name}"), one.cat_file(f"{root}/{name}"), one.du(f"{root}/{name}"),
            [path.removeprefix(root) for path in one.find(f"{root}/{name}.d")], one.head(f"{root}/{name}", 2),
        ]  # fmt: skip
        one.rm(f"{root}/{name}.d", recursive=True)
        one.rm_file(f"{root}/{name}")
        seen.append(sorted(path.removeprefix(root) for path in one.find(root)))
        answers.append(seen)
    assert answers[0] == answers[1]
