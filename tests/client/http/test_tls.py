"""Over https: bytes both ways, certificates checked, a cancelled read that never continues below the TLS layer."""

import socket
import ssl
import subprocess
import threading
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from storage_tui import AsyncStorage, Storage
from storage_tui.client.control import TransferControl
from storage_tui.client.http import async_session, session
from storage_tui.client.http import attempt as exchange
from storage_tui.contract.errors import CancelledError, LocalFileError, ProtocolError
from tests.server.running import RunningServer

pytestmark = pytest.mark.wants("openssl")


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    folder = tmp_path_factory.mktemp("tls")
    key, chain = folder / "key.pem", folder / "chain.pem"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-keyout", str(key),
         "-out", str(chain), "-subj", "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1"],
        check=True, capture_output=True,
    )  # fmt: skip
    return key, chain


@pytest.fixture
def url(server: RunningServer, certificate: tuple[Path, Path]) -> Iterator[str]:
    """The server's base URL behind a relay that ends TLS."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate[1], certificate[0])
    parts = urlsplit(server.url)
    listening = socket.create_server(("127.0.0.1", 0))
    sockets: list[socket.socket] = []
    threads: list[threading.Thread] = []

    def start(target: object, *arguments: object) -> None:
        threads.append(threading.Thread(target=target, args=arguments, daemon=True))  # type: ignore[arg-type]
        threads[-1].start()

    def pump(source: socket.socket, sink: socket.socket) -> None:
        with suppress(OSError):
            while piece := source.recv(65536):
                sink.sendall(piece)
        for end in (source, sink):
            with suppress(OSError):
                socket.socket.shutdown(end, socket.SHUT_RDWR)

    def relay(raw: socket.socket) -> None:
        try:
            client: socket.socket = context.wrap_socket(raw, server_side=True)
        except OSError:
            raw.close()
            return
        upstream = socket.create_connection((parts.hostname or "", parts.port or 0))
        sockets.extend((client, upstream))
        start(pump, client, upstream)
        start(pump, upstream, client)

    def accept() -> None:
        with suppress(OSError):
            while True:
                start(relay, listening.accept()[0])

    start(accept)
    yield f"https://127.0.0.1:{listening.getsockname()[1]}{parts.path}"
    listening.shutdown(socket.SHUT_RDWR)
    listening.close()
    for opened in sockets:
        with suppress(OSError):
            socket.socket.shutdown(opened, socket.SHUT_RDWR)
    for thread in threads:
        thread.join(10)
    for opened in sockets:
        opened.close()


@pytest.fixture
def trusted(certificate: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    context = ssl.create_default_context(cafile=str(certificate[1]))
    for module in (session, async_session):
        monkeypatch.setattr(module, "ssl_context", lambda: context)


@pytest.mark.usefixtures("trusted")
def test_values_and_blobs_travel_over_https(url: str, storage: Storage, token: str, tmp_path: Path) -> None:
    content = bytes(range(256)) * 50_000
    storage.set("k", content)
    with Storage(url, token=token) as secure:
        secure.set("small", b"1")
        assert secure.get("small") == b"1"
        secure.get_file("k", tmp_path / "k")
        assert (tmp_path / "k").read_bytes() == content
        control = TransferControl()
        with secure.stream("k", control=control) as chunks, pytest.raises(CancelledError):
            first = next(chunks)
            assert first and content.startswith(first)
            control.cancel()
            list(chunks)
        with pytest.raises(ProtocolError, match="http://"):
            secure.get_upload_url("k") and secure.set("large", content)  # a server that names http:// URLs


@pytest.mark.usefixtures("trusted")
async def test_the_asynchronous_client_speaks_https(url: str, token: str) -> None:
    async with AsyncStorage(url, token=token) as secure:
        await secure.set("k", b"1")
        assert await secure.get("k") == b"1"


async def test_a_certificate_that_nobody_vouches_for_is_refused(url: str, token: str) -> None:
    exchange.ssl_context.cache_clear()
    async with AsyncStorage(url, token=token) as secure:
        with pytest.raises(ProtocolError, match="no secure connection"):
            await secure.get("k")
        with pytest.raises(ProtocolError, match="no secure connection"):
            await secure.set("k", b"1")


async def test_an_authority_of_ones_own_is_trusted_where_the_environment_names_it(
    url: str, token: str, certificate: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate[1]))
    exchange.ssl_context.cache_clear()
    async with AsyncStorage(url, token=token) as secure:
        await secure.set("k", b"1")
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate[1].with_name("nothing.pem")))
    exchange.ssl_context.cache_clear()
    async with AsyncStorage(url, token=token) as secure:
        with pytest.raises(LocalFileError, match="SSL_CERT_FILE"):
            await secure.get("k")
    exchange.ssl_context.cache_clear()
