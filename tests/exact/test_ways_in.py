"""Such names on the command line, in the browser and through fsspec, and what servers without exact names do."""

import errno
import json
import os
import subprocess
import sys
from asyncio import to_thread
from pathlib import Path

import pytest
from click.testing import CliRunner

from storage_tui import AsyncStorage, Storage
from storage_tui.cli.main import cli
from storage_tui.contract.errors import InvalidKeyError
from storage_tui.contract.keys import Location, check_key, check_name, file_path, key_refusal
from storage_tui.contract.visible import is_plain, visible
from storage_tui.fs import StorageFileSystem
from storage_tui.tui.app import StorageApp
from tests.client.published import PublishedServer
from tests.exact.awkward import NAMES, value_of
from tests.server.running import RunningServer, running_server
from tests.tui.conftest import Browser

FEW = ("..", "a/../b", "a/./", "../../x", "c\x1b[2J", "d\ne", "f\x00", "g\x9b", "h\uffff", "//", "k/")
REFUSED = tuple(name for name in NAMES if key_refusal(name) is not None)


@pytest.fixture
def few(storage: Storage) -> Storage:
    for name in FEW:
        storage.set(name, value_of(name))
    return storage


@pytest.fixture
def command(server: RunningServer, token: str, tmp_path: Path) -> CliRunner:
    return CliRunner(env={
        "HOME": str(tmp_path), "XDG_STATE_HOME": str(tmp_path / "state"), "DESCARTESLABS_TOKEN": token,
        "DESCARTESLABS_STORAGE_URL": server.url, "STORAGE_TUI_URL": server.url,
    })  # fmt: skip


def run(command: CliRunner, server: RunningServer, *words: str) -> str:
    done = command.invoke(cli, [*words, "--url", server.url], input="y\n")
    assert done.exit_code == 0, (words, done.output, done.exception)
    return done.stdout


def remove(command: CliRunner, server: RunningServer, *words: str) -> None:
    """Run `rm` in a process of its own, which takes the names as arguments of the system."""
    program = [sys.executable, "-m", "storage_tui", "rm", "--yes", *words, "--url", server.url]
    done = subprocess.run(program, capture_output=True, env={**os.environ, **command.env}, timeout=60)
    assert done.returncode == 0, done.stderr


def test_commands_take_what_find_printed(
    few: Storage, server: RunningServer, command: CliRunner, tmp_path: Path
) -> None:
    few.delete("f\x00")  # no program can have a zero byte in its arguments
    printed = run(command, server, "find", "-0", "data:")
    names = [text for text in printed.split("\0") if text]
    assert sorted(Location.parse(text).key for text in names) == sorted(set(FEW) - {"f\x00"})
    for text in names:
        name = Location.parse(text).key
        if not name.endswith("/"):
            assert run(command, server, "cat", text) == value_of(name).decode()
    assert json.loads(run(command, server, "ls", "--json", "data:a/../").splitlines()[0])["key"] == "a/../b"
    inner = tmp_path / "inner"
    inner.mkdir()
    run(command, server, "get", "data:a/../b", f"{inner}/")
    run(command, server, "get", "data:c\x1b[2J", f"{inner}/")
    run(command, server, "get", "data:..", f"{inner}/")
    assert sorted(path.name for path in inner.iterdir()) == [".%2E", "b", "c%1B[2J"]
    run(command, server, "cp", "data:a/../b", "data:../copied")
    run(command, server, "mv", "data:../copied", "data:./moved")
    assert few.get("./moved") == value_of("a/../b")
    remove(command, server, "data:./moved", *names)
    assert list(few.iter_list()) == []


def test_patterns_find_names_that_no_shell_can_type(few: Storage, server: RunningServer, command: CliRunner) -> None:
    assert run(command, server, "cat", "data:f?") == value_of("f\x00").decode()
    assert run(command, server, "cat", "data:a/../[b]") == value_of("a/../b").decode()
    remove(command, server, "data:f?")
    assert "f\x00" not in list(few.iter_list())


def test_a_whole_store_is_downloaded_below_the_folder_only(
    few: Storage, server: RunningServer, command: CliRunner, tmp_path: Path
) -> None:
    target = tmp_path / "inner" / "target"
    target.mkdir(parents=True)
    run(command, server, "get", "-r", "data:", str(target))
    run(command, server, "get", "-r", "data:a/../", str(target / "more"))
    outside = [path for path in tmp_path.rglob("*") if path.is_file() and target not in path.parents]
    assert [path for path in outside if tmp_path / "state" not in path.parents] == []
    assert all(is_plain(str(path)) or "\uffff" in str(path) for path in tmp_path.rglob("*"))


