"""google-resumable-media, unmodified, on the upload and download URLs of our server."""

import base64
import hashlib
import io
import random
from collections.abc import Iterator
from urllib.parse import quote

import pytest
import requests
from google.resumable_media import requests as media
from google.resumable_media.common import DataCorruption, InvalidResponse

from storage_tui.contract import checksum
from tests.server.running import RunningServer

CHUNK = 256 * 1024
CONTENT = random.Random(1).randbytes(5 * CHUNK + 1234)
SIZES = (0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 3 * CHUNK, len(CONTENT))


@pytest.fixture
def session(server: RunningServer) -> Iterator[requests.Session]:
    """A requests session with a token, as google-auth's would have one."""
    with requests.Session() as session:
        session.trust_env = False
        session.headers["Authorization"] = f"Bearer {server.token()}"
        yield session


def begin(
    server: RunningServer,
    session: requests.Session,
    key: str,
    content: bytes,
    *,
    is_size_known: bool = True,
    **options: str,
) -> media.ResumableUpload:
    """An upload on a URL of ours, as if the library had opened the session itself."""
    url = session.get(f"{server.url}/data/new_resumable_url/{quote(key)}").text
    upload = media.ResumableUpload(url, CHUNK, **options)
    upload._resumable_url = url
    upload._stream = io.BytesIO(content)
    upload._content_type = "application/octet-stream"
    upload._total_bytes = len(content) if is_size_known else None
    return upload


def finish(upload: media.ResumableUpload, session: requests.Session) -> requests.Response:
    while not upload.finished:
        answer = upload.transmit_next_chunk(session)
    return answer


def get(server: RunningServer, session: requests.Session, key: str) -> bytes:
    answer = session.get(f"{server.url}/data/get/{quote(key)}")
    assert answer.status_code == 200, answer.text
    return answer.content


@pytest.mark.parametrize("size_bytes", SIZES)
@pytest.mark.parametrize("is_size_known", [True, False])
def test_an_upload_in_chunks(
    server: RunningServer, session: requests.Session, size_bytes: int, is_size_known: bool
) -> None:
    key = f"grm/{size_bytes}/{is_size_known}"
    upload = begin(server, session, key, CONTENT[:size_bytes], is_size_known=is_size_known, checksum="crc32c")
    answer = finish(upload, session)
    raw = answer.json()
    assert (raw["name"], raw["size"]) == (key, str(size_bytes))
    assert raw["crc32c"] == checksum.encode(checksum.extend(0, CONTENT[:size_bytes]))
    assert get(server, session, key) == CONTENT[:size_bytes]


@pytest.mark.parametrize("size_bytes", SIZES)
def test_an_upload_with_md5(server: RunningServer, session: requests.Session, size_bytes: int) -> None:
    key = f"grm/md5/{size_bytes}"
    answer = finish(begin(server, session, key, CONTENT[:size_bytes], checksum="md5"), session)
    md5 = base64.b64encode(hashlib.md5(CONTENT[:size_bytes]).digest()).decode()
    assert answer.json()["md5Hash"] == md5
    target = io.BytesIO()
    url = _url(server, session, key, is_signed=False)
    download = media.Download(url, stream=target, checksum="md5")
    assert f"md5={md5}" in download.consume(session).headers["x-goog-hash"]
    assert target.getvalue() == CONTENT[:size_bytes]


@pytest.mark.parametrize("name", ["md5", "crc32c"])
def test_bytes_that_changed_on_the_way_are_found(server: RunningServer, session: requests.Session, name: str) -> None:
    upload = begin(server, session, f"grm/changed/{name}", CONTENT, checksum=name)
    upload.transmit_next_chunk(session)
    upload._checksum_object.update(b"!")  # as if these bytes were lost
    with pytest.raises(DataCorruption):
        finish(upload, session)


def test_a_cut_upload_is_recovered(server: RunningServer, session: requests.Session) -> None:
    upload = begin(server, session, "grm/recovered", CONTENT)
    upload.transmit_next_chunk(session)
    upload.transmit_next_chunk(session)
    with server.connect() as connection:
        path = upload.resumable_url.removeprefix(server.url.removesuffix("/storage/v1"))
        span = f"bytes {2 * CHUNK}-{3 * CHUNK - 1}/{len(CONTENT)}"
        head = f"PUT {path} HTTP/1.1\r\nHost: x\r\nContent-Length: {CHUNK}\r\nContent-Range: {span}\r\n\r\n"
        connection.sendall(head.encode() + CONTENT[2 * CHUNK : 2 * CHUNK + 1000])
    upload._make_invalid()
    upload.recover(session)
    assert upload.bytes_uploaded >= 2 * CHUNK
    finish(upload, session)
    assert get(server, session, "grm/recovered") == CONTENT


def test_a_new_upload_recovers_to_nothing(server: RunningServer, session: requests.Session) -> None:
    upload = begin(server, session, "grm/new", CONTENT)
    upload._make_invalid()
    upload.recover(session)
    assert upload.bytes_uploaded == 0
    finish(upload, session)
    assert get(server, session, "grm/new") == CONTENT


@pytest.mark.parametrize("wrong", ["crc32c=AAAAAA==", "md5=AAAAAAAAAAAAAAAAAAAAAA==", None])
def test_a_wrong_checksum_is_found(server: RunningServer, session: requests.Session, wrong: str | None) -> None:
    headers = {"x-goog-hash": wrong} if wrong is not None else {}
    url = session.get(f"{server.url}/data/new_resumable_url/grm/wrong", headers=headers).text
    upload = begin(server, session, "grm/unused", b"content")
    upload._resumable_url = url
    if wrong is None:  # as later libraries send it, with the last piece
        upload._headers = {"x-goog-hash": "md5=AAAAAAAAAAAAAAAAAAAAAA=="}
    with pytest.raises(InvalidResponse):
        finish(upload, session)
    assert session.head(f"{server.url}/data/get/grm/wrong").status_code == 404


@pytest.mark.parametrize("is_signed", [True, False])
@pytest.mark.parametrize("make", [media.Download, media.RawDownload])
def test_a_download_with_its_checksum(
    server: RunningServer, session: requests.Session, make: type[media.Download], is_signed: bool
) -> None:
    finish(begin(server, session, "grm/down", CONTENT), session)
    target = io.BytesIO()
    make(_url(server, session, "grm/down", is_signed), stream=target, checksum="crc32c").consume(session)
    assert target.getvalue() == CONTENT
    target = io.BytesIO()
    make(_url(server, session, "grm/down", is_signed), stream=target, start=1000, end=CHUNK).consume(session)
    assert target.getvalue() == CONTENT[1000 : CHUNK + 1]


@pytest.mark.parametrize("is_signed", [True, False])
@pytest.mark.parametrize("size_bytes", [0, 1, len(CONTENT)])
def test_a_download_in_chunks(
    server: RunningServer, session: requests.Session, size_bytes: int, is_signed: bool
) -> None:
    key = f"grm/chunked/{size_bytes}"
    finish(begin(server, session, key, CONTENT[:size_bytes]), session)
    target = io.BytesIO()
    download = media.ChunkedDownload(_url(server, session, key, is_signed), 300_000, target)
    while not download.finished:
        download.consume_next_chunk(session)
    assert target.getvalue() == CONTENT[:size_bytes]


def _url(server: RunningServer, session: requests.Session, key: str, is_signed: bool) -> str:
    verb = "get_signed_url" if is_signed else "get"
    url = f"{server.url}/data/{verb}/{quote(key)}"
    return session.get(url).text if is_signed else url
