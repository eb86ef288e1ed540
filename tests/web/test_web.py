"""The web page: who gets in, and keys, mouse, a download and an upload in a real Chromium."""

import asyncio
import os
import socket
import subprocess
import sys
import time
from pathlib import Path
from urllib.parse import urlsplit

import aiohttp
import httpx
import pytest

from storage_tui import Storage
from storage_tui.web.link_file import LinkFile
from tests.server.running import RunningServer
from tests.web.chromium import Page, chromium

SAVED_S = 30
LINE = 20  # pixels, at the size of letters that the page sets


def ask(link: str, path: str = "", *, method: str = "GET", **headers: str) -> httpx.Response:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    content = b"x" if method == "PUT" else None
    return httpx.request(method, f"{link}{path}", headers=named, trust_env=False, timeout=20, content=content)


def test_the_link_is_on_the_loopback_address_and_holds_a_long_token(link: str) -> None:
    parts = urlsplit(link)
    assert parts.hostname == "127.0.0.1"
    assert len(parts.path.strip("/")) >= 43
    assert ask(link).status_code == 200


@pytest.mark.parametrize(
    "path", ["", "static/js/textual.js", "page/page.css", "blob/data/page/a.txt", "send/data:page/", "ws"]
)
def test_without_the_token_there_is_nothing(link: str, path: str) -> None:
    base = link.rsplit("/", 2)[0]
    for lead in (base + "/", f"{base}/{'A' * 43}/", f"{base}//"):
        answer = ask(lead, path)
        assert answer.status_code == 403
        assert "token" in answer.text


@pytest.mark.parametrize(
    ("path", "method", "headers"),
    [
        ("", "GET", {"Host": "evil.example"}),
        ("", "GET", {"Host": "127.0.0.1:1"}),
        ("", "GET", {"Origin": "http://evil.example"}),
        ("blob/data/page/a.txt", "GET", {"Origin": "null"}),
        ("blob/data/page/new.txt", "PUT", {}),
        ("blob/data/page/new.txt", "PUT", {"Origin": "http://127.0.0.1:1"}),
        ("ws", "GET", {"Connection": "Upgrade", "Upgrade": "websocket"}),
        ("ws", "GET", {"Connection": "Upgrade", "Upgrade": "websocket", "Origin": "http://evil.example"}),
    ],
)  # fmt: skip
def test_other_sites_and_other_names_are_refused(
    link: str, storage: Storage, path: str, method: str, headers: dict[str, str]
) -> None:
    assert ask(link, path, method=method, **headers).status_code == 403
    assert not storage.exists("page/new.txt")


def test_every_answer_forbids_foreign_hosts_frames_and_caches(link: str) -> None:
    for path in ("", "static/js/textual.js", "blob/data/page/a.txt", "none"):
        headers = ask(link, path).headers
        assert "default-src 'none'" in headers["Content-Security-Policy"]
        assert "frame-ancestors 'none'" in headers["Content-Security-Policy"]
        assert headers["Referrer-Policy"] == "no-referrer"
        assert headers["Cache-Control"] == "no-store"


def test_a_blob_is_saved_as_a_file_and_what_is_not_there_is_said(link: str) -> None:
    answer = ask(link, "blob/data/page/a.txt")
    assert answer.content == b"content of a\n" * 3
    assert answer.headers["Content-Disposition"] == "attachment; filename*=UTF-8''a.txt"
    assert answer.headers["Content-Type"] == "application/octet-stream"
    assert ask(link, "blob/data/page/none").status_code == 404
    assert ask(link, "blob/maps/a").status_code == 400


def test_the_pages_name_no_other_host() -> None:
    import storage_tui.web

    for file in (Path(storage_tui.web.__file__).parent / "page").iterdir():
        assert "http://" not in file.read_text()
        assert "https://" not in file.read_text()


