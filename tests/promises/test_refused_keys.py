"""What is no key is refused with the same line by every call, command and way in, and leaves nothing behind."""

import asyncio
import errno
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx
import pytest
from click.testing import CliRunner

from storage_tui import AsyncStorage, Storage
from storage_tui.cli.main import cli
from storage_tui.contract.errors import InvalidKeyError, StorageError
from storage_tui.contract.keys import check_key
from storage_tui.contract.packs import PackReader
from storage_tui.fs import StorageFileSystem
from tests.promises.keys import REFUSED
from tests.server.running import RunningServer


def refusal(call: Callable[[], Any]) -> str:
    with pytest.raises(InvalidKeyError) as caught:
        call()
    return caught.value.message


@pytest.mark.parametrize("text", REFUSED, ids=[f"{text!a:.30}" for text in REFUSED])
def test_what_is_no_key_is_refused_with_the_same_line_everywhere(
    server: RunningServer, storage: Storage, http: httpx.Client, home: dict[str, str], token: str, text: str
) -> None:
    line = refusal(lambda: check_key(text))
    assert "\n" not in line and line.isprintable()
    other = AsyncStorage(server.url, token=token)
    for call in (
        lambda: storage.set(text, b""),
        lambda: storage.get(text),
        lambda: storage.stat(text),
        lambda: storage.exists(text),
        lambda: storage.delete(text),
        lambda: storage.delete_many([text]),
        lambda: storage.copy(text, "to"),
        lambda: storage.copy("from", text),
        lambda: storage.get_signed_url(text),
        lambda: storage.get_upload_url(text),
        lambda: storage.read_range(text),
        lambda: storage.set_file(text, Path(__file__)),
        lambda: storage.get_file(text, Path("never")),
        lambda: asyncio.run(other.get(text)),
        lambda: asyncio.run(other.set(text, b"")),
        lambda: asyncio.run(other.delete(text)),
    ):
        assert refusal(call) == line
    asyncio.run(other.close())
    raw = json.dumps({"key": text, "to_key": "to"})
    answer = http.post("/data/copy", content=raw, headers={"Content-Type": "application/json"})
    assert (answer.status_code, answer.headers["x-error-code"], answer.text.strip()) == (400, "invalid_key", line)
    batch = json.dumps({"targets": [{"key": text}]})
    [told] = http.post("/data/delete", content=batch).json()["results"]
    assert (told["error"], told["message"]) == ("invalid_key", line)
    head = json.dumps({"key": text}).encode()
    [told] = http.post("/data/set", content=len(head).to_bytes(4, "big") + head).json()["results"]
    assert (told["error"], told["message"]) == ("invalid_key", line)
    [(told, _)] = PackReader(0).feed(http.post("/data/get", content=json.dumps({"keys": [text]})).content)
    assert (told["error"], told["message"]) == ("invalid_key", line)
    if text:
        path = quote(text.encode("utf-8", "surrogatepass"), safe="").replace(".", "%2E")
        for method, verb in (
            ("GET", "get/"),
            ("HEAD", "get/"),
            ("PUT", "set/"),
            ("DELETE", ""),
            ("GET", "get_signed_url/"),
        ):
            told = http.request(method, f"/data/{verb}{path}")
            assert told.status_code == 400 and told.headers["x-error-code"] == "invalid_key", (method, told.text)
            if method != "HEAD" and not any(0xD800 <= ord(character) < 0xE000 for character in text):
                assert told.text.strip() == line
    assert storage.list() == []
    run = CliRunner(env={name: home.get(name) for name in ("HOME", "XDG_STATE_HOME")} | {"DESCARTESLABS_TOKEN": token})
    for words in (
        ["cat", f"data:{text}"],
        ["rm", f"data:{text}"],
        ["cp", f"data:{text}", "tmp:to"],
        ["url", f"data:{text}"],
        ["get", f"data:{text}", "-"],
        *([["put", "-", f"data:{text}"]] if text else []),  # no key at all is the folder of all, which is told apart
    ):
        done = run.invoke(cli, [*words, "--url", server.url], input=b"x")
        if not text and isinstance(done.exception, SystemExit):  # a whole storage type: the way to its blobs is said
            assert (done.exception.code, done.exit_code) == (2, 2) and "data:" in done.output, (words, done.output)
            continue
        assert isinstance(done.exception, StorageError), (words, done.output)
        assert done.exception.message == line and not done.output
    files = StorageFileSystem(server.url, token=token, skip_instance_cache=True)
    if text and not text.endswith(("/", "/.")):  # a path that ends in `/.` is a key that ends in a slash
        for call in (
            lambda: files.pipe_file(f"data/{text}", b""),
            lambda: files.cat_file(f"data/{text}"),
            lambda: files.rm_file(f"data/{text}"),
            lambda: files.open(f"data/{text}", "wb").close(),
        ):
            with pytest.raises(OSError) as caught:
                call()
            assert (caught.value.errno, caught.value.strerror) == (errno.EINVAL, line)
    files.storage.close()
