"""What a site may do to its readers, and what the reader then says: redirects, addresses, proxies, TLS, statuses."""

import base64
import socket
import ssl
import subprocess
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import pytest

from storage_tui.contract.errors import (
    BadRequestError,
    ConflictError,
    DamagedError,
    ForbiddenError,
    NotFoundError,
    RateLimitError,
    StorageError,
    UnavailableError,
)
from storage_tui.server.stores.web.addresses import check_address
from storage_tui.server.stores.web.site import Site as Connections
from tests.server.stores.web.conftest import Opening, at, listed, read
from tests.server.stores.web.sites import Site, links, send, send_file
from tests.wanted import program

CONTENT = bytes(range(256)) * 4096  # 1 MiB


@pytest.fixture(autouse=True)
def _no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


@pytest.mark.parametrize(
    ("host", "address", "may"),
    [
        ("data.example", "93.184.216.34", True), ("data.example", "2606:2800:220:1::1", True),
        ("data.example", "127.0.0.1", False), ("data.example", "10.0.0.7", False), ("data.example", "::1", False),
        ("data.example", "169.254.169.254", False), ("data.example", "0.0.0.0", False),
        ("data.example", "fe80::1%eth0", False),
        ("data.example", "::ffff:10.0.0.7", False), ("data.example", "64:ff9b::a00:7", False),
        ("data.example", "2002:0a00:0007::1", False), ("data.example", "100.64.0.1", False),
        ("data.example", "224.0.0.1", False), ("127.1", "127.0.0.1", False),
        ("127.0.0.1", "127.0.0.1", True), ("169.254.169.254", "169.254.169.254", True), ("::1", "::1", True),
        ("nas", "192.168.1.5", True), ("localhost", "127.0.0.1", True), ("nas.local", "fd00::5", True),
        ("nas", "169.254.169.254", False), ("x.localhost.example", "127.0.0.1", False), ("evillocal", "8.8.8.8", True),
    ],
)  # fmt: skip
def test_a_private_address_is_connected_only_where_it_was_named(host: str, address: str, may: bool) -> None:
    if may:
        check_address(host, address)
        return
    with pytest.raises(ForbiddenError, match="an address of a private network"):
        check_address(host, address)


def test_the_address_that_is_checked_is_the_one_that_is_connected(monkeypatch: pytest.MonkeyPatch) -> None:
    """A name that leads to a public address first and to a private one then is asked for once only."""
    asked: list[str] = []

    def resolve(host: str, port: int, **more: Any) -> list[Any]:
        asked.append(host)
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", port))]

    with Site(lambda handler: send(handler, b"inner")) as site:
        monkeypatch.setattr("storage_tui.server.stores.web.site.getaddrinfo", resolve)
        port = site.url.rpartition(":")[2]
        with pytest.raises(ForbiddenError, match=r"'rebound\.example' leads to 127"):
            Connections(f"http://rebound.example:{port}").ask("GET", f"http://rebound.example:{port}")
        assert asked == ["rebound.example"]
        assert site.asked == []


async def test_a_redirect_within_the_host_is_followed_and_any_other_is_refused(opened: Opening) -> None:
    target = {
        "/moved/": "/here/",
        "/loop/": "/loop/",
        "/far/": "http://Else.example/x/?token=s",
        "/dir": "/dir/",
        "/odd/": "http://[::bad/",
        "/file/": "file:///etc/passwd",
        "/user/": "http://u:p@else.example/",
    }

    def answer(handler: BaseHTTPRequestHandler) -> None:
        if handler.path in target:
            return send(handler, b"", 302, location=target[handler.path])
        return send(handler, links("a", "/here/b", "/moved/c"))

    with Site(answer) as site, Site(lambda handler: send(handler, b"")) as other:
        store = opened(site.url)
        target["/port/"] = other.url
        assert await listed(store, "moved/") == ["moved/a", "moved/b"]
        for name, told in {
            "far/": "sends this on to 'http://else.example', which was not typed; open it by its own URL",
            "port/": "which was not typed", "loop/": "sends this on more than 5 times", "odd/": "sends this on to",
            "file/": "sends this on to 'file://'", "user/": "sends this on to 'http://else.example'",
        }.items():  # fmt: skip
            with pytest.raises(ForbiddenError, match=told) as caught:
                await listed(store, name)
            assert "token" not in caught.value.message and "u:p" not in caught.value.message
        with pytest.raises(NotFoundError, match="is a folder, not a blob"):
            await store.stat(at("dir"))
        assert other.asked == []