@pytest.mark.timeout(240)
async def test_keys_mouse_a_download_and_an_upload_in_chromium(link: str, storage: Storage, tmp_path: Path) -> None:
    async with chromium(tmp_path) as page:
        await page.call("Page.navigate", url=link)
        await page.until("document.body.classList.contains('-first-byte')")
        await page.until("document.querySelector('.xterm-screen') !== null")
        await page.evaluate("document.querySelector('textarea').focus()")
        await press_until_saved(page, tmp_path / "saved" / "a.txt", "g", "g", "d")
        await press_until_saved(page, tmp_path / "saved" / "b.txt", "g", "g", "j", "d")
        for name in ("a", "b"):
            assert (tmp_path / "saved" / f"{name}.txt").read_text() == f"content of {name}\n" * 3
        await page.click(320, 5.5 * LINE)  # the place, the types, the heads of the columns, a, b, c
        await press_until_saved(page, tmp_path / "saved" / "c.txt", "d")
        assert page.complaints() == []
        assert {urlsplit(address).netloc for address in page.asked()} - {""} == {urlsplit(link).netloc}

        (tmp_path / "up.bin").write_bytes(b"\x00\x01" * 700_000)
        await page.call("Page.navigate", url=f"{link}send/tmp:from%20page/")
        await page.until("document.getElementById('files') !== null")
        document = await page.call("DOM.getDocument")
        field = await page.call("DOM.querySelector", nodeId=document["root"]["nodeId"], selector="#files")
        await page.call("DOM.setFileInputFiles", nodeId=field["nodeId"], files=[str(tmp_path / "up.bin")])
        await page.until("document.body.dataset.sent === 'yes'")
        assert await page.evaluate("document.getElementById('list').textContent") == "up.binstored, verified"
    assert storage.get("from page/up.bin", "tmp") == b"\x00\x01" * 700_000


async def press_until_saved(page: Page, file: Path, *keys: str) -> None:
    """Keys, and again while nothing came: the program may still have been loading its list."""
    for _ in range(SAVED_S):
        for key in keys:
            await page.press(key)
        if await asyncio.to_thread(_appears, file):
            return
    raise AssertionError(f"{file.name} was not saved")


def _appears(file: Path) -> bool:
    for _ in range(20):
        if file.exists():
            return True
        time.sleep(0.1)
    return False


ODD = (
    "", "%00", "%ff", "%ed%a0%80", "..", "%2e%2e/x", "a%2f..%2fb", "%", "%zz", "\\", "%1b", "%e2%80%ae", "a" * 2000,
    "?", "//", "%252e", "data", "data:", "data:%ff", "data/", "data/%00", "data/..", "nope/a", "data%2fa", "d%61ta/a",
    "\xff", "data/\xff", "data/%F0%9F", "data/none%00", "data/" + "s/" * 700, "data/a%", "*",
)  # fmt: skip
LEADS = ("", "blob", "blob/", "send", "send/", "static/", "static/js/", "page", "page/", "ws", "ws/", "none/")
WHOLE = ("*", "/", "//", "", "?", ":80", "http://{host}/{token}/blob/data", "/{token}", "/{token}%2fblob/data")


def raw_status(link: str, target: str, method: str) -> int:
    """The status of a request that no HTTP library would send."""
    parts = urlsplit(link)
    with socket.create_connection((parts.hostname, parts.port), timeout=20) as connection:
        body = b"x" if method == "PUT" else b""
        head = f"{method} {target} HTTP/1.1\r\nHost: {parts.netloc}\r\nOrigin: http://{parts.netloc}\r\n"
        head += f"Content-Length: {len(body)}\r\nConnection: close\r\n\r\n"
        connection.sendall(head.encode("latin-1") + body)
        with connection.makefile("rb") as answer:
            return int(answer.readline().split()[1])


def test_a_malformed_path_is_the_fault_of_who_asks(link: str) -> None:
    parts = urlsplit(link)
    token = parts.path.strip("/")
    targets = [f"/{token}/{lead}{odd}" for lead in LEADS for odd in ODD]
    targets += [whole.format(host=parts.netloc, token=token) for whole in WHOLE]
    for target in targets:
        for method in ("GET", "PUT", "OPTIONS"):
            status = raw_status(link, target, method)
            assert 200 <= status < 500, (method, target.replace(token, "TOKEN")[:80], status)
    assert raw_status(link, f"/{token}/blob/data", "GET") == 400
    assert raw_status(link, f"/{token}/ws", "GET") == 400