def test_fsspec_has_a_path_for_each_name_and_never_leaves_the_folder(
    few: Storage, server: RunningServer, token: str, tmp_path: Path
) -> None:
    files = StorageFileSystem(server.url, token=token, skip_instance_cache=True)
    for name in ("..", ".", "a/.", "a/./", "a/..", "a/../", "x/\x00", "\uffff", "././"):
        path = file_path("data", name)
        files.pipe_file(path, value_of(name))
        assert files.cat_file(path) == value_of(name)
        assert few.get(name) == value_of(name)
    target = tmp_path / "inner" / "target"
    target.mkdir(parents=True)
    for path, local in (
        ("data/../../x", "../../x"),
        ("data/c\x1b[2J", "c\x1b[2J"),
        ("data/..", ".."),
        ("data/a/..", ".."),
    ):
        with pytest.raises(OSError) as caught:
            files.get_file(path, f"{target}/{local}")
        assert caught.value.errno == errno.EINVAL
    with pytest.raises((OSError, ValueError)):
        files.get("data/", f"{target}/", recursive=True)
    assert all(target in path.parents or path in (target, target.parent) for path in tmp_path.rglob("*"))
    files.get_file("data/a/../b", str(target / "own"))
    assert (target / "own").read_bytes() == value_of("a/../b")
    files.storage.close()


async def test_the_browser_shows_names_visibly_and_opens_them_exactly(
    few: Storage, server: RunningServer, token: str, tmp_path: Path
) -> None:
    storage = AsyncStorage(server.url, token=token)
    app = StorageApp(
        storage, location=Location("data"), title="test", state_dir=tmp_path, uses_agent=False, notify="off"
    )
    async with app.run_test(size=(120, 40)) as pilot:
        browser = Browser(app, pilot)
        rows = {"..", "../", "/", "a/", "c\x1b[2J", "d\ne", "f\x00", "g\x9b", "h\uffff", "k/"}
        await browser.until(lambda: set(browser.names) == rows)
        for name in list(browser.names):
            await browser.until(lambda name=name: browser.current == name)
            if not name.endswith("/"):
                await browser.shows(value_of(name).decode().strip())
            assert visible(name) in browser.text
            assert all(is_plain(line) for line in browser.text.splitlines())
            await browser.press("j")
        await browser.press("g", "g")
        await browser.until(lambda: browser.current == browser.names[0])
        while browser.current != "a/":
            await browser.press("j")
        await browser.press("enter")
        await browser.until(lambda: set(browser.names) == {"../", "./"})
        await browser.until(lambda: browser.current == "a/../")
        await browser.press("enter")
        await browser.until(lambda: browser.names == ["b"])
        await browser.shows(value_of("a/../b").decode().strip())
        await browser.press("D")
        await browser.shows("Delete 1 blob from data?")
        await browser.press("right", "enter")
        await browser.until(lambda: browser.names == [])
    assert sorted(await to_thread(lambda: list(few.iter_list()))) == sorted(set(FEW) - {"a/../b"})


def test_a_strict_server_gets_no_request_with_such_a_name(tmp_path: Path) -> None:
    with running_server(tmp_path / "data") as strict, PublishedServer(strict.url) as published:
        for url, asked in ((strict.url, None), (published.url, published.asked)):
            storage = Storage(url, token=strict.token())
            for name in REFUSED[::8]:
                with pytest.raises(InvalidKeyError) as told:
                    check_key(name)
                for call in (storage.get, storage.stat, storage.delete, storage.list, storage.get_signed_url):
                    with pytest.raises(InvalidKeyError) as caught:
                        call(name if call != storage.list else f"{name}/")
                    if call != storage.list:
                        assert caught.value.message == told.value.message
            if asked is not None:
                assert {line.partition("?")[0] for line in asked} <= {"GET /storage/v1"}
            storage.close()


@pytest.mark.parametrize("text", ["", "x" * 1025, "\ud800", "a\udfffb"])
def test_what_is_no_name_is_no_key_of_any_server(storage: Storage, text: str) -> None:
    with pytest.raises(InvalidKeyError) as told:
        check_key(text)
    for call in (check_name, storage.get, storage.delete):
        with pytest.raises(InvalidKeyError) as caught:
            call(text)
        assert caught.value.message == told.value.message
