"""Every key is itself and no other, through every verb and every way in; what is no key is refused everywhere alike."""

import asyncio
import json
import random
import subprocess
import sys
from pathlib import Path
from urllib.parse import quote

import httpx
import pytest
from click.testing import CliRunner

from storage_tui import AsyncStorage, Storage
from storage_tui.cli.main import cli
from storage_tui.client.batch.kept_names import NAMES_FILE
from storage_tui.contract.errors import StorageError
from storage_tui.contract.packs import PackReader, frame
from storage_tui.contract.storage_types import STORAGE_TYPES
from storage_tui.fs import StorageFileSystem
from tests.promises.keys import DIFFERENT, KEYS, folded, value_of
from tests.server.running import RunningServer

PAGE = 7
PACKED = 40
PATHS = tuple(key for key in KEYS if not key.endswith("/"))  # what a file system can name
SIZE = sum(len(value_of(key)) for key in KEYS)

pytestmark = pytest.mark.slow


@pytest.fixture
def filled(storage: Storage) -> Storage:
    for key in KEYS:
        storage.set(key, value_of(key))
    return storage


def escaped(key: str) -> str:
    """The key in a URL, all of it escaped that may be."""
    return quote(key, safe="/")


def listed(http: httpx.Client, storage_type: str = "data", **query: str) -> list[str]:
    """All keys, a few a page."""
    keys: list[str] = []
    headers: dict[str, str] = {}
    while True:
        answer = http.get(f"/{storage_type}/list", params={"limit": str(PAGE), **query}, headers=headers)
        assert answer.status_code == 200, answer.text
        keys += answer.json()
        if "x-next" not in answer.headers:
            return keys
        headers = {"X-NEXT": answer.headers["x-next"]}


def test_over_http_each_key_holds_its_own_value(http: httpx.Client) -> None:
    for number, key in enumerate(KEYS):
        if number % 2:
            assert http.put(f"/data/set/{escaped(key)}", content=value_of(key)).status_code == 200
        else:
            upload = http.get(f"/data/new_resumable_url/{quote(key, safe='')}")
            assert httpx.put(upload.text, content=value_of(key), trust_env=False).json()["key"] == key
    assert listed(http) == list(KEYS)
    usage = http.get("/data/usage").json()
    assert (usage["count"], usage["size"]) == (len(KEYS), SIZE)
    for key in KEYS:
        for spelling in {escaped(key), quote(key, safe="")}:
            assert http.get(f"/data/get/{spelling}").content == value_of(key)
            assert int(http.head(f"/data/get/{spelling}").headers["content-length"]) == len(value_of(key))
        signed = http.get(f"/data/get_signed_url/{escaped(key)}").text
        assert signed.isascii() and httpx.get(signed, trust_env=False).content == value_of(key)
        copied = http.post("/data/copy", json={"key": key, "to_key": key, "to_storage_type": "tmp"})
        assert copied.json()["key"] == key
    left = set(KEYS)
    for key in random.Random(1).sample(KEYS, len(KEYS)):
        assert http.delete(f"/tmp/{escaped(key)}").status_code == 200
        left.remove(key)
        assert http.head(f"/tmp/get/{escaped(key)}").status_code == 404
        if len(left) % 20 == 0:
            assert listed(http, "tmp") == sorted(left, key=str.encode)
    assert listed(http) == list(KEYS)


def test_in_packs_each_key_holds_its_own_value(http: httpx.Client) -> None:
    for start in range(0, len(KEYS), PACKED):
        some = KEYS[start : start + PACKED]
        rows = http.post("/data/set", content=b"".join(frame({"key": key}, value_of(key)) for key in some)).json()
        assert [row["key"] for row in rows["results"]] == list(some)
    assert listed(http) == list(KEYS)
    shuffled = random.Random(2).sample(KEYS, len(KEYS))
    for start in range(0, len(KEYS), PACKED):
        some = shuffled[start : start + PACKED]
        frames = PackReader(SIZE).feed(http.post("/data/get", json={"keys": some}).content)
        assert [(head["key"], content) for head, content in frames] == [(key, value_of(key)) for key in some]
    targets = [{"key": key} for key in shuffled]
    assert all(row["error"] is None for row in http.post("/data/delete", json={"targets": targets}).json()["results"])
    assert listed(http) == []


