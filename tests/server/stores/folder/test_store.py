"""A folder as a store: its lists against those of the system, its reads, and what it refuses."""

import errno
import os
import socket
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from storage_tui.contract.errors import (
    ConflictError,
    DamagedError,
    ForbiddenError,
    InvalidKeyError,
    NotFoundError,
    StorageError,
    UnavailableError,
)
from storage_tui.contract.keys import check_key
from storage_tui.contract.moves import Move
from storage_tui.contract.wire import Span
from storage_tui.server.stores.base import Address
from storage_tui.server.stores.folder.store import FolderStore
from tests.server.stores.engines import whole

NAMES = (
    "a", "a-b/x", "a.txt", "a0/y", "ab/c/d/e.bin", "ab/c-", "ab/c.d", "ab/c0", "b/ü.txt", "b/u\u0308.txt", "b/日本.tif",
    " lead", "end ", "dots../x..", "...", ".hidden/.x", "%2F", "q?#&+", "z" * 255, "/".join(["deep"] * 40),
)  # fmt: skip


def fill(root: Path, keys: tuple[str, ...] = NAMES) -> None:
    for number, key in enumerate(keys):
        path = root / key
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"x" * number)


def at(key: str) -> Address:
    return Address("a" * 40, "data", key)


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[FolderStore]:
    root = tmp_path / "root"
    root.mkdir()
    opened = FolderStore(root)
    await opened.start()
    yield opened
    await opened.close()


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path / "root"


def model(keys: list[str], prefix: str, delimiter: str) -> list[str]:
    """The entries of a list, by definition."""
    found = set()
    for key in keys:
        if key.startswith(prefix):
            cut = key.find("/", len(prefix)) if delimiter else -1
            found.add(key[: cut + 1] if cut >= 0 else key)
    return sorted(found, key=str.encode)


async def listed(store: FolderStore, prefix: str = "", delimiter: str = "", *, limit: int = 1000) -> list[str]:
    found: list[str] = []
    after: str | None = ""
    while after is not None:
        page = await store.list_page("a" * 40, "data", prefix=prefix, delimiter=delimiter, after=after, limit=limit)
        here = [*(blob.key for blob in page.blobs), *page.prefixes]
        assert 0 < len(here) <= limit or page.next_token is None
        found += sorted(here, key=str.encode)
        after = page.next_token
    return found


@pytest.mark.parametrize("window", [2, 100_000])
@pytest.mark.parametrize("limit", [1, 3, 1000])
async def test_lists_are_those_of_the_definition(root: Path, limit: int, window: int) -> None:
    fill(root / ".", NAMES)
    store = FolderStore(root, window=window)
    await store.start()
    prefixes = {
        "",
        "a",
        "a/",
        "ab/",
        "ab/c",
        "ab/c/",
        "b/",
        "b/ü",
        "zz",
        "deep/deep/",
        "nothing/",
        "a//",
        "/",
        "a/../b/",
    }
    for prefix in sorted(prefixes):
        for delimiter in ("", "/"):
            assert await listed(store, prefix, delimiter, limit=limit) == model(list(NAMES), prefix, delimiter)
    await store.close()


async def test_a_long_list_continues_where_it_was_while_the_folder_changes(store: FolderStore, root: Path) -> None:
    fill(root, tuple(f"k{number:05d}" for number in range(3000)))
    os.utime(root, (0, 1))
    first = await store.list_page("a" * 40, "data", after="", limit=1500)
    (root / "k00010").unlink()
    (root / "k02000").unlink()
    (root / "k00005b").touch()
    second = await store.list_page("a" * 40, "data", after=first.next_token or "", limit=5000)
    keys = [blob.key for blob in (*first.blobs, *second.blobs)]
    assert keys == [f"k{number:05d}" for number in range(3000) if number != 2000]
    assert second.next_token is None


async def test_usage_counts_what_the_list_shows(store: FolderStore, root: Path) -> None:
    fill(root)
    usage = await store.usage("a" * 40, "data", prefix="", delimiter="/")
    assert (usage.count, usage.size_bytes) == (len(NAMES), sum(range(len(NAMES))))
    assert [child.prefix for child in usage.children] == [
        name for name in model(list(NAMES), "", "/") if name[-1] == "/"
    ]
    below = await store.usage("a" * 40, "data", prefix="ab/")
    assert (below.count, below.size_bytes) == (4, 4 + 5 + 6 + 7)


async def test_a_blob_is_read_whole_and_in_parts(store: FolderStore, root: Path) -> None:
    content = os.urandom(700_000)
    (root / "dem.tif").write_bytes(content)
    blob = await store.stat(at("dem.tif"))
    assert (blob.size_bytes, blob.content_type) == (700_000, "image/tiff")
    async with store.open(at("dem.tif")) as reader:
        assert reader.blob == blob
        assert await whole(reader) == content
        assert b"".join([piece async for piece in reader.chunks(Span(5, 300_000))]) == content[5:300_000]
        assert [piece async for piece in reader.chunks(Span(7, 7))] == []


async def test_a_file_that_changes_during_a_read_ends_the_read(store: FolderStore, root: Path) -> None:
    path = root / "log"
    path.write_bytes(b"a" * 700_000)
    async with store.open(at("log")) as reader:
        pieces = reader.chunks(Span(0, 700_000))
        await anext(pieces)
        with path.open("r+b") as file:
            file.write(b"b")
        with pytest.raises(DamagedError, match="changed while it was read"):
            await anext(pieces)
    assert (await store.stat(at("log"))).etag != reader.blob.etag


