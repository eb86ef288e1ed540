"""What the file system does beyond fsspec's suites: streams, versions, transactions, errors, rules of the types."""

import errno
import os
import pickle
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

import fsspec
import httpx
import pytest
from fsspec.callbacks import Callback

from storage_tui import Storage
from storage_tui.contract.errors import StorageError
from storage_tui.fs import StorageFileSystem
from tests.faults.proxy import Fault, FaultProxy
from tests.server.running import RunningServer

BLOCK = 1024 * 1024
NOBODY = "http://127.0.0.1:9/storage/v1"


@pytest.mark.parametrize(
    "spelling",
    ["tmp/a/b", "/tmp/a/b", "//tmp/a/b", "tmp/a/b/", "/tmp:a/b", "dlstorage://tmp/a/b", "dlstorage:///tmp/a/b",
     "dlstorage://tmp:a/b"],
)  # fmt: skip
def test_a_path_is_a_type_and_a_key_in_each_spelling(fs: StorageFileSystem, spelling: str) -> None:
    fs.pipe(spelling, b"here")
    assert fs.storage.get("a/b", "tmp") == b"here"
    assert fs.info(spelling)["name"] == "tmp/a/b"


def test_log_is_logs_and_a_colon_in_a_key_stays(fs: StorageFileSystem) -> None:
    fs.pipe({"log/x": b"1", "data/tmp:x": b"2"})
    assert fs.storage.list(storage_type="logs") == ["x"]
    assert fs.storage.get("tmp:x") == b"2"


def test_the_entry_point_names_the_file_system() -> None:
    assert fsspec.get_filesystem_class("dlstorage") is StorageFileSystem


def test_the_top_holds_the_storage_types_though_they_are_empty(fs: StorageFileSystem) -> None:
    assert fs.ls("", detail=False) == ["data", "tmp", "products", "result", "logs"]
    assert fs.ls("tmp") == []
    assert fs.isdir("tmp")
    assert fs.find("") == []


def test_an_unknown_type_is_named_with_the_known_ones(fs: StorageFileSystem) -> None:
    with pytest.raises(FileNotFoundError, match="begins with one of data, tmp"):
        fs.cat("maps/a.tif")


def test_awkward_keys_are_listed_read_and_removed(fs: StorageFileSystem) -> None:
    keys = ["a//b", "x", "x/y", "sp ace/%2F", "ünï/cödé", "q?a=b#c", "tail/", "star*"]
    for key in keys:
        fs.storage.set(key, key)
    named = {f"data/{key}." if key.endswith("/") else f"data/{key}": key for key in keys}
    assert set(fs.find("data")) == set(named)
    assert {row: fs.cat_file(row).decode() for row in named} == named
    assert fs.info("data/x")["type"] == "file"
    assert fs.ls("data/x", detail=False) == ["data/x/y"]
    fs.rm("data", recursive=True)
    assert fs.storage.list() == []


SLASHED = {"/": "data//.", "dir/": "data/dir/.", "dir//": "data/dir//.", "//": "data///.", "/a/": "data//a/."}


@pytest.mark.parametrize("key", SLASHED)
def test_a_key_that_ends_in_a_slash_has_a_path(fs: StorageFileSystem, key: str) -> None:
    path = SLASHED[key]
    fs.pipe_file(path, b"one")
    assert fs.storage.list() == [key]
    assert fs.find("data") == [path] and fs.isfile(path)
    assert (fs.info(path)["name"], fs.size(path), fs.cat_file(f"dlstorage://{path}")) == (path, 3, b"one")
    with fs.open(path, "wb") as file:
        file.write(b"two")
    with fs.open(path) as file:
        assert file.read() == b"two"
    fs.cp_file(path, "tmp/x/.")
    assert fs.storage.get("x/", "tmp") == b"two"
    fs.mv("tmp/x/.", "tmp/y")
    assert fs.storage.list(storage_type="tmp") == ["y"]
    fs.rm_file(path)
    assert not fs.exists(path) and fs.storage.list() == []