STATUSES: dict[int, tuple[type[StorageError], str]] = {
    401: (ForbiddenError, "wants a login for 'a' .401.; only what is open to all is read here"),
    403: (ForbiddenError, "does not give 'a' .403."),
    404: (NotFoundError, "has no 'a' .404."),
    410: (NotFoundError, "has no 'a' .410."),
    418: (BadRequestError, "answers 418 for 'a'"),
    429: (RateLimitError, "is asked too often .429."),
    500: (UnavailableError, "cannot give 'a' now .500."),
    503: (UnavailableError, "cannot give 'a' now .503."),
}


@pytest.mark.parametrize("status", STATUSES)
@pytest.mark.parametrize("wait", ["7", "Fri, 01 Jan 2100 00:00:00 GMT", "-1", "x", "99999999999999"])
async def test_each_status_is_one_line_and_says_how_long_to_wait(opened: Opening, status: int, wait: str) -> None:
    kind, told = STATUSES[status]
    site = Site(lambda handler: send(handler, b"\x1b[31m" * 100, status, retry_after=wait))
    with site, pytest.raises(kind, match=told) as caught:
        await opened(site.url).stat(at("a"))
    assert "\n" not in caught.value.message and "\x1b" not in caught.value.message
    if isinstance(caught.value, RateLimitError | UnavailableError):
        assert caught.value.retry_after_s == {"7": 7, "Fri, 01 Jan 2100 00:00:00 GMT": 3600}.get(wait)


async def test_a_blob_that_changes_during_the_reading_is_noticed(opened: Opening) -> None:
    state = {"etag": '"1"', "content": CONTENT}

    def answer(handler: BaseHTTPRequestHandler) -> None:
        send_file(handler, state["content"], state["etag"])  # type: ignore[arg-type]

    with Site(answer) as site:
        store = opened(site.url)
        assert await read(store, "a", 1000, 2000) == CONTENT[1000:2000]
        state.update(etag='"2"', content=CONTENT[::-1])
        with pytest.raises(DamagedError, match="was changed while it was read"):
            await read(store, "a", 1000, 2000)
        assert await read(store, "a", 1000, 2000) == CONTENT[::-1][1000:2000]
        assert [row for row in site.asked if row.startswith("HEAD")] == ["HEAD /a"] * 2


Lie = Callable[[BaseHTTPRequestHandler], None]


def _lie(**headers: str) -> Lie:
    def answer(handler: BaseHTTPRequestHandler) -> None:
        if handler.command == "HEAD":
            return send_file(handler, CONTENT)
        status = int(headers.get("status", "206"))
        return send(
            handler, CONTENT[:1000], status, **{name: text for name, text in headers.items() if name != "status"}
        )

    return answer


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (_lie(content_range="bytes 0-999/1048576"), ConflictError),
        (_lie(content_range="bytes 5000-5999/7"), DamagedError),
        (_lie(content_range="x"), ConflictError),
        (_lie(), ConflictError),
        (_lie(status="200"), DamagedError),
        (_lie(status="200", content_length="1048576"), UnavailableError),
        (_lie(status="416"), DamagedError),
        (_lie(content_range="bytes 5000-5999/1048576", content_length="999999"), None),
        (_lie(content_range="bytes 5000-5999/1048576", content_length="10"), UnavailableError),
        (_lie(content_range="bytes 5000-5999/1048576", content_encoding="gzip"), DamagedError),
        (_lie(content_range="bytes 5000-5999/1048576", content_length="-5"), None),
    ],
)  # fmt: skip
async def test_a_server_that_lies_about_a_range_is_noticed(
    opened: Opening, answer: Lie, kind: type[StorageError] | None
) -> None:
    with Site(answer) as site:
        store = opened(site.url)
        if kind is None:
            assert await read(store, "a", 5000, 6000) == CONTENT[:1000]
        else:
            with pytest.raises(kind):
                await read(store, "a", 5000, 6000)