async def test_a_file_that_is_replaced_is_read_to_its_end(store: FolderStore, root: Path) -> None:
    (root / "f").write_bytes(b"old" * 200_000)
    (root / "g").write_bytes(b"new")
    async with store.open(at("f")) as reader:
        (root / "g").replace(root / "f")
        assert await whole(reader) == b"old" * 200_000


@pytest.mark.parametrize(
    "key",
    ["no", "a/", "/a", "a//b", "../root/a", "./a", "a/../a", "sub", "sub/", "a/x", "\0", "y" * 300, "sub/../a"],
)
async def test_only_the_path_of_a_file_is_a_key(store: FolderStore, root: Path, key: str) -> None:
    fill(root, ("a", "sub/b"))
    for call in (store.stat(at(key)), store.open(at(key)).__aenter__()):
        with pytest.raises(NotFoundError):
            await call


async def test_links_and_special_files_are_named_and_not_followed(
    store: FolderStore, root: Path, tmp_path: Path
) -> None:
    (tmp_path / "secret").write_bytes(b"secret")
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside" / "x").touch()
    (root / "link").symlink_to(tmp_path / "secret")
    (root / "way").symlink_to(tmp_path / "outside")
    (root / "loop").symlink_to(".")
    os.mkfifo(root / "pipe")
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(root / "socket"))
        page = await store.list_page("a" * 40, "data", limit=100)
        kinds = {blob.key: (blob.content_type, blob.size_bytes) for blob in page.blobs}
        assert kinds == {
            "link": ("inode/symlink", len(str(tmp_path / "secret"))), "loop": ("inode/symlink", 1),
            "way": ("inode/symlink", len(str(tmp_path / "outside"))),
            "pipe": ("inode/fifo", 0), "socket": ("inode/socket", 0),
        }  # fmt: skip
        for key, words in (("link", "secret"), ("loop", "link to '.'"), ("pipe", "named pipe"), ("socket", "a socket")):
            assert (await store.stat(at(key))).key == key
            with pytest.raises(ConflictError, match=words):
                await store.open(at(key)).__aenter__()
        with pytest.raises(NotFoundError):
            await store.stat(at("way/x"))
        assert await listed(store, "way/") == []


async def test_names_that_no_key_can_have_are_told_and_left_out(store: FolderStore, root: Path) -> None:
    fill(root, ("good", "sub/good"))
    for name in (b"new\nline", b"esc\x1b[2J", b"caf\xe9", b"sub/\xff\xfe"):
        (root / os.fsdecode(name)).touch()
    (root / "dir\x1b").mkdir()
    deep = root
    for _ in range(6):
        deep = deep / ("w" * 200)
        deep.mkdir()
    (deep / "file").touch()
    assert await listed(store) == ["esc\x1b[2J", "good", "new\nline", "sub/good"]
    folded = [name for name in await listed(store, "", "/") if not name.startswith("w")]
    assert folded == ["dir\x1b/", "esc\x1b[2J", "good", "new\nline", "sub/"]
    assert (await store.usage("a" * 40, "data")).count == 4
    assert (await store.stat(at("new\nline"))).size_bytes == 0
    (note,) = await store.place_notes()
    assert note.startswith("3 names cannot be shown, as no key can be like these: ")
    assert note.isprintable()
    assert note.isascii()


async def test_a_folder_that_cannot_be_read_is_told(
    store: FolderStore, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(root, ("a", "shut/b"))
    really = os.open

    def refusing(path: str | bytes, flags: int, *, dir_fd: int | None = None) -> int:  # root reads every folder
        if path == b"shut":
            raise PermissionError(errno.EACCES, "")
        return really(path, flags, dir_fd=dir_fd)

    monkeypatch.setattr(os, "open", refusing)
    assert await listed(store) == ["a"]
    assert await store.place_notes() == ["1 folder cannot be read: 'shut/'"]
    with pytest.raises(ForbiddenError, match="permission denied"):
        await listed(store, "shut/", "/")
    with pytest.raises(ForbiddenError):
        await store.stat(at("shut/b"))


async def test_every_change_is_refused_in_one_line(store: FolderStore, root: Path) -> None:
    fill(root, ("a",))
    move = Move("a", "b")
    for call in (
        store.put(at("b"), b""), store.delete(at("a")), store.withdraw(at("a")), store.cancel_upload("x"),
        store.delete_many("", "data", [("a", None)]), store.copy(at("a"), at("b")), store.move(at("a"), at("b")),
        store.move_many("", [move]), store.copy_many("", [move]), store.create_upload(at("b")),
    ):  # fmt: skip
        with pytest.raises(ConflictError, match="is open read only"):
            await call
    assert (await store.usage("", "data")).count == 1


async def test_a_root_that_is_no_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    for name in ("file", "missing"):
        store = FolderStore(tmp_path / name)
        with pytest.raises(UnavailableError, match="cannot be opened as a folder"):
            await store.start()
        await store.close()


async def test_random_bytes_as_keys_meet_nothing_but_storage_errors(store: FolderStore, root: Path) -> None:
    fill(root)
    for number in range(100):
        key = os.urandom(1 + number % 40).decode("utf-8", "ignore").replace("x", "/") or "x"
        try:
            check_key(key)
        except InvalidKeyError:
            continue
        with pytest.raises(StorageError):
            await store.stat(at(key + "/.."))
        await listed(store, key)