def test_keys_that_end_in_a_slash_are_seen_beside_the_others(fs: StorageFileSystem) -> None:
    for key in ("dir/", "dir/x", "dir//y", "dir"):
        fs.storage.set(key, b"" if key == "dir/" else key)
    assert fs.ls("data/dir", detail=False) == [
        "data/dir/.",
        "data/dir/.",
        "data/dir/x",
    ]  # the key, and the folder dir//
    assert fs.ls("data/dir/.", detail=False) == ["data/dir//y"]
    found = fs.find("data", withdirs=True, detail=True)
    assert {name: row["type"] for name, row in found.items()} == {
        "data": "directory", "data/dir": "file", "data/dir/.": "file", "data/dir//y": "file", "data/dir/x": "file",
    }  # fmt: skip
    assert "data/dir/." in fs.glob("data/dir/*")
    fs.cp("data/dir/", "tmp/copy/", recursive=True)
    assert set(fs.storage.list(storage_type="tmp")) >= {"copy/", "copy/x", "copy//y"}
    fs.rm("data/dir", recursive=True)
    assert fs.storage.list() == []


def test_a_mark_of_a_folder_is_downloaded_as_the_folder(fs: StorageFileSystem, tmp_path: Path) -> None:
    fs.pipe({"data/dir/.": b"", "data/dir/x": b"x"})
    fs.get("data/dir", str(tmp_path / "down"), recursive=True)
    assert [row.name for row in (tmp_path / "down").iterdir()] == ["x"]
    fs.pipe_file("data/dir/.", b"not empty")
    with pytest.raises(IsADirectoryError, match="no local file can have this name"):
        fs.get("data/dir", str(tmp_path / "down"), recursive=True)
    fs.get_file("data/dir/.", tmp_path / "mark")
    assert (tmp_path / "mark").read_bytes() == b"not empty"


def test_a_large_file_is_written_as_a_stream_and_read_by_ranges(fs: StorageFileSystem) -> None:
    content = os.urandom(5 * BLOCK + 17)
    with fs.open("tmp/large", "wb", block_size=BLOCK) as file:
        for start in range(0, len(content), 100_000):
            file.write(content[start : start + 100_000])
        assert not fs.exists("tmp/large")
    with fs.open("tmp/large", "rb", block_size=BLOCK) as file:
        assert file.seek(-17, os.SEEK_END) == 5 * BLOCK
        assert file.read() == content[-17:]
        file.seek(3 * BLOCK - 5)
        assert file.read(10) == content[3 * BLOCK - 5 : 3 * BLOCK + 5]
    assert fs.cat("tmp/large") == content


def test_an_upload_goes_on_after_the_connection_broke(
    server: RunningServer, token_file: Path, fs: StorageFileSystem
) -> None:
    content = os.urandom(3 * BLOCK)
    with FaultProxy(server.url) as proxy:
        proxy.faults.extend([Fault(cut_up=2 * BLOCK)] * 2)
        broken = StorageFileSystem(proxy.url, token_file=token_file, skip_instance_cache=True)
        with broken.open("data/cut", "wb", block_size=BLOCK) as file:
            file.write(content)
        broken.storage.close()
    assert fs.cat("data/cut") == content


def test_a_reader_never_mixes_two_versions(fs: StorageFileSystem) -> None:
    fs.pipe("data/v", b"1" * (2 * BLOCK))
    with fs.open("data/v", "rb", block_size=1024, cache_type="none") as file:
        assert file.read(10) == b"1" * 10
        fs.pipe("data/v", b"2" * (2 * BLOCK))
        with pytest.raises(OSError, match=r"overwritten|another|changed") as refusal:
            file.read(10)
    assert refusal.value.errno == errno.ESTALE


def test_a_file_whose_block_fails_leaves_nothing(fs: StorageFileSystem) -> None:
    for size in (10, 3 * BLOCK):
        with pytest.raises(RuntimeError), fs.open("data/half", "wb", block_size=BLOCK) as file:
            file.write(b"x" * size)
            raise RuntimeError
        assert not fs.exists("data/half")
    assert not [thread for thread in threading.enumerate() if thread.name == "storage-tui-feed"]


