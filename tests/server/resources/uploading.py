"""The steps of an upload, as the tests write them."""

from urllib.parse import quote

import httpx

from storage_tui.contract.wire import UPLOAD_QUANTUM

CHUNK = bytes(range(256)) * (UPLOAD_QUANTUM // 256)


def new_url(client: httpx.Client, key: str, storage_type: str = "data", **headers: str) -> str:
    answer = client.get(f"/{storage_type}/new_resumable_url/{quote(key)}", headers=headers)
    assert answer.status_code == 200, answer.text
    return answer.text


def put(url: str, content: bytes | None = b"", content_range: str | None = None, **headers: str) -> httpx.Response:
    if content_range is not None:
        headers["Content-Range"] = content_range
    return httpx.put(url, content=content, headers=headers, trust_env=False, timeout=30)


def read(client: httpx.Client, key: str, storage_type: str = "data") -> httpx.Response:
    return client.get(f"/{storage_type}/get/{quote(key)}")