def test_the_link_opened_in_a_browser_is_in_no_command_line(
    server: RunningServer, tmp_path: Path, runtime_base: Path
) -> None:
    """A browser that notes its words, and opens the page that they name when it is told to."""
    noted, browser = tmp_path / "noted", tmp_path / "browser"
    browser.write_text(f'#!/bin/sh\nprintf %s "$1" > {noted}.new && mv {noted}.new {noted}\n')
    browser.chmod(0o755)
    environ = {
        **os.environ, "HOME": str(tmp_path), "STORAGE_TUI_HOME": str(tmp_path / "own"), "PYTHONUNBUFFERED": "1",
        "STORAGE_TUI_TOKEN": server.token(), "BROWSER": str(browser), "XDG_RUNTIME_DIR": str(runtime_base),
    }  # fmt: skip
    command = [sys.executable, "-m", "storage_tui", "web", "--open", "--url", server.url]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environ, text=True) as process:
        link = process.stdout.readline().strip()
        token = urlsplit(link).path.strip("/")
        assert _appears(noted)
        address = noted.read_text()
        page = Path(urlsplit(address).path)
        assert urlsplit(address).scheme == "file" and token not in address
        assert page.is_relative_to(runtime_base)
        assert page.stat().st_mode & 0o777 == 0o600 and page.parent.stat().st_mode & 0o777 == 0o700
        assert f'url={link}"' in page.read_text()
        words = b"".join(file.read_bytes() for file in Path("/proc").glob(f"{process.pid}/task/*/children"))
        for number in (process.pid, *map(int, words.split())):
            assert token.encode() not in Path(f"/proc/{number}/cmdline").read_bytes()
        assert ask(link).status_code == 200
        assert not page.parent.exists()
        process.terminate()
        assert (process.wait(30), process.stderr.read()) == (0, "")


async def test_a_browser_goes_from_the_private_page_to_the_link(link: str, tmp_path: Path) -> None:
    async with chromium(tmp_path) as page:
        with LinkFile(link) as file:
            await page.call("Page.navigate", url=file.path.as_uri())
            await page.until("document.querySelector('.xterm-screen') !== null")
            assert await page.evaluate("document.referrer") == ""
            assert await page.evaluate("location.href") == link


SERVE = """
import asyncio, sys
from storage_tui.web.server import WebServer
asyncio.run(WebServer(sys.argv[2:], None, end_s=float(sys.argv[1])).run(lambda link: print(link, flush=True)))
"""
QUITS_LATE = """
import os, pathlib, sys, time
os.write(1, b"__GANGLION__\\nD\\0\\0\\0\\2on")
said = b""
while b"quit" not in said:
    said += os.read(0, 1000)
time.sleep(float(sys.argv[2]))
os.write(1, bytes(1_000_000))
pathlib.Path(sys.argv[1]).write_text("ended")
"""
LATE_S = 3.0  # later than a server that is to end waits for requests


async def end_of_server(program: list[str], end_s: float, *, is_closed_first: bool) -> tuple[int | None, bytes]:
    """The exit code of a server that is asked to end while a page has the program, and what the server said."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", SERVE, str(end_s), *program, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    link = (await process.stdout.readline()).decode().strip()
    async with aiohttp.ClientSession() as session:
        socket = await session.ws_connect(f"{link}ws", headers={"Origin": link[: link.index("/", 7)]})
        assert (await socket.receive()).data == b"on"
        if is_closed_first:
            await socket.close()
        process.terminate()
        while not socket.closed:
            await socket.receive()
    told = b"".join(await process.communicate())
    return process.returncode, told


@pytest.mark.parametrize("is_closed_first", [True, False], ids=["closed", "open"])
async def test_a_server_that_ends_waits_for_the_program_of_a_page(tmp_path: Path, is_closed_first: bool) -> None:
    """Also for a program that writes much at its end, and that nobody reads because the page is gone."""
    noted = tmp_path / "noted"
    program = [sys.executable, "-c", QUITS_LATE, str(noted), str(LATE_S)]
    assert await end_of_server(program, 60, is_closed_first=is_closed_first) == (0, b"")
    assert noted.read_text() == "ended"


async def test_a_program_that_does_not_quit_is_killed(tmp_path: Path) -> None:
    program = [sys.executable, "-c", QUITS_LATE, str(tmp_path / "noted"), "3600"]
    assert await end_of_server(program, 0.5, is_closed_first=True) == (0, b"")
    assert not (tmp_path / "noted").exists()


async def test_a_page_that_sends_what_no_page_sends_is_closed_and_nothing_is_said(link: str) -> None:
    headers = {"Origin": link[: link.index("/", 7)]}
    async with aiohttp.ClientSession() as session:
        for sent in ("{", "1", "[]", "[null]"):
            async with session.ws_connect(f"{link}ws?width=x", headers=headers) as socket:
                await socket.send_str(sent)
                if sent != "[null]":  # which is passed over
                    while (await socket.receive()).type == aiohttp.WSMsgType.BINARY:
                        pass
                    assert socket.closed