def test_text_and_compression_and_appending(fs: StorageFileSystem) -> None:
    with fs.open("data/t", "w", encoding="utf-8") as file:
        file.write("grüße\n")
    with fs.open("data/t", "a", encoding="utf-8") as file:
        file.write("again\n")
    assert fs.read_text("data/t", encoding="utf-8") == "grüße\nagain\n"
    with fs.open("data/t.gz", "wt", compression="gzip") as file:
        file.write("packed")
    assert fs.cat("data/t.gz")[:2] == b"\x1f\x8b"
    with fsspec.open("dlstorage://data/t.gz", "rt", compression="infer", **fs.storage_options | urls(fs)) as file:
        assert file.read() == "packed"


def urls(fs: StorageFileSystem) -> dict[str, str]:
    """The positional argument of the fixture as the option that fsspec.open takes."""
    return {"url": fs.storage_args[0]}


def test_a_transaction_shows_all_or_nothing(fs: StorageFileSystem) -> None:
    with fs.transaction:
        with fs.open("data/t/a", "wb", block_size=BLOCK) as file:
            file.write(b"a" * (2 * BLOCK + 1))
        fs.pipe("data/t/b", b"b")
        assert fs.find("data/t") == []
    assert fs.du("data/t", total=False) == {"data/t/a": 2 * BLOCK + 1, "data/t/b": 1}
    with pytest.raises(RuntimeError), fs.transaction:
        with fs.open("data/t/c", "wb", block_size=BLOCK) as file:
            file.write(b"c" * (2 * BLOCK + 1))
        fs.pipe("data/t/d", b"d")
        raise RuntimeError
    assert fs.find("data/t") == ["data/t/a", "data/t/b"]


def test_it_travels_in_a_pickle_and_is_itself_again(server: RunningServer, token_file: Path) -> None:
    fs = StorageFileSystem(server.url, token_file=token_file)
    fs.pipe("data/p", b"0123456789")
    again = pickle.loads(pickle.dumps(fs))
    assert again == fs
    assert again.cat("data/p") == b"0123456789"
    assert again.fsid == fs.fsid
    with fs.open("data/p") as file:
        file.seek(4)
        with pickle.loads(pickle.dumps(file)) as other:
            assert other.read() == b"456789"
    assert StorageFileSystem(server.url) is StorageFileSystem(server.url)


def test_the_rules_of_products_hold(fs: StorageFileSystem) -> None:
    fs.pipe("products/p", b"1")
    with pytest.raises(PermissionError, match="products") as refusal:
        fs.pipe("products/p", b"2")
    assert isinstance(refusal.value.__cause__, StorageError)
    with pytest.raises(PermissionError, match=r"Image\.delete"):
        fs.rm("products/p")
    with pytest.raises(PermissionError), fs.open("products/p", "wb", block_size=BLOCK) as file:
        file.write(b"3" * (3 * BLOCK))
    assert fs.cat("products/p") == b"1"


@pytest.mark.parametrize(
    ("act", "kind"),
    [
        (lambda fs: fs.cat("data/none"), FileNotFoundError),
        (lambda fs: fs.ls("data/none"), FileNotFoundError),
        (lambda fs: fs.open("data/none"), FileNotFoundError),
        (lambda fs: fs.rm("data/none"), FileNotFoundError),
        (lambda fs: fs.rm("data/none", recursive=True), FileNotFoundError),
        (lambda fs: fs.rm("data/folder"), IsADirectoryError),
        (lambda fs: fs.rm("data"), IsADirectoryError),
        (lambda fs: fs.rm("", recursive=True), PermissionError),
        (lambda fs: fs.open("data", "wb"), IsADirectoryError),
        (lambda fs: fs.rmdir("data/folder"), OSError),
        (lambda fs: fs.pipe("data/a\x01b", b""), OSError),
        (lambda fs: fs.pipe("data/../up", b""), OSError),
        (lambda fs: fs.touch("data/folder/x", truncate=False), NotImplementedError),
        (lambda fs: fs.modified("data/folder"), IsADirectoryError),
        (lambda _: StorageFileSystem(NOBODY, token="a.b.c", retries=0).exists("data/a"), ConnectionError),
    ],
)  # fmt: skip
def test_refusals_are_the_os_errors_that_callers_expect(fs: StorageFileSystem, act: object, kind: type) -> None:
    fs.pipe("data/folder/x", b"1")
    with pytest.raises(kind):
        act(fs)  # type: ignore[operator]
    assert fs.cat("data/folder/x") == b"1"


