"""Each name is itself and no other, through every call of both clients."""

import asyncio

import httpx
import pytest

from storage_tui import AsyncStorage, Move, Storage
from storage_tui.contract.keys import EXACT_NAMES
from tests.exact.awkward import NAMES, value_of
from tests.promises.keys import folded
from tests.server.running import RunningServer


def test_the_server_says_that_it_takes_any_name(storage: Storage) -> None:
    assert EXACT_NAMES in storage.describe().features
    assert len(NAMES) >= 200


def test_each_name_holds_its_own_value(filled: Storage) -> None:
    assert list(filled.iter_list()) == list(NAMES)
    for name in NAMES:
        assert filled.get(name) == value_of(name)
        blob = filled.stat(name)
        assert (blob.key, blob.size_bytes) == (name, len(value_of(name)))
        assert filled.read_range(name, start=0, stop=5).data == b"value"


def test_every_folder_and_page_lists_exact_names(filled: Storage) -> None:
    folders = {name[: at + 1] for name in NAMES for at, one in enumerate(name) if one == "/" and at < 60}
    for folder in ("", *sorted(folders)):
        blobs, inner = folded(NAMES, folder)
        page = filled.list_page(folder, delimiter="/", limit=1000)
        assert ([blob.key for blob in page.blobs], list(page.prefixes)) == (blobs, inner)
        [columns] = filled.list_columns(folder, delimiter="/")
        assert [folder + name for name in columns.names] == sorted([*blobs, *inner], key=str.encode)
        assert filled.usage(folder).count == sum(name.startswith(folder) for name in NAMES)
    found: list[str] = []
    token = None
    while True:
        page = filled.list_page(delimiter="", limit=7, token=token)
        found += [blob.key for blob in page.blobs]
        token = page.next_token
        if token is None:
            break
    assert found == list(NAMES)


def test_names_are_copied_moved_and_deleted_exactly(filled: Storage) -> None:
    short = [name for name in NAMES if len(name.encode()) < 1000]
    for name in short[::3]:
        assert filled.copy(name, f"{name}/../copied").key == f"{name}/../copied"
        assert filled.move(f"{name}/../copied", "to/.").key == "to/."
        assert filled.get("to/.") == value_of(name)
    filled.delete("to/.")
    moved = filled.move_many([Move(name, f"../m/{name}") for name in short])
    assert [row.error for row in moved] == [None] * len(short)
    copied = filled.copy_many([Move(f"../m/{name}", name) for name in short])
    assert [row.error for row in copied] == [None] * len(short)
    assert all(row.is_deleted for row in filled.delete_many([f"../m/{name}" for name in short]))
    assert list(filled.iter_list()) == list(NAMES)
    for name in NAMES[::2]:
        filled.delete(name)
    assert list(filled.iter_list()) == list(NAMES[1::2])


def test_the_other_client_and_upload_sessions_take_the_names(server: RunningServer, token: str) -> None:
    async def through() -> list[str]:
        storage = AsyncStorage(server.url, token=token)
        try:
            for name in NAMES:
                await storage.set(name, value_of(name))
            for name in NAMES:
                assert await storage.get(name) == value_of(name)
                assert (await storage.stat(name)).key == name
            found = [key async for key in storage.iter_list()]
            for name in NAMES[::4]:
                await storage.delete(name)
            return found
        finally:
            await storage.close()

    assert asyncio.run(through()) == list(NAMES)


@pytest.mark.parametrize("name", ["a/../b", "..", "x/\x00/\x1b[2J", "\uffff"])
def test_large_uploads_and_signed_urls_take_the_names(storage: Storage, name: str) -> None:
    storage.set_file(name, iter([b"x" * 300_000, b"y" * 300_000]))
    assert storage.get(name)[299_999:300_001] == b"xy"
    url = storage.get_signed_url(name)
    answer = httpx.get(url, trust_env=False)
    assert (answer.status_code, len(answer.content)) == (200, 600_000)
    assert 'filename=".."' not in answer.headers["content-disposition"]
