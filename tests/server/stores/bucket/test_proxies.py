"""The way to a bucket through a proxy, and own certificates: who sees what."""

import base64
import socket
import ssl
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from storage_tui.contract.errors import BadRequestError, UnavailableError
from storage_tui.server.stores.s3.protocol.proxies import find_proxy
from tests import seaweed
from tests.server.stores.bucket import amazon
from tests.server.stores.bucket.test_access import Engine

SECRET = seaweed.ACCESS["AWS_SECRET_ACCESS_KEY"]


class Proxy:
    """A proxy for CONNECT and for http; `heads` has the first bytes of every connection."""

    def __init__(self) -> None:
        self.heads: list[bytes] = []
        self.refuses = False
        self._sockets = [socket.create_server(("127.0.0.1", 0))]
        self._threads: list[threading.Thread] = []
        self.url = f"127.0.0.1:{self._sockets[0].getsockname()[1]}"
        self._start(self._accept, self._sockets[0])

    def close(self) -> None:
        for one in self._sockets:
            with suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join(10)
        for one in self._sockets:
            one.close()

    def _start(self, target: Callable[..., None], *sockets: socket.socket) -> None:
        self._threads.append(threading.Thread(target=target, args=sockets, daemon=True))
        self._threads[-1].start()

    def _accept(self, listening: socket.socket) -> None:
        with suppress(OSError):
            while True:
                self._sockets.append(listening.accept()[0])
                self._start(self._serve, self._sockets[-1])

    def _serve(self, client: socket.socket) -> None:
        head = b""
        while b"\r\n\r\n" not in head:
            piece = client.recv(65536)
            if not piece:
                return
            head += piece
        self.heads.append(head)
        method, target, _ = head.split(b" ", 2)
        if self.refuses:
            client.sendall(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n")
            return
        netloc = target.decode() if method == b"CONNECT" else urlsplit(target.decode()).netloc
        host, _, port = netloc.rpartition(":")
        engine = socket.create_connection((host, int(port)))
        self._sockets.append(engine)
        if method == b"CONNECT":
            client.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
        else:
            engine.sendall(head.replace(target, target[target.index(b"/", 8) :], 1))
        self._start(_pump, engine, client)
        _pump(client, engine)


def _pump(source: socket.socket, sink: socket.socket) -> None:
    with suppress(OSError):
        while piece := source.recv(65536):
            sink.sendall(piece)
    with suppress(OSError):
        sink.shutdown(socket.SHUT_WR)


class Secure(Engine):
    """An engine over https, which remembers what it was asked."""

    def __init__(self, certificate: Path) -> None:
        super().__init__()
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
        self._server.socket = context.wrap_socket(self._server.socket, server_side=True)
        self.url = self.url.replace("http:", "https:")


@pytest.fixture
def proxy(monkeypatch: pytest.MonkeyPatch) -> Iterator[Proxy]:
    for name in ("http_proxy", "https_proxy", "no_proxy", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "REQUEST_METHOD"):
        monkeypatch.delenv(name, raising=False)
    started = Proxy()
    yield started
    started.close()


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("tls") / "own.pem"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-keyout", str(file), "-out",
         str(file.with_suffix(".crt")), "-subj", "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1"],
        check=True, capture_output=True,
    )  # fmt: skip
    file.write_bytes(file.read_bytes() + file.with_suffix(".crt").read_bytes())
    return file


@pytest.mark.wants("openssl")
async def test_https_goes_through_a_tunnel_that_sees_no_credentials(
    proxy: Proxy, certificate: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", f"http://ann:p%40ss@{proxy.url}")
    monkeypatch.setenv("AWS_CA_BUNDLE", str(certificate.with_suffix(".crt")))
    with Secure(certificate) as engine:
        async with amazon.opened(engine.url, "scans", tmp_path):
            pass
        host = urlsplit(engine.url).netloc
    assert proxy.heads
    for head in proxy.heads:
        assert head.startswith(f"CONNECT {host} HTTP/1.".encode())
        assert b"proxy-authorization: Basic " + base64.b64encode(b"ann:p@ss") in head
        assert b"AWS4-HMAC-SHA256" not in head
        assert SECRET.encode() not in head
    assert any("AWS4-HMAC-SHA256" in headers.get("authorization", "") for headers in engine.headers)
    assert not any("proxy-authorization" in headers for headers in engine.headers)


@pytest.mark.wants("openssl")
async def test_a_certificate_that_nobody_trusts_ends_in_one_line(
    proxy: Proxy, certificate: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Secure(certificate) as engine, pytest.raises(UnavailableError) as caught:
        async with amazon.opened(engine.url, "scans", tmp_path):
            pass
    assert "\n" not in caught.value.message
    assert engine.headers == []
    monkeypatch.setenv("AWS_CA_BUNDLE", str(tmp_path / "nothing.pem"))
    with pytest.raises(UnavailableError, match=r"the certificates in .* cannot be read"):
        async with amazon.opened(engine.url, "scans", tmp_path):
            pass


async def test_http_goes_through_its_proxy_and_no_proxy_goes_past_it(
    proxy: Proxy, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("http_proxy", proxy.url)
    with Engine() as engine:
        async with amazon.opened(engine.url, "scans", tmp_path):
            assert proxy.heads[0].startswith(f"GET {engine.url}/scans?".encode())
        seen = len(proxy.heads)
        monkeypatch.setenv("NO_PROXY", "other.example,127.0.0.1")
        async with amazon.opened(engine.url, "scans", tmp_path):
            assert len(proxy.heads) == seen
        monkeypatch.delenv("NO_PROXY")
        proxy.refuses = True
        monkeypatch.setenv("https_proxy", proxy.url)
        with pytest.raises(
            UnavailableError, match=r"the proxy of this machine does not lead to https://127\.0\.0\.1:1;"
        ):
            async with amazon.opened("https://127.0.0.1:1", "scans", tmp_path):
                pass


def test_a_proxy_is_the_one_that_the_environment_names(proxy: Proxy, monkeypatch: pytest.MonkeyPatch) -> None:
    assert find_proxy("https", "host", None) is None
    monkeypatch.setenv("HTTPS_PROXY", "proxy.example:3128")
    found = find_proxy("https", "host", 9000)
    assert found is not None
    assert (found.url, found.headers) == ("http://proxy.example:3128", {})
    assert find_proxy("http", "host", None) is None
    monkeypatch.setenv("NO_PROXY", ".internal,host:9000")
    assert find_proxy("https", "s3.internal", None) is None
    assert find_proxy("https", "host", 9000) is None
    assert find_proxy("https", "host", None) is not None
    for odd in ("socks5://secret-user@host", "http://", "http://host:port"):
        monkeypatch.setenv("HTTPS_PROXY", odd)
        with pytest.raises(BadRequestError, match="HTTPS_PROXY is not the URL of a proxy") as caught:
            find_proxy("https", "host", None)
        assert "secret-user" not in caught.value.message