def test_times_signed_urls_and_usage(fs: StorageFileSystem) -> None:
    fs.pipe({"tmp/u/a": b"12345", "tmp/u/b/c": b"678"})
    assert abs(fs.modified("tmp/u/a") - datetime.now(UTC)) < timedelta(minutes=5)
    assert fs.created("tmp/u/a") == fs.modified("tmp/u/a")
    left = fs.info("tmp/u/a")["expires"] - fs.modified("tmp/u/a") - timedelta(days=7)
    assert abs(left) < timedelta(seconds=1)  # HTTP tells times of writing to the second
    assert httpx.get(fs.sign("tmp/u/a", expiration=60), trust_env=False).content == b"12345"
    assert (fs.du("tmp/u"), fs.du("tmp/u/a"), fs.du("tmp/u", maxdepth=1)) == (8, 5, 5)
    assert fs.glob("tmp/u/**/c") == ["tmp/u/b/c"]
    assert fs.glob("*/u/?") == ["tmp/u/a", "tmp/u/b"]


def test_parts_of_many_blobs_come_at_once_each_with_its_own_error(fs: StorageFileSystem) -> None:
    fs.pipe("data/r", b"0123456789")
    assert fs.cat_ranges(["data/r"] * 3, [0, -3, 2], [2, None, -2]) == [b"01", b"789", b"234567"]
    good, bad = fs.cat_ranges(["data/r", "data/none"], 0, 1)
    assert good == b"0"
    assert isinstance(bad, FileNotFoundError)
    assert (fs.cat_file("data/r", 5, 5), fs.cat_file("data/r", 8, 99), fs.cat_file("data/r", 50, 60)) == (
        b"",
        b"89",
        b"",
    )
    assert (fs.head("data/r", 3), fs.tail("data/r", 3)) == (b"012", b"789")


def test_a_copy_and_a_move_stay_on_the_server_also_between_types(fs: StorageFileSystem) -> None:
    fs.pipe("tmp/keep", b"me")
    fs.cp("tmp/keep", "data/kept")
    fs.mv("tmp/keep", "data/moved")
    assert (fs.cat("data/kept"), fs.cat("data/moved"), fs.exists("tmp/keep")) == (b"me", b"me", False)


def test_callbacks_hear_of_transfers(fs: StorageFileSystem, tmp_path: Path) -> None:
    (tmp_path / "up").write_bytes(b"x" * (3 * BLOCK))
    for verb, ends in (
        ("put_file", (str(tmp_path / "up"), "data/c")),
        ("get_file", ("data/c", str(tmp_path / "down"))),
    ):
        heard = Callback()
        getattr(fs, verb)(*ends, callback=heard)
        assert (heard.size, heard.value) == (3 * BLOCK, 3 * BLOCK)
    assert (tmp_path / "down").read_bytes() == (tmp_path / "up").read_bytes()


def test_the_store_of_this_machine_needs_no_arguments(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("STORAGE_TUI_URL", "DESCARTESLABS_STORAGE_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("STORAGE_TUI_HOME", str(tmp_path))
    monkeypatch.setenv("STORAGE_TUI_LINGER", "0")
    fs = StorageFileSystem(skip_instance_cache=True)
    fs.pipe("data/local", b"1")
    with Storage() as storage:
        assert storage.get("local") == b"1"
    with pytest.raises(NotImplementedError, match="storage-tui serve"):
        fs.sign("data/local")
    fs.storage.close()