def test_prefixes_and_folders_are_those_of_the_bytes(http: httpx.Client, filled: Storage) -> None:
    for key in KEYS:
        wanted = [other for other in KEYS if other.startswith(key)]
        assert filled.list(key) == wanted
        usage = filled.usage(key)
        assert (usage.count, usage.size_bytes) == (len(wanted), sum(len(value_of(other)) for other in wanted))
    for prefix in {key[: at + 1] for key in KEYS for at in range(-1, min(len(key), 40)) if at < 0 or key[at] == "/"}:
        blobs, folders = folded(KEYS, prefix)
        assert listed(http, prefix=prefix, delimiter="/") == sorted([*blobs, *folders], key=str.encode)
        page = filled.list_page(prefix)
        assert [blob.key for blob in page.blobs] == blobs and list(page.prefixes) == folders
        names = [prefix + name for columns in filled.list_columns(prefix) for name in columns.names]
        assert names == sorted([*blobs, *folders], key=str.encode)


@pytest.mark.parametrize(("one", "other"), DIFFERENT, ids=[f"{one!a:.24} {other!a:.24}" for one, other in DIFFERENT])
def test_these_two_are_never_taken_for_one(storage: Storage, one: str, other: str) -> None:
    storage.set(one, "one")
    with pytest.raises(StorageError):
        storage.get(other)
    storage.set(other, "other")
    assert storage.list() == sorted((one, other), key=str.encode)
    assert storage.list(one) == [key for key in sorted((one, other), key=str.encode) if key.startswith(one)]
    storage.delete(one)
    assert storage.list() == [other] and storage.get(other) == b"other"