@pytest.mark.parametrize("told", ["size by range", "empty", "none"])
async def test_a_server_without_sizes_on_head_is_asked_for_one_byte(opened: Opening, told: str) -> None:
    def answer(handler: BaseHTTPRequestHandler) -> None:
        if handler.command == "HEAD":
            return send(handler, b"", 405)
        if told == "none":
            handler.wfile.write(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nbytes")
            handler.close_connection = True
            return None
        if told == "empty":
            return send(handler, b"", 416) if handler.headers.get("Range") else send(handler, b"")
        return send_file(handler, CONTENT)

    with Site(answer) as site:
        store = opened(site.url)
        if told == "none":
            with pytest.raises(ConflictError, match="does not tell the size of 'a'"):
                await store.stat(at("a"))
            return
        assert (await store.stat(at("a"))).size_bytes == (0 if told == "empty" else len(CONTENT))
        assert await read(store, "a") == (b"" if told == "empty" else CONTENT)


RAW = {
    "no status": b"\x1b]0;x\x07\r\n\r\n",
    "endless headers": b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 5000 + b"\r\n",
    "a long header": b"HTTP/1.1 200 OK\r\nX: " + b"y" * 200_000,
    "nothing": b"",
    "bad chunks": b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
    "a cut page": b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 500\r\n\r\n<a href=a>",
}


@pytest.mark.parametrize("kind", RAW)
async def test_what_is_no_http_ends_with_one_line(opened: Opening, kind: str) -> None:
    def answer(handler: BaseHTTPRequestHandler) -> None:
        handler.wfile.write(RAW[kind])
        handler.close_connection = True

    with Site(answer) as site:
        with pytest.raises(UnavailableError) as caught:
            await listed(opened(site.url))
        assert "\n" not in caught.value.message and "\x1b" not in caught.value.message


async def test_a_connection_that_was_kept_and_closed_is_opened_again(opened: Opening) -> None:
    def answer(handler: BaseHTTPRequestHandler) -> None:
        send_file(handler, CONTENT)
        handler.close_connection = True  # without a word

    with Site(answer) as site:
        store = opened(site.url)
        for start in (0, 100, 200):
            assert await read(store, "a", start, start + 50) == CONTENT[start : start + 50]


async def test_no_text_of_the_site_becomes_a_header(opened: Opening) -> None:
    with Site(lambda handler: send_file(handler, CONTENT, etag='W/"\x7f\xe9 x"')) as site:
        blob = await opened(site.url).stat(at("a"))
        assert blob.etag is not None
        assert blob.etag.isalnum()


async def test_the_proxy_of_the_environment_is_used_with_its_password_for_the_proxy_alone(
    opened: Opening, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[tuple[str, str | None]] = []

    def answer(handler: BaseHTTPRequestHandler) -> None:
        seen.append((handler.path, handler.headers.get("Proxy-Authorization")))
        send(handler, links("a"))

    with Site(answer) as proxy:
        monkeypatch.setenv("http_proxy", proxy.url.replace("http://", "http://ada:pass%21@"))
        assert await listed(opened("http://data.example/d/")) == ["a"]
        assert seen == [("http://data.example:80/d/", f"Basic {base64.b64encode(b'ada:pass!').decode()}")]
        monkeypatch.setenv("no_proxy", "127.0.0.1")
        assert await listed(opened(proxy.url)) == ["a"]
        assert seen[-1] == ("/", None)
        monkeypatch.setenv("https_proxy", "socks5://secret@host")
        with pytest.raises(BadRequestError, match="must be an http:// URL") as caught:
            await listed(opened("https://data.example/d/"))
        assert "secret" not in caught.value.message


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate of localhost that signs itself, and its key in one file."""
    path = tmp_path_factory.mktemp("tls") / "both.pem"
    subprocess.run(
        [program("openssl"), "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost",
         "-addext", "subjectAltName=DNS:localhost", "-keyout", str(path), "-out", str(path) + ".crt"],
        check=True, capture_output=True,
    )  # fmt: skip
    path.write_text(path.read_text() + Path(f"{path}.crt").read_text())
    return path


async def test_a_certificate_that_is_not_trusted_is_refused_in_one_line(
    opened: Opening, certificate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    with Site(lambda handler: send(handler, links("a"))) as site:
        site._server.socket = context.wrap_socket(site._server.socket, server_side=True)
        url = site.url.replace("http://127.0.0.1", "https://localhost")
        with pytest.raises(ForbiddenError, match=r"the certificate of localhost:\d+ is not trusted: self-signed"):
            await listed(opened(url))
        monkeypatch.setenv("SSL_CERT_FILE", f"{certificate}.crt")
        assert await listed(opened(url)) == ["a"]
        with pytest.raises(ForbiddenError, match="is not trusted"):
            await listed(opened(url.replace("localhost", "127.0.0.1")))
    plain = Site(lambda handler: send(handler, b""))
    with plain, pytest.raises(ForbiddenError, match="does not speak TLS as it should"):
        await listed(opened(plain.url.replace("http:", "https:")))


async def test_a_host_that_does_not_answer_is_named(opened: Opening) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with pytest.raises(UnavailableError, match=f"127.0.0.1:{port} cannot be reached: Connection refused"):
        await listed(opened(f"http://127.0.0.1:{port}/"))
    with pytest.raises(UnavailableError, match="no host nowhere"):
        await listed(opened("http://nowhere.invalid/"))
