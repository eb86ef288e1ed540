"""The web page: who gets in, and keys, mouse, a download and an upload in a real Chromium."""

import asyncio
import time
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest

from storage_tui import Storage
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
        await page.click(320, 4.5 * LINE)  # the place, the heads of the columns, a, b, c
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