def test_both_clients_keep_every_key(filled: Storage, server: RunningServer, token: str, tmp_path: Path) -> None:
    async def through_the_other() -> None:
        async with AsyncStorage(server.url, token=token) as other:
            assert [key async for key in other.iter_list()] == list(KEYS)
            for key in KEYS:
                assert await other.get(key) == value_of(key)
                assert (await other.stat(key)).key == key and await other.exists(key)
                await other.set(key, value_of(key)[::-1], "result")
                assert (await other.read_range(key, start=0, stop=5)).data == value_of(key)[:5]

    asyncio.run(through_the_other())
    for key in KEYS:
        assert filled.get(key, "result") == value_of(key)[::-1]
        assert filled.copy(key, key, to_storage_type="tmp").key == key
        assert filled.get_file(key, tmp_path / "file", "tmp").key == key
        assert (tmp_path / "file").read_bytes() == value_of(key)
        assert filled.set_file(key, tmp_path / "file", "result").key == key
        with filled.stream(key, "result") as chunks:
            assert b"".join(chunks) == value_of(key)
    some = random.Random(2).sample(KEYS, len(KEYS) // 2)
    assert [(done.key, done.error) for done in filled.delete_many(some, storage_type="tmp")] == [
        (key, None) for key in some
    ]
    assert list(filled.iter_list(storage_type="tmp")) == [key for key in KEYS if key not in set(some)]


def command(server: RunningServer, home: dict[str, str], *arguments: str) -> bytes:
    """What a command writes to a pipe."""
    done = subprocess.run(
        [sys.executable, "-m", "storage_tui", *arguments, "--url", server.url],
        env=home,
        capture_output=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return done.stdout


def test_the_command_line_takes_every_key(
    server: RunningServer, storage: Storage, home: dict[str, str], token: str, tmp_path: Path
) -> None:
    home |= {"DESCARTESLABS_TOKEN": token}
    run = CliRunner(env={name: home.get(name) for name in ("HOME", "DESCARTESLABS_TOKEN", "XDG_STATE_HOME")})
    source = tmp_path / "source"
    for key in PATHS:
        source.write_bytes(value_of(key))
        done = run.invoke(cli, ["put", str(source), f"data:{key}", "--url", server.url])
        assert done.exit_code == 0, (key, done.output)
    for key in set(KEYS) - set(PATHS):  # with a slash at the end a location is a folder to put into
        storage.set(key, value_of(key))
    assert list(storage.iter_list()) == list(KEYS)
    places = [f"data:{key}" for key in KEYS]
    assert command(server, home, "cat", *places) == b"".join(map(value_of, KEYS))
    shown = command(server, home, "ls", "-r", "--json")
    assert [json.loads(line)["key"] for line in shown.splitlines()] == list(KEYS)
    assert command(server, home, "ls", "-r").decode().split("\n")[:-1] == list(KEYS)
    for key in PATHS:
        done = run.invoke(cli, ["cp", f"data:{key}", f"tmp:{key}", "--json", "--url", server.url])
        assert done.exit_code == 0 and json.loads(done.output)["key"] == key, (key, done.output)
        done = run.invoke(cli, ["ls", f"tmp:{key}", "--json", "--url", server.url])
        assert json.loads(done.output)["key"] == key
    assert list(storage.iter_list(storage_type="tmp")) == list(PATHS)
    some = random.Random(3).sample(PATHS, len(PATHS) // 2)
    for key in some[:20]:
        assert run.invoke(cli, ["rm", f"tmp:{key}", "--url", server.url]).exit_code == 0
    told = command(server, home, "rm", "--yes", "--json", *(f"tmp:{key}" for key in some[20:]))
    assert [json.loads(line)["key"] for line in told.splitlines()] == some[20:]
    assert list(storage.iter_list(storage_type="tmp")) == [key for key in PATHS if key not in set(some)]


def test_the_file_system_takes_every_key_that_is_a_path(server: RunningServer, storage: Storage, token: str) -> None:
    files = StorageFileSystem(server.url, token=token, skip_instance_cache=True)
    for key in PATHS:
        files.pipe_file(f"data/{key}", value_of(key))
    assert list(storage.iter_list()) == list(PATHS)
    for key in PATHS:
        path = f"data/{key}"
        assert files.cat_file(path) == value_of(key)
        assert files.cat_file(f"dlstorage://{path}") == value_of(key)
        assert files.info(path)["name"] == path and files.isfile(path)
        with files.open(path, "rb") as file:
            assert file.read() == value_of(key)
        files.cp_file(path, f"tmp/{key}")
    for gone in ("nothing", "n" * 1023, "n" * 1024):
        assert not files.exists(f"data/{gone}") and files.find(f"data/{gone}") == []
        for look in (files.info, files.ls, files.cat_file):
            with pytest.raises(FileNotFoundError):
                look(f"data/{gone}")
    blobs, folders = folded(PATHS, "")
    assert sorted(row["name"] for row in files.ls("data") if row["type"] == "file") == sorted(
        f"data/{key}" for key in blobs
    )
    assert len(folders) == sum(row["type"] == "directory" for row in files.ls("data"))
    left = set(PATHS)
    for key in random.Random(4).sample(PATHS, len(PATHS) // 2):
        files.rm_file(f"tmp/{key}")
        left.remove(key)
    assert list(storage.iter_list(storage_type="tmp")) == sorted(left, key=str.encode)


def test_all_keys_become_different_files_and_come_back_whole(
    server: RunningServer, filled: Storage, home: dict[str, str], token: str, tmp_path: Path
) -> None:
    home |= {"DESCARTESLABS_TOKEN": token}
    command(server, home, "get", "-r", "data:", str(tmp_path / "files"))
    found = [path for path in (tmp_path / "files").rglob("*") if path.is_file() and path.name != NAMES_FILE]
    assert sorted(path.read_bytes() for path in found) == sorted(map(value_of, KEYS))
    command(server, home, "put", "-r", f"{tmp_path / 'files'}/", "result:")
    there = {key: filled.get(key, "result") for key in filled.iter_list(storage_type="result")}
    assert there == {key: value_of(key) for key in KEYS}


def test_a_storage_type_is_no_part_of_a_key(storage: Storage) -> None:
    for name in STORAGE_TYPES:
        storage.set(f"{name}:x", name)
        storage.set(f"{name}/x", name)
    assert storage.list(storage_type="tmp") == []
    assert len(storage.list()) == 2 * len(STORAGE_TYPES)
